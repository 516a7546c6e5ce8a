// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/sweep/spec.hpp"

namespace acim {

// Throws InputError where rules of `layers` take from an axis its effect: where two points have the
// same settings in every MAC layer and the same costs. The message names the axes whose values make
// no difference, two of the points, and the rules that override the axes. Rules that match no layer
// are an error, too, as in resolve_layers(). The names are those of all MAC layers.
void check_equal_points(const SweepSpec& spec, std::span<const PointConfig> points,
                        std::span<const std::string> mac_layer_names);

}  // namespace acim
