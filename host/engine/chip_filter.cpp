// SPDX-License-Identifier: Apache-2.0
#include "host/engine/chip_filter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

namespace acim {
namespace {

constexpr double float_step = 1.0 / 16777216.0;          // 2^-24, relative error of one rounding
constexpr double largest_normal = 9.5;                   // of a 64-bit uniform
constexpr double far_voltage = 1024.0;                   // [FS]
constexpr std::size_t max_cells = std::size_t{1} << 26;  // a quarter of a gigabyte
// Beyond this span of the ADC [LSB per FS] positions are clamped at far_voltage.
constexpr double max_lsb_per_fs = 65536.0;

std::uint64_t pair_of(float low, float high) {
    return std::bit_cast<std::uint32_t>(low) | std::uint64_t{std::bit_cast<std::uint32_t>(high)}
                                                   << 32;
}

std::uint64_t pair_of(std::int32_t low, std::int32_t high) {
    return static_cast<std::uint32_t>(low) | std::uint64_t{static_cast<std::uint32_t>(high)} << 32;
}

// A straight line through counts: what one column and its ADC make of them [LSB].
struct Line {
    double offset = 0.0, slope = 0.0;
};

// Position is linear in the voltage and, without the bending terms, the voltage in the count: two
// points of each give the line, far ones so that the grid of positions does not matter.
Line column_line(const LayerPlan& plan, const ChipLayer& chip, const ChipLayer::Column& column,
                 int cycle) {
    const std::int64_t span = full_scale(plan.rows, plan.cycles.width[cycle]);
    const double v0 = channel_voltage(plan, column, cycle, {}, 0.0);
    const double v1 = channel_voltage(plan, column, cycle, {span}, 0.0);
    const AdcScale& scale = plan.law[cycle]->scale();
    const AdcChannel& adc = chip.adc(column.adc);
    const auto high = static_cast<double>(channel_position(scale, adc, far_voltage, 0.0));
    const auto low = static_cast<double>(channel_position(scale, adc, -far_voltage, 0.0));
    const double per_fs = (high - low) / (2.0 * far_voltage * 65536.0);
    Line line;
    line.slope = per_fs * ((v1 - v0) / static_cast<double>(span));
    line.offset = 0.5 * (high + low) / 65536.0 + per_fs * v0;
    return line;
}

// Everything that the bound on the filter's error depends on.
struct Extent {
    double slope = 0.0, offset = 0.0;  // largest of all columns
    double cell_sum = 0.0;             // largest sum of |q| over a column
};

class Packer {
public:
    Packer(SimdLayer& layer, const LayerPlan& plan, ChipFilter& filter)
        : layer_(layer), plan_(plan), filter_(filter) {}

    void pack(std::span<const std::int8_t> weights) {
        filter_.cells = plan_.terms.mismatch != 0.0;
        filter_.random = plan_.random;
        filter_.mismatch = static_cast<float>(plan_.terms.mismatch);
        if (filter_.cells) pack_cells(weights);
        if (!lines_apply()) return;
        if (!pack_edges()) return;
        pack_lines();
        pack_laws();
        filter_.filtered = true;
    }

private:
    // Whether counts and positions lie on straight lines and laws do not differ between ADCs.
    bool lines_apply() const {
        const ColumnTerms& t = plan_.terms;
        if (plan_.path != SamplingPath::chip || t.injection_curvature != 0.0 || t.alpha != 0.0 ||
            (t.settling != 0.0 && !t.reset))
            return false;
        for (int j = 0; j < plan_.cycles.count; ++j)
            if (plan_.law[j]->view().chip_sigma != nullptr ||
                plan_.law[j]->scale().lsb_per_fs > max_lsb_per_fs)
                return false;
        return true;
    }

    int group_length(int g) const {
        return std::min(plan_.group_rows, plan_.depth - g * plan_.group_rows);
    }

    void pack_cells(std::span<const std::int8_t> weights) {
        filter_.chunks = (group_length(0) + 7) / 8;
        filter_.weights.assign(static_cast<std::size_t>(layer_.groups) * layer_.blocks *
                                   layer_.columns * filter_.chunks,
                               LaneWords{});
        for (int g = 0; g < layer_.groups; ++g) {
            filter_.group_chunks.push_back((group_length(g) + 7) / 8);
            for (int m = 0; m < layer_.outputs; ++m)
                for (int i = 0; i < layer_.columns; ++i)
                    pack_column(g, m, i,
                                weights.subspan(static_cast<std::size_t>(m) * plan_.depth +
                                                    static_cast<std::size_t>(g) * plan_.group_rows,
                                                static_cast<std::size_t>(group_length(g))));
        }
    }

