// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/onnx/constant.hpp"
#include "host/onnx/external_data.hpp"

namespace acim::onnx_import {

// The elements of a tensor of the file, wherever it keeps them (raw_data, typed field, external
// file). The stored size is compared with the shape before anything is allocated.
Constant tensor_values(const onnx::TensorProto& tensor, ExternalData& external,
                       const std::string& place);

}  // namespace acim::onnx_import
