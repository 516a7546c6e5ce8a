// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/cycle_law.hpp"

#include <algorithm>
#include <stdexcept>

#include "cuda/trial/code_law.hpp"
#include "cuda/trial/inverse_normal_table.hpp"

namespace acim {

AdcScale cycle_scale(const MacroParams& macro, int weight_bits, int width) {
    if (macro.weight_parallel)
        return weight_parallel_scale(macro.adc, macro.rows, width, weight_bits);
    return span_scale(macro.adc, column_span(macro.weight_encoding, full_scale(macro.rows, width)));
}

double interpolate(const std::vector<double>& x, const std::vector<double>& y, double at) {
    const auto above = std::upper_bound(x.begin(), x.end(), at);
    if (above == x.end()) return y.back();
    if (above == x.begin()) return y.front();
    const auto i = static_cast<std::size_t>(above - x.begin());
    const double part = (at - x[i - 1]) / (x[i] - x[i - 1]);
    return y[i - 1] + part * (y[i] - y[i - 1]);
}

CycleLaw::CycleLaw(const MacroParams& macro, int weight_bits, int width)
    : scale_(cycle_scale(macro, weight_bits, width)),
      noise_(fresh_noise(macro, scale_, weight_bits)) {
    if (macro.measured.table) set_measured(macro.measured);
    if (macro.noise.inject.active) set_injected(macro);
    const ColumnTerms terms = column_terms(macro);
    if (!macro.weight_parallel && (terms.any_fixed() || !shift_.empty())) set_positions(terms);
}

// Mean and spread at every sum.
void CycleLaw::set_measured(const MeasuredErrorParams& measured) {
    const MeasuredErrorTable& table = *measured.table;
    for (std::int64_t s = 0; s <= scale_.full_scale; ++s) {
        const auto at = static_cast<double>(s);
        shift_.push_back(interpolate(table.sum, table.mean, at));
        auto& spread = measured.scope == ErrorScope::fresh ? sigma_ : chip_sigma_;
        spread.push_back(interpolate(table.sum, table.sigma, at));
    }
}

// Constants in place of the two normals of `noise`; no fresh term is left.
void CycleLaw::set_injected(const MacroParams& macro) {
    const InjectedNoise& inject = macro.noise.inject;
    const double random = random_sigma(macro, scale_);
    // Without a term that depends on the sum one constant serves all; weight-parallel has no other.
    const std::int64_t last = scale_.code_min < 0 ? 0 : scale_.full_scale;
    shift_.resize(static_cast<std::size_t>(last) + 1, 0.0);
    for (std::int64_t s = 0; s <= last; ++s)
        shift_[static_cast<std::size_t>(s)] +=
            random * inject.n1 + nonlinear_sigma(noise_, s) * inject.n2;
    noise_.random = noise_.nonlinear = 0.0;
    sigma_.clear();
}

void CycleLaw::set_positions(const ColumnTerms& terms) {
    const double per_count = count_voltage(terms, 0.0, terms.parasitic, scale_.full_scale);
    const bool exact = !terms.any_fixed();
    for (std::int64_t s = 0; s <= scale_.full_scale; ++s) {
        const double shift = shift_.empty() ? 0.0 : shift_[static_cast<std::size_t>(s)];
        if (exact) {  // the ratio of the ADC's scale, not its rounded quotient
            const double position =
                static_cast<double>(s * scale_.mul - scale_.sub) / static_cast<double>(scale_.den);
            constexpr double limit = 1073741824.0;  // 2^30 LSB, as channel_position()
            position_.push_back(
                round_half_even(std::clamp(position + shift, -limit, limit) * 65536.0));
        } else {
            const double v = column_voltage(terms, per_count, terms.injection_offset,
                                            static_cast<double>(s), 0.0);
            position_.push_back(channel_position(scale_, {}, v, shift));
        }
    }
}

CycleLaw CycleLaw::fixed(const MacroParams& macro, int weight_bits, int width) {
    return CycleLaw(macro, weight_bits, width);
}

std::int32_t CycleLaw::shifted_code(std::int64_t s) const {
    const double position =
        static_cast<double>(s * scale_.mul - scale_.sub) / static_cast<double>(scale_.den);
    const double shifted = position + shift_[static_cast<std::size_t>(s)];
    return clip_code(scale_, round_half_even(std::clamp(shifted, -1.0, scale_.code_max + 1.0)));
}

CycleLaw CycleLaw::lut(const MacroParams& macro, int weight_bits, int width) {
    CycleLaw law(macro, weight_bits, width);
    // Injected constants alone shift the exact ratio, not its place on the grid.
    const bool shifted =
        macro.noise.inject.active && !macro.measured.table && !column_terms(macro).any_fixed();
    for (std::int64_t s = 0; s <= law.scale_.full_scale; ++s) {
        const auto at = static_cast<std::size_t>(s);
        const std::int32_t code = shifted ? law.shifted_code(s)
                                  : law.position_.empty()
                                      ? ideal_code(law.scale_, s)
                                      : grid_code(law.scale_, law.position_[at]);
        law.codes_.push_back(static_cast<std::uint16_t>(code));
    }
    return law;
}

std::uint32_t CycleLaw::add_law(double fraction, double sigma) {
    const CellLaw cells = cell_law(fraction, sigma);
    auto layout = layout_columns(cells);
    if (!layout) throw std::length_error("the code law does not fit a table of 64 columns");
    layouts_.push_back(std::move(*layout));
    law_escape_.push_back(static_cast<std::uint16_t>(cells.escape_cells));
    max_escape_ = std::max(max_escape_, cells.escape_cells);
    residual_first_.push_back(cells.first);
    residual_.insert(residual_.end(), cells.residual.begin(), cells.residual.end());
    residual_begin_.push_back(static_cast<std::uint32_t>(residual_.size()));
    return static_cast<std::uint32_t>(layouts_.size() - 1);
}

void CycleLaw::fill_row(std::int64_t s, std::uint32_t law) {
    const std::int64_t base = base_[static_cast<std::size_t>(s)];
    std::uint32_t* row = cells_.data() + s * cell_columns;
    for (int col = 0; col < cell_columns; ++col) {
        const CellColumn& c = layouts_[law][static_cast<std::size_t>(col)];
        row[col] = CodeCell::pack(clip_code(scale_, base + c.offset0),
                                  clip_code(scale_, base + c.offset1), c.last_cell_of_first);
    }
    escape_[static_cast<std::size_t>(s)] = law_escape_[law];
    law_[static_cast<std::size_t>(s)] = law;
}

// Code below the noise-free position, held within what 32 bits clip alike, and the rest.
std::pair<std::int64_t, double> CycleLaw::base_and_fraction(std::int64_t s) const {
    const bool bent = !position_.empty();
    const std::int64_t num =
        bent ? position_[static_cast<std::size_t>(s)] : s * scale_.mul - scale_.sub;
    const std::int64_t den = bent ? std::int64_t{1} << adc_grid_bits : scale_.den;
    std::int64_t base = num / den, part = num % den;
    if (part < 0) {
        part += den;
        --base;
    }
    return {base, static_cast<double>(part) / static_cast<double>(den)};
}

CycleLaw CycleLaw::table(const MacroParams& macro, int weight_bits, int width) {
    CycleLaw law(macro, weight_bits, width);
    const std::size_t rows = static_cast<std::size_t>(law.scale_.full_scale) + 1;
    law.cells_.resize(rows * cell_columns);
    law.escape_.resize(rows);
    law.base_.resize(rows);
    law.law_.resize(rows);
    // Equal laws are built once: without a term that depends on the sum there is one per position
    // between two codes.
    std::map<std::pair<double, double>, std::uint32_t> built;
    const CycleLawView view = law.view();
    for (std::int64_t s = 0; s <= law.scale_.full_scale; ++s) {
        const auto [base, fraction] = law.base_and_fraction(s);
        // Far outside a narrow window every code clips alike; the bound keeps int32.
        law.base_[static_cast<std::size_t>(s)] =
            static_cast<std::int32_t>(std::clamp<std::int64_t>(base, -(1 << 20), 1 << 20));
        const double sigma = draw_sigma(view, s);
        const auto [it, fresh] = built.try_emplace({fraction, sigma}, 0);
        if (fresh) it->second = law.add_law(fraction, sigma);
        law.fill_row(s, it->second);
    }
    law.layouts_.clear();
    return law;
}

CycleLawView CycleLaw::view() const {
    CycleLawView v;
    v.scale = scale_;
    v.noise = noise_;
    v.codes = codes_.data();
    v.table = {cells_.data(),          escape_.data(),         base_.data(),    law_.data(),
               residual_begin_.data(), residual_first_.data(), residual_.data()};
    v.normal = &inverse_normal_table();
    v.position = position_.empty() ? nullptr : position_.data();
    v.shift = shift_.empty() ? nullptr : shift_.data();
    v.sigma = sigma_.empty() ? nullptr : sigma_.data();
    v.chip_sigma = chip_sigma_.empty() ? nullptr : chip_sigma_.data();
    return v;
}

std::uint64_t CycleLaw::bytes() const {
    return cells_.size() * 4 + codes_.size() * 2 + residual_.size() * 8 + base_.size() * 10 +
           (position_.size() + shift_.size() + sigma_.size() + chip_sigma_.size()) * 8;
}

namespace {

std::vector<double> law_numbers(SamplingPath path, const MacroParams& macro, int weight_bits,
                                int width) {
    const AdcScale scale = cycle_scale(macro, weight_bits, width);
    const FreshNoise noise = fresh_noise(macro, scale, weight_bits);
    const ColumnTerms t = column_terms(macro);
    const InjectedNoise& inject = macro.noise.inject;
    return {static_cast<double>(path),
            static_cast<double>(scale.mul),
            static_cast<double>(scale.sub),
            static_cast<double>(scale.den),
            static_cast<double>(scale.code_min),
            static_cast<double>(scale.code_max),
            static_cast<double>(scale.full_scale),
            scale.lsb_per_fs,
            scale.lsb_at_zero,
            noise.random,
            inject.active ? random_sigma(macro, scale) : 0.0,
            noise.nonlinear,
            noise.cells_per_count,
            inject.active ? 1.0 : 0.0,
            inject.n1,
            inject.n2,
            t.cells,
            t.parasitic,
            t.calibration,
            t.injection_offset,
            t.injection_gain,
            t.injection_curvature,
            t.settling,
            t.leakage,
            t.alpha,
            t.reset ? 1.0 : 0.0,
            t.current_domain ? 1.0 : 0.0,
            static_cast<double>(macro.measured.scope)};
}

}  // namespace

std::shared_ptr<const CycleLaw> CycleLawCache::get(SamplingPath path, const MacroParams& macro,
                                                   int weight_bits, int width) {
    const Key key{law_numbers(path, macro, weight_bits, width), macro.measured.table};
    if (auto law = find(key)) return law;
    const auto fresh = std::make_shared<const CycleLaw>(
        path == SamplingPath::table ? CycleLaw::table(macro, weight_bits, width)
        : path == SamplingPath::lut ? CycleLaw::lut(macro, weight_bits, width)
                                    : CycleLaw::fixed(macro, weight_bits, width));
    const std::lock_guard lock(mutex_);
    auto& slot = laws_[key];
    if (auto law = slot.lock()) return law;  // another thread was first
    slot = fresh;
    return fresh;
}

std::shared_ptr<const CycleLaw> CycleLawCache::find(const Key& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = laws_.find(key);
    return found == laws_.end() ? nullptr : found->second.lock();
}

}  // namespace acim
