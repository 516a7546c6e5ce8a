// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "cuda/model/macro/conversion.hpp"
#include "cuda/model/macro/encoding.hpp"
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
    static CycleLaw lut(const MacroParams& macro, int weight_bits, int width);
    // Cells per s. Throws std::length_error where a law does not fit its 64 columns.
    static CycleLaw table(const MacroParams& macro, int weight_bits, int width);
    // No table but the shared inverse normal: paths fixed and chip.
    static CycleLaw fixed(const MacroParams& macro, int weight_bits, int width);

    CycleLawView view() const;
    const AdcScale& scale() const { return scale_; }
    std::uint32_t max_escape() const { return max_escape_; }
    // Different laws of the table's rows, and the length of their residuals.
    std::size_t laws() const { return residual_first_.size(); }
    std::size_t residuals() const { return residual_.size(); }
    const std::vector<std::uint32_t>& cells() const { return cells_; }
    const std::vector<std::uint16_t>& codes() const { return codes_; }
    std::uint64_t bytes() const;

private:
    CycleLaw(const MacroParams& macro, int weight_bits, int width);
    void set_measured(const MeasuredErrorParams& measured);
    void set_injected(const MacroParams& macro);
    void set_positions(const ColumnTerms& terms);
    std::int32_t shifted_code(std::int64_t s) const;
    std::pair<std::int64_t, double> base_and_fraction(std::int64_t s) const;
    std::uint32_t add_law(double fraction, double sigma);
    void fill_row(std::int64_t s, std::uint32_t law);

    AdcScale scale_;
    FreshNoise noise_;
    std::vector<std::int64_t> position_;
    std::vector<double> shift_, sigma_, chip_sigma_;
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

// The ADC's scale at one cycle width of a bit-sliced macro.
AdcScale cycle_scale(const MacroParams& macro, int weight_bits, int width);

// Value of the table at a sum, linear in between; the sum must lie in its range.
double interpolate(const std::vector<double>& x, const std::vector<double>& y, double at);

// Shares equal laws between layers and points as long as some plan holds them. For any number of
// threads: laws are built side by side, and of two equal ones the first is kept.
class CycleLawCache {
public:
    std::shared_ptr<const CycleLaw> get(SamplingPath path, const MacroParams& macro,
                                        int weight_bits, int width);

private:
    // Every number that a law is made from, and the measured table.
    using Key = std::pair<std::vector<double>, std::shared_ptr<const MeasuredErrorTable>>;
    std::shared_ptr<const CycleLaw> find(const Key& key) const;  // or null

    mutable std::mutex mutex_;
    std::map<Key, std::weak_ptr<const CycleLaw>> laws_;
};

}  // namespace acim
