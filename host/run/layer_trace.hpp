// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "host/run/sweep_plan.hpp"

namespace acim {

// Which product of a sweep, on which images, and what its inputs have gone through.
struct TraceRequest {
    // A point's number from 0, which is less than 12 digits, or the beginning of its id; may be empty
    // where there is one point.
    std::string point;
    std::string layer;  // name of a MAC layer
    std::uint32_t first_image = 0, last_image = 0;
    // The trial whose noise the layers before this one see; none: they are computed digitally.
    struct Trial {
        std::uint32_t chip = 0, repeat = 0;
    };
    std::optional<Trial> trial;
};

// Runs the network and writes the layer's integer operands as `acimsweep mac` reads them
// (docs/mac.md), with what they stand for in the group `trace`. Equal requests give equal files.
// Throws InputError where no point, several points, no layer or no such image fit.
void write_layer_trace(const SweepPlan& plan, const TraceRequest& request,
                       const std::filesystem::path& file);

}  // namespace acim
