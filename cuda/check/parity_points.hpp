// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cuda/model/macro/params.hpp"

// Settings of one layer that together reach every path and every term of the model. They fit any
// layer with weights of 2 bits and more, unless a comment says otherwise.
namespace acim {

struct NamedSettings {
    std::string name;
    LayerSettings settings;
};

// Paths product, lut, table and fixed: ADC widths and ranges, noise, bit-parallel cycles up to
// `drive_bits` (5 or more), transfers that bend.
std::vector<NamedSettings> exact_points();
std::vector<NamedSettings> noise_points();
std::vector<NamedSettings> threshold_points();  // lossless ADCs with one sigma
std::vector<NamedSettings> cycle_points(int drive_bits);
std::vector<NamedSettings> transfer_points();
// Hybrid conversions, votes; encodings of weights, which one-bit weights have too.
std::vector<NamedSettings> technique_points();
std::vector<NamedSettings> encoding_points();
// Errors of one chip one by one, then together; where columns lie; all-analog macros.
std::vector<NamedSettings> chip_points();
std::vector<NamedSettings> chip_mixture_points();
std::vector<NamedSettings> array_points();
std::vector<NamedSettings> aidac_points();
// One point of every family, for networks that matter by their shape. Fits one-bit weights and
// activations too.
std::vector<NamedSettings> basic_points();
// Rows up to 1152.
std::vector<NamedSettings> deep_points();

// A bit-sliced macro with dense rows and random noise [LSB].
LayerSettings dense_macro(int rows, int adc_bits, double sigma);
// Every term of a chip that works together with any encoding and width.
void set_chip_terms(MacroParams& macro);

}  // namespace acim
