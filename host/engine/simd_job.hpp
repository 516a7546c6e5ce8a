// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "cuda/trial/product_kernel.hpp"
#include "host/engine/shift_table.hpp"

namespace acim {

// Outputs that share a block of packed weights: one 64-bit lane each in the widest registers.
inline constexpr int block_outputs = 8;

// The same 64 rows of one plane for the outputs of a block; aligned for the widest load.
struct alignas(64) LaneWords {
    std::uint64_t lane[block_outputs] = {};
};

enum class Sampler {
    table_narrow,  // one table, s < 1024: 16-bit indices
    table_shift,   // the same in registers, where the rows are shifts and the machine can
    table_wide,    // any tables: 32-bit indices
    lut,           // codes per s
    fixed          // scalar reference sampler on vector sums
};

// The tables of a plan as the lookups want them, shared by all convolution groups of a layer.
struct JoinedTables {
    std::vector<std::shared_ptr<const CycleLaw>> laws;  // one per cycle width, in order of use
    std::vector<std::uint32_t> first_row;               // per law
    std::vector<std::uint32_t> entries;  // all cells behind one another, or codes for lut; empty
                                         // where the one law's own cells serve
    std::optional<ShiftTable> shifts;
};

// What the loops need of a layer, made once per plan and convolution group. Conversions k are
// grouped in quads (4 codes of 16 bits in one 64-bit lane) and octets (one Philox call).
struct SimdLayer {
    int outputs = 0, blocks = 0;
    int planes = 0, bits = 0, cycles = 0, groups = 0;
    int conversions = 0, quads = 0;  // quads is even
    int words = 0;                   // 64-row words of a full group
    std::vector<int> group_words;    // [groups]
    bool serial8 = false;            // eight one-bit cycles
    bool any_digital = false;
    Sampler sampler = Sampler::table_narrow;
    std::vector<LaneWords> weights;          // [groups][blocks][planes][words]
    std::vector<std::uint64_t> code_weight;  // [quads] four int16
    std::vector<std::uint64_t> digital_weight;
    std::vector<std::uint64_t> exact_weight;
    std::vector<int> shift;  // [quads] power of two common to the quad's weights
    std::shared_ptr<const JoinedTables> tables;
    std::vector<std::uint32_t> row_offset;  // [quads*4] first row of conversion k's table
    const std::uint32_t* table = nullptr;   // entries of `tables`, or the one law's cells
    ShiftTable shift_table;                 // table_shift only
    std::uint32_t max_escape = 0;
    std::vector<CycleLawView> cycle_law;  // [cycles], for escapes and the fixed path
    std::vector<int> quiet;               // conversions rounded without noise
    std::vector<std::int16_t> rows16;     // [outputs][padded depth], path product only
    int padded_depth = 0;
};

// One run of the loops: a layer, its packed inputs and where results go.
struct SimdJob {
    const LayerPlan* plan = nullptr;
    const SimdLayer* layer = nullptr;
    int pixels = 0;
    const std::uint64_t* inputs = nullptr;  // [pixels][groups][bits][words]
    OutputMap map;
    ProductPlace place;
    ProductSums sums;
};

// Code of conversion k by the scalar model: what the loops call for the rare ESCAPE outcomes.
std::int32_t escape_by_model(const SimdJob& job, std::uint32_t element, std::uint32_t group, int k,
                             std::int64_t s, std::uint32_t u, std::int32_t code);

// Replaces the codes of all conversions of one output by those of the reference sampler.
void sample_fixed(const SimdJob& job, std::uint32_t element, std::uint32_t group,
                  const std::uint16_t* sums, std::uint16_t* codes);

}  // namespace acim
