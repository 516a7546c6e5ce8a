// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/trial/product_kernel.hpp"
#include "host/engine/joined_tables.hpp"
#include "host/engine/shift_table.hpp"

namespace acim {

struct ChipFilter;

// Outputs that share a block of packed weights: one 64-bit lane each in the widest registers.
inline constexpr int block_outputs = 8;

// Outputs of one register of the product of bytes.
inline constexpr int byte_outputs = 16;

// The same 64 rows of one column for the outputs of a block; aligned for the widest load.
struct alignas(64) LaneWords {
    std::uint64_t lane[block_outputs] = {};
};

enum class Sampler {
    table_narrow,  // one table, s < 1024: 16-bit indices
    table_shift,   // the same in registers, where the rows are shifts and the machine can
    table_wide,    // any tables: 32-bit indices
    lut,           // codes per s
    fixed,         // scalar reference sampler on vector sums
    chip_filter,   // columns and ADCs of one chip, in float where that settles the code
    chip_model     // the same by the scalar model on vector sums
};

// Weights of the conversions of a layer, four int16 to a quad over a common power of two.
struct QuadWeights {
    std::vector<std::uint64_t> quad;  // [quads]
    std::vector<int> shift;           // [quads]
    bool any = false;                 // some weight is not 0
};

// Conversions that are voted on, by octet.
struct VotedOctet {
    int octet = 0;
    std::uint64_t voted[2] = {};  // per quad: all ones in the 16 bits of a voted conversion
};

// The exact product from the sums of counts: (sum + of_inputs*X + constant) / divisor, X the sum of
// an output's inputs. D is its own sum + of_inputs*X + constant.
struct LinearCorrection {
    std::int64_t of_inputs = 0, constant = 0, divisor = 1;
    std::int64_t apply(std::int64_t sum, std::int64_t inputs) const {
        return (sum + of_inputs * inputs + constant) / divisor;
    }
};

// What the loops need of a layer, made once per plan and convolution group. Conversions k are
// grouped in quads (4 codes of 16 bits in one 64-bit lane) and octets (one Philox call).
struct SimdLayer {
    int outputs = 0, blocks = 0;
    int columns = 0, bits = 0, cycles = 0, groups = 0;
    int conversions = 0, quads = 0;  // quads is even
    int words = 0;                   // 64-row words of a full group
    std::vector<int> group_words;    // [groups]
    bool serial8 = false;            // eight one-bit cycles
    bool xnor = false;               // columns count 2s - x + FS
    Sampler sampler = Sampler::table_narrow;
    std::vector<LaneWords> weights;  // [groups][blocks][columns][words]
    QuadWeights code_weight, digital_weight, exact_weight;
    LinearCorrection exact, digital;
    std::shared_ptr<const JoinedTables> tables;
    std::vector<std::uint32_t> row_offset;  // [quads*4] first row of conversion k's table
    const std::uint32_t* table = nullptr;   // entries of `tables`, or the one law's cells
    ShiftTable shift_table;                 // table_shift only
    std::uint32_t max_escape = 0;
    int votes = 1;
    VoteCombination combine = VoteCombination::mode;
    std::vector<VotedOctet> voted;
    std::vector<CycleLawView> cycle_law;     // [cycles], for escapes and the fixed path
    std::vector<int> quiet;                  // conversions rounded without noise
    std::shared_ptr<const ChipFilter> chip;  // samplers chip_* only
    std::vector<std::int16_t> rows16;  // [outputs][padded depth], paths product and events only
    int padded_depth = 0;
    // The same as bytes, [blocks of byte_outputs][padded_bytes / 4][byte_outputs][4], where inputs
    // have at most eight bits; those are `byte_shift` above their values.
    std::vector<std::int8_t> bytes;
    std::vector<std::int64_t> shifted;  // [outputs] byte_shift times the sum of the weights
    int padded_bytes = 0, byte_shift = 0;
};

// One run of the loops: a layer, its packed inputs and where results go.
struct SimdJob {
    const LayerPlan* plan = nullptr;
    const SimdLayer* layer = nullptr;
    int pixels = 0;
    const std::uint64_t* inputs = nullptr;     // [pixels][groups][bits][words]
    const std::uint64_t* centre = nullptr;     // [pixels][groups][quads] FS - x, for xnor only
    const std::uint8_t* driven = nullptr;      // [pixels][groups][chunks][cycles][8] cycle values
    const std::int64_t* input_sums = nullptr;  // [pixels] sum of an output's inputs
    OutputMap map;
    ProductPlace place;
    ProductSums sums;
};

// Code of conversion k by the scalar model: what the loops call for the rare ESCAPE outcomes.
std::int32_t escape_by_model(const SimdJob& job, std::uint32_t element, std::uint32_t group, int k,
                             std::uint32_t vote, std::int64_t s, std::uint32_t u,
                             std::int32_t code);

// Replaces the codes of all conversions of one output by those of the reference sampler.
void sample_fixed(const SimdJob& job, std::uint32_t element, std::uint32_t group,
                  const std::uint16_t* counts, std::uint16_t* codes);

}  // namespace acim
