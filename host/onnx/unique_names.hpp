// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace acim::onnx_import {

// Makes names differ, each in the same time however many there are. Names of layers and values are
// part of a network's hash, so what a copy is called must stay.
class UniqueNames {
public:
    // What the second, third, ... of a name ends in: numbers ("conv1_2", "conv1_3"), or underscores
    // as long as they are few ("y_", "y__", ..., then "y_9").
    enum class Ending { number, underscores };
    explicit UniqueNames(Ending ending = Ending::number) : ending_(ending) {}

    // A name that take() must not give.
    void reserve(const std::string& name) { taken_.insert(name); }
    // The name itself or the next copy of it.
    std::string take(const std::string& name);

private:
    std::string ending(int copy) const;

    Ending ending_;
    std::unordered_set<std::string> taken_;
    std::unordered_map<std::string, int> last_;
};

}  // namespace acim::onnx_import
