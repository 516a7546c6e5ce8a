// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/trial/network.hpp"

namespace acim {

// The inputs of a convolution laid side by side: for every output pixel the window that it sees,
// [pixels][channel][kernel row][kernel column] of one convolution group; padding is 0.
class WindowRows {
public:
    // input: [channels of all groups][height][width]. Valid until the next call.
    std::span<const std::int16_t> gather(const ConvGeometry& conv, int group,
                                         std::span<const std::int16_t> input);
    // Bytes that it holds after this convolution.
    static std::uint64_t memory(const ConvGeometry& conv);

private:
    void copy_windows(const ConvGeometry& conv, std::span<const std::int16_t> input);
    void copy_values(const ConvGeometry& conv, std::span<const std::int16_t> input);

    std::vector<std::int16_t> padded_;  // the group's input with its padding
    std::vector<std::size_t> lines_;    // where the kernel's lines begin, from a window's corner
    std::vector<std::int16_t> rows_;
};

}  // namespace acim
