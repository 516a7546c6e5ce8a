// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "host/sweep/keys.hpp"

namespace acim {

// Keys that decide the results of a point, and so belong to its identity.
std::span<const KeyInfo> point_keys();      // quantisation, bits, path
std::span<const KeyInfo> converter_keys();  // macro: mapping, encoding, ADC, noise, voting
std::span<const KeyInfo> circuit_keys();    // macro: array, cells, switches, converters' errors
std::span<const KeyInfo> aidac_keys();      // macro.aidac

// Keys that decide what a point costs and nothing else.
std::span<const KeyInfo> technology_keys();  // technology

// All other keys: what a file says around its points.
std::span<const KeyInfo> file_keys();

}  // namespace acim