    void pack_column(int g, int m, int i, std::span<const std::int8_t> weights) {
        const std::span<const std::int8_t> q = filter_.chip.cells(g, m, i);
        const std::size_t at =
            ((static_cast<std::size_t>(g) * layer_.blocks + m / block_outputs) * layer_.columns +
             i) *
            filter_.chunks;
        int sum = 0;
        for (std::size_t r = 0; r < weights.size(); ++r) {
            const int bit = stored_bit(plan_.macro.weight_encoding, plan_.weight_bits,
                                       plan_.columns, i, weights[r]);
            const int value = layer_.xnor ? (2 * bit - 1) * q[r] : bit * q[r];
            filter_.weights[at + r / 8].lane[m % block_outputs] |=
                std::uint64_t{static_cast<std::uint8_t>(value)} << (8 * (r % 8));
        }
        for (const std::int8_t value : q) sum += std::abs(value);
        extent_.cell_sum = std::max<double>(extent_.cell_sum, sum);
    }

    // False where edges lie outside of the cells or take too much memory.
    bool pack_edges() {
        const ChipLayer& chip = filter_.chip;
        if (chip.adcs() == 0 || chip.adc(0).edges == nullptr) return true;
        const int edges = adc_edges(plan_);
        row_of_adc_ = edges + 2 * edge_room;
        if (chip.adcs() * static_cast<std::size_t>(row_of_adc_) > max_cells) return false;
        for (std::size_t a = 0; a < chip.adcs(); ++a) {
            const std::int32_t* e = chip.adc(static_cast<std::uint32_t>(a)).edges;
            if (!inside_cells(e)) return false;
            for (int i = -edge_room, below = 0; i < edges + edge_room; ++i)
                filter_.edges.push_back(edge_cell(e, edges, i, below));
        }
        return true;
    }

    // The edges of all codes that some cycle can reach lie in cells.
    bool inside_cells(const std::int32_t* e) const {
        if (e[0] < -65536 * (edge_room - 1)) return false;
        for (int j = 0; j < plan_.cycles.count; ++j) {
            const std::int32_t top = plan_.law[j]->scale().code_max;
            if (e[top - 1] > 65536 * (top + edge_room - 1)) return false;
        }
        return true;
    }

    // The cell above position i; `below` counts edges below and goes on to the next cell.
    static EdgeCell edge_cell(const std::int32_t* e, int edges, int i, int& below) {
        constexpr std::int32_t margin = 65536 * EdgeCell::margin / EdgeCell::steps;
        std::int32_t place[2] = {EdgeCell::no_edge, EdgeCell::no_edge};
        while (below < edges && e[below] < 65536 * i - margin) ++below;
        int inside = 0;
        for (int n = below; n < edges && e[n] < 65536 * (i + 1) + margin; ++n, ++inside)
            if (inside < 2)  // 2^-16 LSB to steps, to the nearest
                place[inside] = std::min(
                    (((e[n] - 65536 * i) * EdgeCell::steps + 32768) >> 16) + EdgeCell::margin,
                    EdgeCell::no_edge);
        const bool fits = inside <= 2 && std::abs(below - i) < 128;
        const int offset = fits ? below - i : EdgeCell::crowded;
        return {static_cast<std::int32_t>(static_cast<std::uint32_t>(offset) << 24) |
                place[0] << EdgeCell::field_bits | place[1]};
    }

    void pack_lines() {
        const std::size_t pairs =
            static_cast<std::size_t>(layer_.groups) * layer_.blocks * layer_.quads * 2;
        filter_.offset.resize(pairs);
        filter_.slope.resize(pairs);
        if (!filter_.edges.empty()) {
            PairWords any;  // lanes without an output look cells up as well
            for (auto& lane : any.lane) lane[0] = lane[1] = edge_room;
            filter_.edge_row.assign(pairs, any);
        }
        for (int g = 0; g < layer_.groups; ++g)
            for (int m = 0; m < layer_.outputs; ++m)
                for (int k = 0; k < layer_.conversions; ++k) pack_line(g, m, k);
    }

    void pack_line(int g, int m, int k) {
        const ConversionPlan& c = plan_.conversions[k];
        const ChipLayer::Column& column = filter_.chip.column(g, m, c.plane);
        Line line = column_line(plan_, filter_.chip, column, c.cycle);
        if (layer_.xnor)  // the share of all cells at half drive
            line.offset +=
                line.slope * plan_.terms.mismatch *
                static_cast<double>(half_drive_mismatch(column.q_sum, plan_.cycles.width[c.cycle]));
        extent_.slope = std::max(extent_.slope, std::fabs(line.slope));
        extent_.offset = std::max(extent_.offset, std::fabs(line.offset));
        const std::size_t pair =
            ((static_cast<std::size_t>(g) * layer_.blocks + m / block_outputs) * layer_.quads +
             k / 4) *
                2 +
            k % 2;
        const int lane = m % block_outputs, half = k / 2 % 2;
        filter_.offset[pair].lane[lane][half] = static_cast<float>(line.offset);
        filter_.slope[pair].lane[lane][half] = static_cast<float>(line.slope);
        if (!filter_.edges.empty())
            filter_.edge_row[pair].lane[lane][half] =
                static_cast<std::int32_t>(column.adc) * row_of_adc_ + edge_room;
    }

