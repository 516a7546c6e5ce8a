// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/quant/adc_window.hpp"
#include "host/sweep/spec.hpp"

namespace acim {

inline constexpr std::size_t most_points = 1'000'000;

// All points: cartesian product of the grid axes in the order written, then the zip axis; the last
// axis runs fastest. Throws InputError for a point that contradicts itself, for two equal points
// and for more than most_points.
std::vector<PointConfig> expand(const SweepSpec& spec);

// Settings of every MAC layer, in the order of the names. A rule that matches none of them is an
// InputError that lists the layers.
std::vector<LayerSettings> resolve_layers(const PointConfig& point,
                                          std::span<const std::string> mac_layer_names);

// Throws InputError, naming the layer, where a bit-parallel cycle is wider than the activation: X
// bits if unsigned; if signed X-1, because the sign bit is a cycle of its own. A digital layer
// passes.
void check_layer(const LayerSettings& settings, bool is_signed, std::string_view layer);

// SHA-256 (hex) over canonical(), model_version, the hashes of the calibrated network and of the
// data's content and, where any layer has one, the calibrated ADC windows of all MAC layers. Name,
// paths, seed, trials, number of images and engine are not part of it.
std::string point_id(const PointConfig& point, std::string_view network_hash,
                     std::string_view data_hash,
                     std::span<const std::optional<AdcWindow>> windows = {});

// True where the name fits the pattern: * stands for any characters, ? for one.
bool glob_match(std::string_view pattern, std::string_view name);

}  // namespace acim
