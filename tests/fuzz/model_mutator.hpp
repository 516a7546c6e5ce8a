// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>

#include "onnx.pb.h"

namespace acim::fuzz {

using Random = std::minstd_rand;

// Changes a model in one to four places as a mistaken or malicious exporter might: attributes,
// shapes, stored values, edges, nodes. What comes out is well-formed protobuf, and often a graph
// that can still be imported, so that the code behind the parser is reached.
void mutate_model(onnx::ModelProto& model, Random& random);

// Hangs the nodes of `other` behind a value of `model`; they give the output.
void join_models(onnx::ModelProto& model, const onnx::ModelProto& other, Random& random);

}  // namespace acim::fuzz