    // Largest error of a position without its noise's [LSB].
    //   The grid: the model rounds position and noise to 2^-16 LSB, half a step each, and sigma to
    //   2^-20, times the normal; the line's points were rounded too.
    //   Floats: a sum rounds once where it is formed, its part mismatch*M twice more; slope times
    //   the sum rounds twice, adding the offset and adding sigma*z once each. Less than six steps
    //   of slope*sum and four of the offset; sigma*z and the law's shift likewise.
    double position_bound(double sigma, double shift) const {
        double largest_sum = 0.0;
        for (int j = 0; j < plan_.cycles.count; ++j)
            largest_sum =
                std::max<double>(largest_sum, plan_.law[j]->scale().full_scale +
                                                  plan_.terms.mismatch * extent_.cell_sum *
                                                      ((1 << plan_.cycles.width[j]) - 1));
        const double grid = 2.0 / 65536.0 + largest_normal / 1048576.0;
        const double floats = 6.0 * extent_.slope * largest_sum + 4.0 * extent_.offset +
                              4.0 * sigma * largest_normal + 3.0 * shift;
        return grid + floats * float_step + 1e-6;
    }

    void pack_laws() {
        std::vector<float> sigma, bound, top;
        std::vector<std::int32_t> row;
        double most_sigma = 0.0, most_shift = 0.0;
        const std::vector<std::int32_t> rows = pack_counts(most_sigma, most_shift);
        const auto error = static_cast<float>(position_bound(most_sigma, most_shift));
        for (int k = 0; k < 4 * layer_.quads; ++k) {
            const bool real = k < layer_.conversions && plan_.conversions[k].through_adc &&
                              plan_.conversions[k].noisy;
            const int cycle = k % layer_.cycles;
            const CycleLawView law = plan_.law[cycle]->view();
            sigma.push_back(real ? static_cast<float>(draw_sigma(law, 0)) : 0.0F);
            bound.push_back(real ? error - 0.5F : -1e30F);  // what nobody reads is settled
            row.push_back(rows[cycle]);
            top.push_back(static_cast<float>(law.scale.code_max));
        }
        for (int quad = 0; quad < layer_.quads; ++quad)
            for (int half = 0; half < 2; ++half) {
                const std::size_t k = static_cast<std::size_t>(4 * quad + half);
                filter_.sigma.push_back(pair_of(sigma[k], sigma[k + 2]));
                filter_.bound.push_back(pair_of(bound[k], bound[k + 2]));
                filter_.top.push_back(pair_of(top[k], top[k + 2]));
                filter_.count_row.push_back(pair_of(row[k], row[k + 2]));
            }
    }

    // Sigma and shift by count where some cycle needs them; returns the first entry per cycle.
    std::vector<std::int32_t> pack_counts(double& most_sigma, double& most_shift) {
        std::vector<std::int32_t> rows;
        bool by_count = false;
        for (int j = 0; j < plan_.cycles.count; ++j) {
            const CycleLawView law = plan_.law[j]->view();
            by_count |= law.noise.nonlinear != 0.0 || law.sigma != nullptr || law.shift != nullptr;
        }
        for (int j = 0; j < plan_.cycles.count; ++j) {
            const CycleLawView law = plan_.law[j]->view();
            const auto same = std::find(plan_.law.begin(), plan_.law.begin() + j, plan_.law[j]);
            const auto earlier = same - plan_.law.begin();
            rows.push_back(earlier < j ? rows[static_cast<std::size_t>(earlier)]
                                       : static_cast<std::int32_t>(filter_.sigma_at.size()));
            most_sigma = std::max(most_sigma, draw_sigma(law, 0));
            if (!by_count || earlier < j) continue;
            for (std::int64_t s = 0; s <= law.scale.full_scale; ++s) {
                const double sigma = draw_sigma(law, s);
                const double shift = law.shift == nullptr ? 0.0 : law.shift[s];
                filter_.sigma_at.push_back(static_cast<float>(sigma));
                filter_.shift_at.push_back(static_cast<float>(shift));
                most_sigma = std::max(most_sigma, sigma);
                most_shift = std::max(most_shift, std::fabs(shift));
            }
        }
        return rows;
    }

    SimdLayer& layer_;
    const LayerPlan& plan_;
    ChipFilter& filter_;
    Extent extent_;
    int row_of_adc_ = 0;  // cells
};

}  // namespace

bool chip_loops_serve(const LayerPlan& plan) {
    for (int j = 0; j < plan.cycles.count; ++j)
        if (plan.cycles.width[j] > 8) return false;
    const bool dac_errors = plan.drives_dacs() && plan.macro.input_dac.any();
    return plan.channels && !plan.macro.weight_parallel && !dac_errors;
}

void pack_chip(SimdLayer& layer, const LayerPlan& plan, std::span<const std::int8_t> weights,
               const ProductSite& site) {
    const auto filter = std::make_shared<ChipFilter>(ChipLayer(plan, layer.outputs, site));
    Packer(layer, plan, *filter).pack(weights);
    layer.sampler = filter->filtered ? Sampler::chip_filter : Sampler::chip_model;
    layer.chip = filter;
}

}  // namespace acim
