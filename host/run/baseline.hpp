// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/trial/engine.hpp"

namespace acim {

// Top-1 class of the noise-free quantised network for the first `images` images, every layer
// computed digitally. threads = 0 takes every core.
std::vector<std::int32_t> digital_top1(const QuantizedNetwork& network, const ImageSource& images,
                                       std::uint32_t count, int threads);

// How many of these classes are the labels.
std::uint64_t count_correct(const std::vector<std::int32_t>& top1, const ImageSource& images);

}  // namespace acim
