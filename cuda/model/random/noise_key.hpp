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
    fixed_normal = 2   // two 64-bit uniforms a call
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
