// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/draft.hpp"
#include "host/onnx/graph.hpp"

namespace acim::onnx_import {

// Rounds every folded parameter once to float, makes the operators' names unique and numbers the
// tensors: the input is tensor 0, then the outputs in the order of the operators.
FloatGraph finish(const Draft& draft);

}  // namespace acim::onnx_import
