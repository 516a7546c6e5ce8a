// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

// Passes over the resolved node list: each replaces a pattern of ONNX nodes by simpler ones and
// keeps every shape known. A pass for a further pattern is one more function here. Types and
// attributes that begin with "acim." are the passes' own; no file has them.
namespace acim::onnx_import {

// Groups of elementwise nodes that together compute GELU, SiLU, HardSwish, layer norm or RMS norm
// become that operator.
void recognise_functions(NodeList& list);

// A Pad by zeros becomes the pads of the convolutions or poolings behind it; others become Concat.
void rewrite_pads(NodeList& list);

// ReduceMean over height and width becomes GlobalAveragePool, and a Flatten where the axes go.
void rewrite_reduce_mean(NodeList& list);

// Says of each product of two computed tensors what it is to an attention: "qk" where it leads to a
// Softmax, "av" where its left factor comes from one, else "matmul". Gives the packed projection of
// nn.MultiheadAttention the label of its bias.
void mark_attention(NodeList& list);
inline const std::string attention_role = "acim.role";
inline const std::string bias_label = "acim.bias";

}  // namespace acim::onnx_import
