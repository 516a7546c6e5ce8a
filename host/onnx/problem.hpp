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

// What is wrong with one node, which says nothing about the others.
class NodeProblem : public Problem {
public:
    // `node` is its name as shown, `type` its operator, `reason` what is wrong and what to do.
    NodeProblem(std::string node, std::string type, std::string reason);

    const std::string& node() const { return node_; }
    const std::string& type() const { return type_; }
    const std::string& reason() const { return reason_; }

private:
    std::string node_, type_, reason_;
};

// A budget is spent: to look for further problems would take what the file does not justify.
class Exhausted : public Problem {
public:
    using Problem::Problem;
};

// A name of the file as text that is safe to print and to store: printable ASCII, other bytes as
// '?', at most 200 characters.
std::string printable(std::string_view name);

}  // namespace acim::onnx_import
