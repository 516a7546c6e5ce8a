// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host/sweep/document.hpp"

namespace acim {

// The rules of `layers:`, checked. Throws InputError.
std::vector<LayerRule> read_rules(const Entry& layers);

}  // namespace acim
