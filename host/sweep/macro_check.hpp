// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cuda/model/macro/params.hpp"

namespace acim {

// Where a key was set, for messages: "file:line" or what comes nearest.
using PlaceOf = std::function<std::string(std::string_view path)>;

// Throws InputError where the keys of a macro contradict or lack each other. A digital layer
// passes. What depends on the shape of a layer is checked by describe_layer().
void check_macro(const LayerSettings& settings, const PlaceOf& place_of);

// True where some term is drawn, fresh or once per chip, so that a seed is needed.
bool draws_random(const MacroParams& macro);

}  // namespace acim
