// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/sweep/keys.hpp"

namespace acim {

// A sentence with a space in front for a value that was written with its unit, as in "2 mV", or for a
// noise unit that is a fraction of a volt; empty where the text is neither.
std::string unit_advice(const KeyInfo& key, const std::string& text);

}  // namespace acim
