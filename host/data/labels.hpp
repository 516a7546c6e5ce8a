// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/core/sha256.hpp"
#include "host/data/item_array.hpp"

namespace acim {

// Labels that a set of images may have in all: they are kept in memory.
inline constexpr std::uint64_t label_limit = std::uint64_t{1} << 28;

// The labels of a set of images, [N] or [N, T], in C order. Throws InputError for another rank or
// number, for values that are no integers, and for those that are negative, too large for an int32
// or, where the number of classes is known (not 0), beyond it.
std::vector<std::int32_t> read_labels(const ItemArray& labels, const ItemArray& images,
                                      int classes);

// Labels as content: single bytes where all of them fit, else int32.
void hash_labels(Sha256& hash, const std::vector<std::int32_t>& labels);

}  // namespace acim
