// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/adc_channel.hpp"
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
    const InverseNormalTable* normal = nullptr;  // paths fixed and chip
    // Where a transfer that all columns share is bent: [full_scale + 1] [2^-16 LSB]; else null and
    // the exact ratio of `scale` rules.
    const std::int64_t* position = nullptr;
    // Measured errors and injected constants per count [full_scale + 1] [LSB], or null.
    const double* shift = nullptr;
    const double* sigma = nullptr;
    const double* chip_sigma = nullptr;  // of a measured error that an ADC keeps
};

// Sigma of the fresh draw at a count [LSB].
ACIM_HD inline double draw_sigma(const CycleLawView& cycle, std::int64_t count) {
    const double sigma = total_sigma(cycle.noise, count);
    if (cycle.sigma == nullptr) return sigma;
    const double measured = cycle.sigma[count];
    return sqrt(sigma * sigma + measured * measured);
}

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

// What an error of `error` adds to the code of a count on path events, whose ADC is lossless: a count
// is a whole number of steps (den = 1, sub = 0), and no count clips.
ACIM_HD inline std::int64_t event_step(const AdcScale& scale, std::int64_t count,
                                       std::int32_t error) {
    const std::int64_t ideal = count * scale.mul;
    return clip_code(scale, ideal + error) - ideal;
}

// Unit normal of conversion k on path fixed [2^-24].
ACIM_HD inline std::int32_t fixed_unit_normal(const InverseNormalTable& table, PhiloxKey key,
                                              const FreshPlace& place, std::uint32_t k,
                                              std::uint32_t vote) {
    const PhiloxWords call =
        philox4x32(fresh_counter(NoiseSource::fixed_normal, place, k >> 1, vote), key);
    return inverse_normal(table, wide_uniform(call, k));
}

// The top 16 bits of conversion k's uniform on path chip; a call serves eight conversions.
ACIM_HD inline std::uint32_t chip_uniform_top(PhiloxKey key, const FreshPlace& place,
                                              std::uint32_t k, std::uint32_t vote) {
    return table_uniform(
        philox4x32(fresh_counter(NoiseSource::chip_normal, place, k >> 3, vote), key), k);
}

// Unit normal of conversion k on path chip [2^-24], from a 64-bit uniform whose top 16 bits are
// given. The 48 bits below have a call of their own, so that an engine may skip it wherever the top
// bits alone settle the code.
ACIM_HD inline std::int32_t chip_refined_normal(const InverseNormalTable& table, std::uint32_t top,
                                                PhiloxKey key, const FreshPlace& place,
                                                std::uint32_t k, std::uint32_t vote) {
    const PhiloxWords rest = philox4x32(fresh_counter(NoiseSource::chip_rest, place, k, vote), key);
    return inverse_normal(table, std::uint64_t{top} << 48 | wide_uniform(rest, 0) >> 16);
}

ACIM_HD inline std::int32_t chip_unit_normal(const InverseNormalTable& table, PhiloxKey key,
                                             const FreshPlace& place, std::uint32_t k,
                                             std::uint32_t vote) {
    return chip_refined_normal(table, chip_uniform_top(key, place, k, vote), key, place, k, vote);
}

ACIM_HD inline std::int32_t fixed_code(const CycleLawView& cycle, std::int64_t s, PhiloxKey key,
                                       const FreshPlace& place, std::uint32_t k,
                                       std::uint32_t vote) {
    const std::int32_t z = fixed_unit_normal(*cycle.normal, key, place, k, vote);
    const std::int64_t position =
        cycle.position == nullptr ? grid_position(cycle.scale, s) : cycle.position[s];
    return grid_code(cycle.scale, add_noise(position, z, draw_sigma(cycle, s)));
}

// Where an ADC sees a voltage, measured errors at `count` included [2^-16 LSB]; `measured` is the
// ADC's own unit normal of them, `count` is 0 for weight-parallel conversion.
ACIM_HD inline std::int64_t conversion_position(const CycleLawView& cycle, const AdcChannel& adc,
                                                double measured, double v, std::int64_t count) {
    double shift = cycle.shift == nullptr ? 0.0 : cycle.shift[count];
    if (cycle.chip_sigma != nullptr) shift += cycle.chip_sigma[count] * measured;
    return channel_position(cycle.scale, adc, v, shift);
}

// Code of a conversion whose position is particular to its column and ADC, on path chip or fixed.
ACIM_HD inline std::int32_t channel_conversion(SamplingPath path, const CycleLawView& cycle,
                                               const AdcChannel& adc, std::int64_t position,
                                               std::int64_t count, PhiloxKey key,
                                               const FreshPlace& place, std::uint32_t k,
                                               std::uint32_t vote) {
    const double sigma = draw_sigma(cycle, count);
    if (sigma == 0.0) return channel_code(cycle.scale, adc, position);
    const std::int32_t z = path == SamplingPath::fixed
                               ? fixed_unit_normal(*cycle.normal, key, place, k, vote)
                               : chip_unit_normal(*cycle.normal, key, place, k, vote);
    return channel_code(cycle.scale, adc, add_noise(position, z, sigma));
}

// Code of an analog conversion on the paths that see the sum only: lut, table, fixed.
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
