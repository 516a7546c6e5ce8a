// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine_cuda/layer_on_device.hpp"
#include "tests/engine_cuda/random_case.hpp"

// Compares a device with the reference kernel.
namespace acim::testing_device {

inline std::string name_of(ConversionKernel kernel) {
    switch (kernel) {
        case ConversionKernel::none:
            return "none";
        case ConversionKernel::general:
            return "general";
        case ConversionKernel::tiles_table:
            return "tiles_table";
        case ConversionKernel::tiles_bytes:
            return "tiles_bytes";
        case ConversionKernel::tiles_wide:
            return "tiles_wide";
        case ConversionKernel::tiles_thresholds:
            return "tiles_thresholds";
        case ConversionKernel::tiles_lut:
            return "tiles_lut";
        case ConversionKernel::tiles_chip:
            return "tiles_chip";
        case ConversionKernel::events:
            return "events";
        case ConversionKernel::aidac:
            return "aidac";
    }
    return "unknown kernel";
}

// The first place where two rows of integers differ, or nothing.
template <class T>
std::string difference(const char* name, const std::vector<T>& got, const std::vector<T>& wanted) {
    if (got.size() != wanted.size()) return std::string(name) + " has another size; ";
    std::size_t count = 0, first = 0;
    for (std::size_t i = got.size(); i-- > 0;)
        if (got[i] != wanted[i]) ++count, first = i;
    if (count == 0) return "";
    return std::string(name) + "[" + std::to_string(first) + "] is " + std::to_string(got[first]) +
           ", not " + std::to_string(wanted[first]) + " (" + std::to_string(count) + " of " +
           std::to_string(got.size()) + " differ); ";
}

inline std::string difference(const LayerOutcome& got, const LayerOutcome& wanted) {
    std::string text = difference("A", got.analog, wanted.analog) +
                       difference("D", got.digital, wanted.digital) +
                       difference("exact", got.exact, wanted.exact) +
                       difference("output", got.outputs, wanted.outputs);
    if (got.sums != wanted.sums) text += "layer sums differ; ";
    return text;
}

}  // namespace acim::testing_device
