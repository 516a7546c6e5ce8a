// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/noise.hpp"
#include "cuda/model/random/code_cell.hpp"
#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/model/random/noise_key.hpp"

// One conversion: from the exact sum s of a cycle to its ADC code, on each sampling path.
namespace acim {

// A table of cells as the samplers see it; s indexes rows.
struct CodeTableView {
    const std::uint32_t* cells = nullptr;           // [rows][64], CodeCell entries of clipped codes
    const std::uint16_t* escape = nullptr;          // [rows], cells of the ESCAPE outcome
    const std::int32_t* base = nullptr;             // [rows], code at offset 0, not clipped
    const std::uint32_t* law = nullptr;             // [rows], index into the three arrays below
    const std::uint32_t* residual_begin = nullptr;  // [laws + 1], into residual
    const std::int32_t* residual_first = nullptr;   // [laws], offset of the first residual entry
    const std::uint64_t* residual = nullptr;        // cumulative, 2^64 steps
};

// Everything that decides the code of one cycle width.
struct CycleLawView {
    AdcScale scale;
    FreshNoise noise;
    const std::uint16_t* codes = nullptr;        // [full_scale + 1], path lut
    CodeTableView table;                         // path table
    const InverseNormalTable* normal = nullptr;  // path fixed
};

// Code of an ESCAPE outcome: the residual law at a fresh 64-bit uniform.
ACIM_HD inline std::int32_t escape_code(const CycleLawView& cycle, std::int64_t s, PhiloxKey key,
                                        const FreshPlace& place, std::uint32_t k,
                                        std::uint32_t vote) {
    const PhiloxWords call =
        philox4x32(fresh_counter(NoiseSource::table_escape, place, k, vote), key);
    const std::uint64_t u = wide_uniform(call, 0);
    const CodeTableView& t = cycle.table;
    const std::uint32_t law = t.law[s];
    const std::uint32_t begin = t.residual_begin[law], end = t.residual_begin[law + 1];
    std::uint32_t i = begin;
    while (i + 1 < end && u >= t.residual[i]) ++i;
    const std::int32_t offset = t.residual_first[law] + static_cast<std::int32_t>(i - begin);
    return clip_code(cycle.scale, std::int64_t{t.base[s]} + offset);
}

ACIM_HD inline std::int32_t table_code(const CycleLawView& cycle, std::int64_t s, PhiloxKey key,
                                       const FreshPlace& place, std::uint32_t k,
                                       std::uint32_t vote) {
    const PhiloxWords call =
        philox4x32(fresh_counter(NoiseSource::code_table, place, k >> 3, vote), key);
    const std::uint32_t u = table_uniform(call, k);
    if (u < cycle.table.escape[s]) return escape_code(cycle, s, key, place, k, vote);
    return CodeCell::code(cycle.table.cells + s * cell_columns, u);
}

ACIM_HD inline std::int32_t fixed_code(const CycleLawView& cycle, std::int64_t s, PhiloxKey key,
                                       const FreshPlace& place, std::uint32_t k,
                                       std::uint32_t vote) {
    const PhiloxWords call =
        philox4x32(fresh_counter(NoiseSource::fixed_normal, place, k >> 1, vote), key);
    const std::int32_t z = inverse_normal(*cycle.normal, wide_uniform(call, k));
    const std::int64_t position =
        add_noise(grid_position(cycle.scale, s), z, total_sigma(cycle.noise, s));
    return grid_code(cycle.scale, position);
}

// Code of an analog conversion on any path but `product`, which makes no codes.
ACIM_HD inline std::int32_t conversion_code(SamplingPath path, const CycleLawView& cycle,
                                            std::int64_t s, PhiloxKey key, const FreshPlace& place,
                                            std::uint32_t k, std::uint32_t vote) {
    switch (path) {
        case SamplingPath::table:
            return table_code(cycle, s, key, place, k, vote);
        case SamplingPath::fixed:
            return fixed_code(cycle, s, key, place, k, vote);
        default:
            return cycle.codes[s];
    }
}

}  // namespace acim
