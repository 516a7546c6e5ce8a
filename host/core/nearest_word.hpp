// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace acim {

// Edits from one text to the other: characters that are added, left out, changed or swapped with
// their neighbour (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that a misspelt word most likely stands for; of equally near ones the first; empty
// where none is within a third of the word's length, or two edits.
std::string nearest_word(std::string_view word, std::span<const std::string> candidates);

}  // namespace acim
