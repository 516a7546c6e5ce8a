// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/draft.hpp"
#include "host/onnx/node.hpp"

// One function per ONNX operator: a resolved node to one draft operator. They set name, op and,
// where it is not the first input alone, inputs.
namespace acim::onnx_import {

void lower_conv(const Node& node, const NodeList& list, DraftOperator& out);
void lower_gemm(const Node& node, const NodeList& list, DraftOperator& out);
void lower_matmul(const Node& node, const NodeList& list, DraftOperator& out);

void lower_arithmetic(const Node& node, const NodeList& list, DraftOperator& out);
void lower_batch_normalization(const Node& node, const NodeList& list, DraftOperator& out);
void lower_clip(const Node& node, const NodeList& list, DraftOperator& out);
void lower_relu(const Node& node, const NodeList& list, DraftOperator& out);
void lower_view(const Node& node, const NodeList& list, DraftOperator& out);

void lower_average_pool(const Node& node, const NodeList& list, DraftOperator& out);
void lower_global_pool(const Node& node, const NodeList& list, DraftOperator& out);
void lower_max_pool(const Node& node, const NodeList& list, DraftOperator& out);

void lower_reduction(const Node& node, const NodeList& list, DraftOperator& out);

void lower_concat(const Node& node, const NodeList& list, DraftOperator& out);
void lower_gather(const Node& node, const NodeList& list, DraftOperator& out);
void lower_movement(const Node& node, const NodeList& list, DraftOperator& out);

void lower_function(const Node& node, const NodeList& list, DraftOperator& out);
void lower_layer_norm(const Node& node, const NodeList& list, DraftOperator& out);
void lower_requantise(const Node& node, const NodeList& list, DraftOperator& out);
void lower_rms_norm(const Node& node, const NodeList& list, DraftOperator& out);
void lower_softmax(const Node& node, const NodeList& list, DraftOperator& out);

// A product of two computed tensors.
void lower_computed_product(const Node& node, const NodeList& list, DraftOperator& out);

// The types that lower_function takes.
std::vector<std::string> function_types();

// A float parameter of a node, every element finite; a Problem names the tensor and the element.
const Constant& finite_parameter(const Node& node, const NodeList& list, std::size_t index,
                                 const char* role);
// The same for a parameter of `count` elements in any shape, as doubles.
std::vector<double> finite_vector(const Node& node, const NodeList& list, std::size_t index,
                                  const char* role, std::size_t count);

}  // namespace acim::onnx_import
