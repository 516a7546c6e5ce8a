// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cuda/trial/chip_layer.hpp"
#include "host/engine/simd_job.hpp"

namespace acim {

// Every second conversion of a quad for the outputs of a block: conversions 4*quad + half and two
// further, the first in the low word of an output's 64-bit lane.
struct alignas(64) PairFloats {
    float lane[block_outputs][2] = {};
};
struct alignas(64) PairWords {
    std::int32_t lane[block_outputs][2] = {};
};

// The edges of an ADC between positions i and i + 1 [LSB] and a margin on both sides: code - i below
// them as a signed byte in bits 24..31, and where two of them lie [steps from i - margin] in 12..23
// and 0..11, `no_edge` where there are fewer. With more than two edges the byte is `crowded`.
struct EdgeCell {
    static constexpr int field_bits = 12, steps = 3840;  // per LSB
    static constexpr int margin = 128;                   // [steps]
    static constexpr std::int32_t no_edge = (1 << field_bits) - 1, crowded = -128;
    std::int32_t word = 0;
};
static_assert(EdgeCell::steps + 2 * EdgeCell::margin == 1 << EdgeCell::field_bits);
inline constexpr int edge_room = 4;  // cells below code 0 and above the last

// One chip's columns and ADCs as the loops want them. Codes are defined in double and integers by
// cuda/model; the filter computes where the ADC sees the column, in float, as
//     position = offset + slope*(count + mismatch*M) + shift(count) + sigma*z   [LSB]
// and settles the code where no edge lies within `bound` + sigma*slack(z); the rest it hands to the
// model. So it may be coarse but never wrong.
struct ChipFilter {
    explicit ChipFilter(ChipLayer drawn) : chip(std::move(drawn)) {}

    ChipLayer chip;
    bool filtered = false;           // else the model makes every code
    bool random = false;             // some conversion draws
    bool cells = false;              // columns have mismatch
    float mismatch = 0.0F;           // [count per unit of M]
    int chunks = 0;                  // of 8 rows, of a full group
    std::vector<int> group_chunks;   // [groups]
    std::vector<LaneWords> weights;  // [groups][blocks][columns][chunks] 8 int8 a lane: +-q or 0
    std::vector<PairFloats> offset, slope;  // [groups][blocks][quads][2]
    std::vector<PairWords> edge_row;        // the same: code 0 of the conversion's ADC in `edges`
    std::vector<EdgeCell> edges;            // [ADCs][edges + 2*edge_room]; empty if all are ideal
    // [quads][2] two floats each: sigma and bound - 0.5 [LSB], highest code
    std::vector<std::uint64_t> sigma, bound, top;
    // Of laws that depend on the count, behind one another by cycle width; else empty.
    std::vector<float> sigma_at, shift_at;
    std::vector<std::uint64_t> count_row;  // [quads][2] two int32: first entry
};

// Whether the loops can form the columns' sums: inputs fit bytes and have no errors of their own.
bool chip_loops_serve(const LayerPlan& plan);

// Fills layer.chip; the rest of the layer must be packed.
void pack_chip(SimdLayer& layer, const LayerPlan& plan, std::span<const std::int8_t> weights,
               const ProductSite& site);

// What the model needs to make one code.
struct ChannelPlace {
    std::uint32_t element = 0, group = 0;
    int output = 0;  // of the product
};

// Code of conversion k by the scalar model; `top` are the 16 bits of its uniform.
std::int32_t chip_code_by_model(const SimdJob& job, const ChannelPlace& place, int k,
                                std::uint32_t vote, std::int64_t count, std::int64_t mismatch,
                                std::uint32_t top);

// All codes of one output and row group by the scalar model, whatever its terms: the voltages of a
// column follow one another.
void sample_channels(const SimdJob& job, const ChannelPlace& place, const std::uint16_t* counts,
                     const std::int64_t* mismatch, std::uint16_t* codes);

}  // namespace acim
