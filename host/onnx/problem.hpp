// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace acim::onnx_import {

// What is wrong with a model; import_onnx puts the file's name in front and throws InputError.
class Problem : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A name of the file as text that is safe to print and to store: printable ASCII, other bytes as
// '?', at most 200 characters.
std::string printable(std::string_view name);

}  // namespace acim::onnx_import
