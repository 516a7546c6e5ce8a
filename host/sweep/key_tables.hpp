// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "host/sweep/keys.hpp"

namespace acim {

// Keys that decide the results of a point, and so belong to its identity.
std::span<const KeyInfo> point_keys();

// All other keys: what a file says around its points.
std::span<const KeyInfo> file_keys();

}  // namespace acim
