// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/random/philox.hpp"

// Where every random number of a sweep comes from: Philox under the key of its trial or chip, with
// the logical place as counter. Thread, block, batch, shard and design point never appear, so any
// engine in any order draws the same numbers, and neighbouring points share them.
namespace acim {

// The registry of all random streams. A new one takes the next free number; none is ever reused.
enum class NoiseSource : std::uint32_t {
    code_table = 0,    // eight 16-bit uniforms a call
    table_escape = 1,  // one 64-bit uniform for an ESCAPE cell
    fixed_normal = 2,  // two 64-bit uniforms a call
    chip_normal = 3,   // eight a call: the top 16 bits of the 64-bit uniforms of path chip
    chip_rest = 4,     // one a call: the 48 bits below, drawn only where they decide the code
    // Static draws under the key of a chip, two unit normals a call.
    cell_mismatch = 5,
    column_parasitic = 6,
    column_injection = 7,
    adc_offset = 8,
    adc_gain = 9,
    adc_dnl = 10,
    input_dac_inl = 11,
    measured_error = 12,
    aidac_cell = 13,
    aidac_vtc_offset = 14,
    aidac_vtc_gain = 15,
    aidac_reference = 16,  // offsets of the reference column's converters
    aidac_jitter = 17,     // fresh: the reference column's own noise, shared by its outputs
    // Fresh, path events: the upper halves of four row groups' uniforms, and the draws of a block.
    event_count = 18,
    event_draw = 19
};

// Widths of the counter fields [bits]; plan refuses what does not fit.
struct CounterWidths {
    static constexpr int group = 16, k = 10, vote = 6;  // word 1
    static constexpr int source = 6, layer = 10;        // word 3; 16 bits spare
};
static_assert(CounterWidths::group + CounterWidths::k + CounterWidths::vote == 32);
static_assert(CounterWidths::source + CounterWidths::layer <= 16);

// Key of everything that changes with time in one trial.
ACIM_HD inline PhiloxKey trial_key(std::uint64_t seed, std::uint32_t chip, std::uint32_t repeat) {
    const PhiloxKey sweep{
        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    const PhiloxWords r = philox4x32(PhiloxWords{{chip, repeat, 0, 1}}, sweep);
    return PhiloxKey{{r.w[0], r.w[1]}};
}

// Key of everything that one chip keeps.
ACIM_HD inline PhiloxKey chip_key(std::uint64_t seed, std::uint32_t chip) {
    const PhiloxKey sweep{
        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    const PhiloxWords r = philox4x32(PhiloxWords{{chip, 0, 0, 2}}, sweep);
    return PhiloxKey{{r.w[0], r.w[1]}};
}

// Place of one static draw on a chip.
struct ChipPlace {
    std::uint32_t row;     // in the array, or the code of an ADC
    std::uint32_t column;  // in the array, or the ADC's number in it, or the row driver's
    std::uint32_t array;
    std::uint32_t layer;  // or shared_arrays_layer
};

// In place of a layer where arrays serve the whole network: no layer has this number.
inline constexpr std::uint32_t shared_arrays_layer = 1u << CounterWidths::layer;
static_assert(CounterWidths::source + CounterWidths::layer + 1 <= 32);

// Counter of a static draw. `row` is already divided by 2: a call serves two neighbours.
ACIM_HD inline PhiloxWords chip_counter(NoiseSource source, const ChipPlace& place) {
    return PhiloxWords{{place.row >> 1, place.column, place.array,
                        static_cast<std::uint32_t>(source) | place.layer << CounterWidths::source}};
}

// The 64-bit uniform of a static draw: rows 2n and 2n+1 share a call.
ACIM_HD inline std::uint64_t chip_uniform(NoiseSource source, const ChipPlace& place,
                                          PhiloxKey chip) {
    const PhiloxWords call = philox4x32(chip_counter(source, place), chip);
    const std::uint32_t first = (place.row & 1u) * 2;
    return std::uint64_t{call.w[first + 1]} << 32 | call.w[first];
}

// Place of one fresh draw inside a trial.
struct FreshPlace {
    std::uint32_t element;  // index in the layer's output tensor of one image, C order
    std::uint32_t group;    // row group
    std::uint32_t image;    // index in the evaluation set
    std::uint32_t layer;    // position among all MAC layers
};

// Counter of a fresh draw. `k` is plane*cycles + cycle, already divided by the number of
// conversions that one call of this source serves.
ACIM_HD inline PhiloxWords fresh_counter(NoiseSource source, const FreshPlace& place,
                                         std::uint32_t k, std::uint32_t vote) {
    return PhiloxWords{{place.element,
                        place.group | k << CounterWidths::group |
                            vote << (CounterWidths::group + CounterWidths::k),
                        place.image,
                        static_cast<std::uint32_t>(source) | place.layer << CounterWidths::source}};
}

// The 16-bit uniform of conversion k within the call for k>>3.
ACIM_HD inline std::uint32_t table_uniform(const PhiloxWords& call, std::uint32_t k) {
    return call.w[(k & 7u) >> 1] >> ((k & 1u) * 16) & 0xFFFFu;
}

// The 64-bit uniform of conversion k within the call for k>>1.
ACIM_HD inline std::uint64_t wide_uniform(const PhiloxWords& call, std::uint32_t k) {
    const std::uint32_t first = (k & 1u) * 2;
    return std::uint64_t{call.w[first + 1]} << 32 | call.w[first];
}

}  // namespace acim
