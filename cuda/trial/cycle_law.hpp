// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "cuda/model/macro/conversion.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/trial/code_law.hpp"

namespace acim {

// Limits within which the table path runs (SPEC section 7).
inline constexpr double max_table_sigma = 6.0;  // [LSB]
inline constexpr std::int64_t max_table_bytes = std::int64_t{8} << 20;

// The tables of one cycle width on one path; immutable once built.
class CycleLaw {
public:
    // Noise-free codes, one per s; injected constants stand in for the normals.
    static CycleLaw lut(const MacroParams& macro, int width);
    // Cells per s. Throws std::length_error where a law does not fit its 64 columns.
    static CycleLaw table(const MacroParams& macro, int width);
    // No table but the shared inverse normal.
    static CycleLaw fixed(const MacroParams& macro, int width);

    CycleLawView view() const;
    const AdcScale& scale() const { return scale_; }
    std::uint32_t max_escape() const { return max_escape_; }
    const std::vector<std::uint32_t>& cells() const { return cells_; }
    const std::vector<std::uint16_t>& codes() const { return codes_; }
    std::uint64_t bytes() const;

private:
    CycleLaw(const MacroParams& macro, int width);
    std::uint32_t add_law(double fraction, double sigma);
    void fill_row(std::int64_t s, std::uint32_t law);

    AdcScale scale_;
    FreshNoise noise_;
    std::vector<std::uint16_t> codes_;
    std::vector<std::uint32_t> cells_;
    std::vector<std::uint16_t> escape_;
    std::vector<std::int32_t> base_;
    std::vector<std::uint32_t> law_;
    std::vector<std::uint32_t> residual_begin_{0};
    std::vector<std::int32_t> residual_first_;
    std::vector<std::uint64_t> residual_;
    std::vector<std::uint16_t> law_escape_;
    std::vector<std::vector<CellColumn>> layouts_;  // only while building
    std::uint32_t max_escape_ = 0;
};

// Shares equal laws between layers and points as long as some plan holds them; not thread-safe.
class CycleLawCache {
public:
    std::shared_ptr<const CycleLaw> get(SamplingPath path, const MacroParams& macro, int width);

private:
    using Key = std::tuple<SamplingPath, int, int, AdcRange, int, std::int32_t, std::int32_t,
                           double, NoiseUnit, double, bool, double, double>;
    std::map<Key, std::weak_ptr<const CycleLaw>> laws_;
};

}  // namespace acim
