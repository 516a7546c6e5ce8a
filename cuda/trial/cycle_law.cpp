// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/cycle_law.hpp"

#include <algorithm>
#include <stdexcept>

#include "cuda/trial/code_law.hpp"
#include "cuda/trial/inverse_normal_table.hpp"

namespace acim {

CycleLaw::CycleLaw(const MacroParams& macro, int width)
    : scale_(adc_scale(macro.adc, macro.rows, width)),
      noise_(fresh_noise(macro.noise, scale_, macro.rows)) {}

CycleLaw CycleLaw::fixed(const MacroParams& macro, int width) { return CycleLaw(macro, width); }

CycleLaw CycleLaw::lut(const MacroParams& macro, int width) {
    CycleLaw law(macro, width);
    const InjectedNoise& inject = macro.noise.inject;
    law.codes_.resize(static_cast<std::size_t>(law.scale_.full_scale) + 1);
    for (std::int64_t s = 0; s <= law.scale_.full_scale; ++s) {
        std::int32_t code = ideal_code(law.scale_, s);
        if (inject.active) {
            const double position = static_cast<double>(s * law.scale_.mul - law.scale_.sub) /
                                    static_cast<double>(law.scale_.den);
            const double shift =
                law.noise_.random * inject.n1 + nonlinear_sigma(law.noise_, s) * inject.n2;
            const double limit = law.scale_.code_max + 1.0;
            code =
                clip_code(law.scale_, round_half_even(std::clamp(position + shift, -1.0, limit)));
        }
        law.codes_[static_cast<std::size_t>(s)] = static_cast<std::uint16_t>(code);
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

CycleLaw CycleLaw::table(const MacroParams& macro, int width) {
    CycleLaw law(macro, width);
    const std::size_t rows = static_cast<std::size_t>(law.scale_.full_scale) + 1;
    law.cells_.resize(rows * cell_columns);
    law.escape_.resize(rows);
    law.base_.resize(rows);
    law.law_.resize(rows);
    // Without the s-dependent term the law depends only on the position between two codes.
    std::map<std::int64_t, std::uint32_t> by_position;
    for (std::int64_t s = 0; s <= law.scale_.full_scale; ++s) {
        const std::int64_t num = s * law.scale_.mul - law.scale_.sub;
        std::int64_t base = num / law.scale_.den, part = num % law.scale_.den;
        if (part < 0) {
            part += law.scale_.den;
            --base;
        }
        // Far outside a narrow window every code clips alike; the bound keeps int32.
        law.base_[static_cast<std::size_t>(s)] =
            static_cast<std::int32_t>(std::clamp<std::int64_t>(base, -(1 << 20), 1 << 20));
        const double fraction = static_cast<double>(part) / static_cast<double>(law.scale_.den);
        const double sigma = total_sigma(law.noise_, s);
        std::uint32_t index;
        if (law.noise_.nonlinear == 0.0) {
            const auto [it, fresh] = by_position.try_emplace(part, 0);
            if (fresh) it->second = law.add_law(fraction, sigma);
            index = it->second;
        } else {
            index = law.add_law(fraction, sigma);
        }
        law.fill_row(s, index);
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
    return v;
}

std::uint64_t CycleLaw::bytes() const {
    return cells_.size() * 4 + codes_.size() * 2 + residual_.size() * 8 + base_.size() * 10;
}

std::shared_ptr<const CycleLaw> CycleLawCache::get(SamplingPath path, const MacroParams& macro,
                                                   int width) {
    const NoiseParams& n = macro.noise;
    const Key key{path,          macro.rows,        macro.adc.bits,  macro.adc.range,
                  width,         macro.adc.lo,      macro.adc.hi,    n.random.sigma,
                  n.random.unit, n.nonlinear.sigma, n.inject.active, n.inject.n1,
                  n.inject.n2};
    auto& slot = laws_[key];
    auto law = slot.lock();
    if (!law) {
        law = std::make_shared<const CycleLaw>(
            path == SamplingPath::table   ? CycleLaw::table(macro, width)
            : path == SamplingPath::fixed ? CycleLaw::fixed(macro, width)
                                          : CycleLaw::lut(macro, width));
        slot = law;
    }
    return law;
}

}  // namespace acim
