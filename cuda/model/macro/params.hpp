// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace acim {

// Raised whenever a golden hash changes, because then stored results no longer compare with new ones.
inline constexpr int model_version = 1;

// How the contraction dimension K is cut into row groups of at most `rows` cells.
enum class RowMapping : std::uint8_t {
    dense,          // consecutive inputs, every group full but the last
    whole_channels  // only whole kh*kw windows, as ASiM maps convolutions
};

// What the ADC's codes span.
enum class AdcRange : std::uint8_t {
    full,    // 0 .. FS
    counts,  // one LSB is one cell at input 1; larger sums clip
    window   // [lo, hi] of FS, in YAML a list of two numbers
};

struct AdcParams {
    int bits = 8;  // 1..14
    AdcRange range = AdcRange::full;
    std::int32_t lo = 0;      // [2^-16 FS], only for window
    std::int32_t hi = 65536;  // [2^-16 FS], only for window
};

enum class NoiseUnit : std::uint8_t { lsb, percent_fs };

// Fresh Gaussian noise of every conversion (SPEC section 3; ASiM's rand_noise_sigma is percent_fs).
struct RandomNoise {
    double sigma = 0.0;  // [unit]
    NoiseUnit unit = NoiseUnit::lsb;
};

// Fresh Gaussian noise whose sigma falls as 1/sqrt(s*N/FS + 1) (ASiM's non_linear_sigma).
struct NonlinearNoise {
    double sigma = 0.0;  // [% of FS]
};

// Constants in place of the unit normals n1, n2: for tests against other simulators only.
struct InjectedNoise {
    bool active = false;
    double n1 = 0.0;  // [1]
    double n2 = 0.0;  // [1]
};

struct NoiseParams {
    RandomNoise random;
    NonlinearNoise nonlinear;
    InjectedNoise inject;
};

// The top `levels` anti-diagonals of the (plane, cycle) grid are computed digitally.
struct HybridParams {
    int levels = 0;
    bool asim_rounding = false;  // ASiM still rounds the digital conversions through the ADC
};

// One macro as `macro:` in YAML describes it.
struct MacroParams {
    int rows = 255;  // 1..4096
    RowMapping mapping = RowMapping::whole_channels;
    int bits_per_cycle = 1;  // 1 = bit-serial, 2..X = bit-parallel
    AdcParams adc;
    NoiseParams noise;
    HybridParams hybrid;
};

// Which sampler turns random bits into codes. A pure function of the configuration, never of the
// hardware (SPEC section 7).
enum class SamplingPath : std::uint8_t {
    product,  // lossless and noise-free: one integer matrix product
    lut,      // noise-free: one code per s
    table,    // one 16-bit uniform per conversion through a table of cells
    fixed     // the reference: integer inverse normal, then ADC edges
};

// What the user asked for: `automatic` takes the first path that applies, `table` switches the
// shortcuts off (noise-free layers take `lut`), `fixed` runs every layer on the reference path.
enum class PathRequest : std::uint8_t { automatic, table, fixed };

// Everything that decides how one MAC layer is computed.
struct LayerSettings {
    bool analog = true;       // false: exact integer product of the same quantised operands
    int weight_bits = 8;      // 2..8 (1 in `mac`: one positive plane)
    int activation_bits = 8;  // 1..9
    MacroParams macro;
    PathRequest path = PathRequest::automatic;
};

}  // namespace acim
