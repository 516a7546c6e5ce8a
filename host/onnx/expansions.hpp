// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/expand.hpp"

// One function per ONNX operator: adds nodes to `out`, or nothing where the node stays as it is.
namespace acim::onnx_import {

void expand_neg(const Node& node, Expansion& out);
void expand_pow(const Node& node, Expansion& out);
void expand_prelu(const Node& node, Expansion& out);
void expand_variadic(const Node& node, Expansion& out);  // Sum, Min, Max
void expand_where(const Node& node, Expansion& out);

void expand_gather(const Node& node, Expansion& out);
void expand_split(const Node& node, Expansion& out);
void expand_tile(const Node& node, Expansion& out);

void expand_conv(const Node& node, Expansion& out);  // of one dimension
void expand_pool(const Node& node, Expansion& out);  // of one dimension
void expand_einsum(const Node& node, Expansion& out);
void expand_gemm(const Node& node, Expansion& out);
void expand_matmul(const Node& node, Expansion& out);

void expand_group_norm(const Node& node, Expansion& out);
void expand_instance_norm(const Node& node, Expansion& out);
void expand_reduce_l2(const Node& node, Expansion& out);
void expand_reduction(const Node& node, Expansion& out);  // mean and maximum
void expand_reduce_sum(const Node& node, Expansion& out);

// Adds a Reshape to a shape that is known.
std::string add_reshape(Expansion& out, const std::string& from, const Shape& shape);

}  // namespace acim::onnx_import
