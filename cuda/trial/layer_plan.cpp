// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/layer_plan.hpp"

#include <algorithm>
#include <string>

#include "cuda/model/macro/array_place.hpp"
#include "cuda/model/macro/vote.hpp"
#include "cuda/model/random/noise_key.hpp"
#include "cuda/trial/adc_checks.hpp"
#include "cuda/trial/aidac_layer.hpp"
#include "cuda/trial/measured_chip.hpp"
#include "cuda/trial/require.hpp"

namespace acim {

static_assert(max_column_conversions <= 1 << CounterWidths::k);
static_assert(max_votes <= 1 << CounterWidths::vote);

namespace {

void check_ranges(const LayerSettings& s, const LayerShape& shape) {
    const MacroParams& m = s.macro;
    require(s.weight_bits >= 1 && s.weight_bits <= max_weight_bits, "weight_bits must be 1 to 8");
    require(s.activation_bits >= 1 + shape.is_signed && s.activation_bits <= max_activation_bits,
            shape.is_signed ? "activation_bits must be 2 to 9 for signed activations"
                            : "activation_bits must be 1 to 9");
    require(m.rows >= 1 && m.rows <= 4096, "macro.rows must be 1 to 4096");
    require(m.bits_per_cycle >= 1, "macro.bits_per_cycle must be 1 or more");
    if (!s.analog) return;  // the rest of the macro is not used
    require(m.adc.bits >= 1 && m.adc.bits <= 14, "macro.adc.bits must be 1 to 14");
    require(m.adc.range != AdcRange::window ||
                (0 <= m.adc.lo && m.adc.lo < m.adc.hi && m.adc.hi <= 65536),
            "macro.adc.range must be [lo, hi] with 0 <= lo < hi <= 1");
    require(m.adc.range != AdcRange::percentile && m.adc.range != AdcRange::csnr,
            "macro.adc.range has not been calibrated for this layer");
    const int drive = s.activation_bits - (shape.is_signed ? 1 : 0);
    require(m.bits_per_cycle <= drive,
            "macro.bits_per_cycle is " + std::to_string(m.bits_per_cycle) + ", but " +
                (shape.is_signed ? "signed " : "") + "activations of " +
                std::to_string(s.activation_bits) + " bits can drive at most " +
                std::to_string(drive) + " bits a cycle");
}

// Rows that a full group uses under the mapping.
int rows_used(const MacroParams& macro, const LayerShape& shape) {
    if (macro.mapping == RowMapping::dense) return macro.rows;
    require(macro.rows >= shape.window,
            "macro.rows is " + std::to_string(macro.rows) +
                ", but mapping whole_channels needs at least one whole window of " +
                std::to_string(shape.window) + " rows; raise macro.rows or take mapping: dense");
    return macro.rows / shape.window * shape.window;
}

// Least and largest sigma of the fresh draw over cycles and sums [LSB].
struct SigmaRange {
    double least = 1e300, most = 0.0;
    bool any = false;  // some term is on
};

SigmaRange sigma_range(const LayerPlan& plan) {
    const MacroParams& macro = plan.macro;
    SigmaRange range;
    if (macro.noise.inject.active) return {0.0, 0.0, false};
    const MeasuredErrorTable* measured =
        macro.measured.scope == ErrorScope::fresh ? macro.measured.table.get() : nullptr;
    for (int j = 0; j < plan.cycles.count; ++j) {
        const AdcScale scale = cycle_scale(macro, plan.weight_bits, plan.cycles.width[j]);
        const FreshNoise noise = fresh_noise(macro, scale, plan.weight_bits);
        range.any |= noise.any();
        double low = total_sigma(noise, scale.full_scale), high = total_sigma(noise, 0);
        if (measured != nullptr) {
            const auto [least, most] = std::ranges::minmax(measured->sigma);
            range.any |= most > 0.0;
            low = std::max(low, least);
            high += most;
        }
        range.least = std::min(range.least, low);
        range.most = std::max(range.most, high);
    }
    return range;
}

// The reference path multiplies sigma in int64: far below its limit noise drowns every code. What
// is smaller than the least step of sigma is no noise and must be written so.
void check_noise(const LayerPlan& plan, const SigmaRange& sigma) {
    constexpr double least = 1e-6, limit = 32768.0;
    const NoiseParams& noise = plan.macro.noise;
    require(noise.random.sigma >= 0.0 && noise.nonlinear.sigma >= 0.0,
            "macro.noise must not have a negative sigma");
    if (!sigma.any) return;
    const bool measured = plan.macro.measured.table != nullptr;
    require((sigma.least >= least || measured) && sigma.most <= limit,
            "macro.noise and the other fresh terms must be 0 or have a sigma from 1e-6 to 32768 "
            "LSB of the ADC at every sum; this layer has " +
                short_number(sigma.least) + " to " + short_number(sigma.most) + " LSB");
}

void check_measured(const LayerPlan& plan) {
    const MeasuredErrorTable* table = plan.macro.measured.table.get();
    if (table == nullptr) return;
    for (int j = 0; j < plan.cycles.count; ++j) {
        const auto span =
            cycle_scale(plan.macro, plan.weight_bits, plan.cycles.width[j]).full_scale;
        require(!table->sum.empty() && table->sum.front() <= 0.0 && table->sum.back() >= span,
                "macro.measured.file: '" + table->file + "' covers sums " +
                    (table->sum.empty() ? std::string("of nothing")
                                        : short_number(table->sum.front()) + " to " +
                                              short_number(table->sum.back())) +
                    ", but the columns of this layer sum 0 to " + std::to_string(span) +
                    " counts; measure the whole range or lower macro.rows");
    }
}

void check_weight_parallel(const LayerPlan& plan) {
    const MacroParams& m = plan.macro;
    if (plan.analog && m.weight_parallel) {
        require(plan.weight_bits >= 2, "macro.weight_parallel needs weights of two bits and more");
        require(m.adc.bits >= 2,
                "macro.weight_parallel needs an ADC of two bits and more, one for "
                "the sign");
        require(m.weight_encoding == WeightEncoding::twos_complement,
                "macro.weight_parallel works with weight_encoding: twos_complement only");
        require(m.adc.range == AdcRange::full,
                "macro.weight_parallel works with adc.range: full only");
        require(m.noise.nonlinear.sigma == 0.0 && !m.measured.table,
                "macro.weight_parallel has no single sum that noise.nonlinear or a measured "
                "distribution could depend on; remove them");
        require(!m.adc_errors.table,
                "macro.weight_parallel has signed codes; adc_errors.table lists those from 0");
        require(!m.hybrid.asim_rounding, "macro.weight_parallel has no hybrid.asim_rounding");
    }
}

void check_columns(const LayerPlan& plan) {
    const MacroParams& m = plan.macro;
    require(!plan.channels || outputs_per_array(m.array, plan.columns.count) >= 1,
            "macro.array.columns is " + std::to_string(m.array.columns) +
                ", but one output takes " + std::to_string(plan.columns.count) +
                " columns; raise it");
    require(m.voting.samples >= 1 && m.voting.samples <= max_votes,
            "macro.voting.samples must be 1 to 64");
}

bool lossless(const LayerPlan& plan) {
    for (int j = 0; j < plan.cycles.count; ++j)
        if (!is_lossless(cycle_scale(plan.macro, plan.weight_bits, plan.cycles.width[j]),
                         plan.macro.adc))
            return false;
    return true;
}

bool table_fits(const LayerPlan& plan, const SigmaRange& sigma) {
    if (sigma.most > max_table_sigma || sigma.least <= 0.0) return false;
    for (int j = 0; j < plan.cycles.count; ++j) {
        const AdcScale scale = cycle_scale(plan.macro, plan.weight_bits, plan.cycles.width[j]);
        if ((std::int64_t{scale.full_scale} + 1) * cell_columns * 4 > max_table_bytes) return false;
    }
    return true;
}

// Terms that give one chip other results than the next.
bool differs_by_chip(const LayerPlan& plan) {
    const MacroParams& m = plan.macro;
    const ColumnTerms& t = plan.terms;
    bool dac = plan.drives_dacs() && m.input_dac.inl != 0.0;
    bool mismatch = t.mismatch != 0.0;
    if (m.chip) {  // what is measured differs where several chips were
        if (m.chip->chips() > 1) return true;
        mismatch = mismatch && !m.chip->cells.any();
        dac = dac && !m.chip->drivers.any();
    }
    return mismatch || t.parasitic_variation != 0.0 || t.injection_variation != 0.0 || dac ||
           m.adc_errors.draws_static() ||
           (m.measured.table && m.measured.scope == ErrorScope::chip);
}

// The sum alone does not decide the code's law, or the law fits no table of cells.
bool needs_channels(const LayerPlan& plan, const SigmaRange& sigma) {
    const bool dac = plan.drives_dacs() && plan.macro.input_dac.any();
    return plan.per_chip || plan.terms.any_static() || dac || plan.macro.adc_errors.table ||
           plan.macro.chip || plan.macro.weight_parallel || (sigma.any && sigma.least < 1e-6);
}

// Neither the sum nor the chip nor a vote matters, and errors are rare.
bool events_serve(const LayerPlan& plan, const SigmaRange& sigma) {
    bool any = false;
    for (const ConversionPlan& c : plan.conversions) {
        if (c.votes != 1) return false;
        any |= c.is_noisy();
    }
    return any && lossless(plan) && sigma.least == sigma.most && !plan.terms.any_fixed() &&
           !plan.macro.measured.table && error_probability(sigma.most) <= most_event_probability;
}

// On path events A holds the errors alone and D the integer product.
void add_events(LayerPlan& plan) {
    plan.events = std::make_shared<const EventLaw>(draw_sigma(plan.law[0]->view(), 0),
                                                   static_cast<int>(plan.conversions.size()));
}

// The path is a pure function of the settings (SPEC section 7); it decides the random stream.
SamplingPath choose_path(const LayerPlan& plan, PathRequest request, const SigmaRange& sigma) {
    const MacroParams& m = plan.macro;
    if (m.noise.inject.active) return plan.channels ? SamplingPath::chip : SamplingPath::lut;
    if (request == PathRequest::fixed) return SamplingPath::fixed;
    if (plan.channels) return SamplingPath::chip;
    if (sigma.any && request == PathRequest::automatic && events_serve(plan, sigma))
        return SamplingPath::events;
    if (sigma.any) return table_fits(plan, sigma) ? SamplingPath::table : SamplingPath::fixed;
    const bool exact = lossless(plan) && m.hybrid.levels == 0 && plan.input_correction == 0 &&
                       !plan.terms.any_fixed() && !m.measured.table;
    return exact && request == PathRequest::automatic ? SamplingPath::product : SamplingPath::lut;
}

void plan_conversions(LayerPlan& plan) {
    const MacroParams& macro = plan.macro;
    const bool parallel = macro.weight_parallel;
    const bool voting = macro.voting.any();
    const bool averaged = voting && macro.voting.combine == VoteCombination::mean;
    const int levels = parallel ? 1 : plan.columns.levels;
    for (int i = 0; i < (parallel ? 1 : plan.columns.count); ++i) {
        for (int j = 0; j < plan.cycles.count; ++j) {
            const int bit = parallel ? 0 : plan.columns.bit[i];
            const bool top = is_top_level(macro.hybrid.levels, levels, plan.cycles.count, bit, j);
            const bool voted = voting && !top &&
                               is_top_level(macro.voting.levels, levels, plan.cycles.count, bit, j);
            const std::int64_t place = parallel ? cycle_place_value(plan.cycles, j)
                                                : place_value(plan.cycles, plan.columns, i, j);
            ConversionPlan c{i, j, !top || macro.hybrid.asim_rounding, !top, place, 1, 1};
            if (c.through_adc) {
                c.weight = code_weight(macro.adc, plan.cycles, place, j);
                if (averaged && !voted) c.weight *= macro.voting.samples;
                if (voted) c.votes = c.taken = macro.voting.samples;
                plan.converted += c.votes;
            }
            plan.conversions.push_back(c);
        }
    }
}

// y = A*num/den + D + offset: constants of SPEC section 3. For xnor everything stands in halves.
OutputScale output_scale(const LayerPlan& plan) {
    const MacroParams& macro = plan.macro;
    const bool xnor = macro.weight_encoding == WeightEncoding::xnor;
    OutputScale out;
    std::int64_t num = 1, den = 1;
    std::int64_t codes = 0;   // sum of the code weights of one row group
    std::int64_t centre = 0;  // and of place * FS over its ADC conversions
    for (const ConversionPlan& c : plan.conversions) {
        if (!c.through_adc) continue;
        const int votes = macro.voting.any() && macro.voting.combine == VoteCombination::mean
                              ? macro.voting.samples
                              : 1;
        codes += c.votes == 1 ? c.weight / votes : c.weight;
        centre += place_value(plan.cycles, plan.columns, c.plane, c.cycle) *
                  full_scale(plan.rows, plan.cycles.width[c.cycle]);
    }
    if (macro.weight_parallel) {
        num = macro.rows * parallel_span(plan.weight_bits);
        den = (std::int64_t{1} << (macro.adc.bits - 1)) - 1;
    } else if (macro.adc.range != AdcRange::counts) {
        const bool window = macro.adc.range == AdcRange::window;
        const std::int64_t span = window ? macro.adc.hi - macro.adc.lo : 65536;
        num = macro.rows * span * (xnor ? 2 : 1);
        den = 65536 * ((std::int64_t{1} << macro.adc.bits) - 1);
        if (window)
            out.offset = static_cast<double>(codes * plan.groups) * macro.rows * (xnor ? 2 : 1) *
                         macro.adc.lo / 65536.0;
    }
    if (macro.voting.any() && macro.voting.combine == VoteCombination::mean)
        den *= macro.voting.samples;
    if (xnor) {
        den *= 2;
        out.offset = (out.offset - static_cast<double>(centre * plan.groups)) * 0.5;
        out.digital_unit = 0.5;
    }
    const std::int64_t g = greatest_common_divisor(num, den);
    out.num = static_cast<double>(num / g);
    out.den = static_cast<double>(den / g);
    return out;
}

void plan_path(LayerPlan& plan, PathRequest request) {
    check_volts(plan);
    const SigmaRange sigma = sigma_range(plan);
    check_noise(plan, sigma);
    check_measured(plan);
    check_adc_table(plan);
    plan.channels = needs_channels(plan, sigma);
    check_columns(plan);
    plan.path = choose_path(plan, request, sigma);
    plan.random = sigma.any && plan.converted > 0;
    plan.per_chip = plan.per_chip && plan.converted > 0;
    if (!plan.random)  // equal votes need no drawing, but they are taken and paid for
        for (ConversionPlan& c : plan.conversions) {
            if (c.votes > 1 && plan.macro.voting.combine == VoteCombination::mean)
                c.weight *= c.votes;
            c.votes = 1;
        }
}

// The macro without any error, as ASiM rounds its digital conversions.
MacroParams rounding_macro(const MacroParams& macro) {
    MacroParams quiet;
    quiet.rows = macro.rows;
    quiet.weight_encoding = macro.weight_encoding;
    quiet.adc = macro.adc;
    return quiet;
}

}  // namespace

LayerPlan describe_layer(const LayerSettings& settings, const LayerShape& shape) {
    check_ranges(settings, shape);
    LayerPlan plan;
    plan.analog = settings.analog;
    plan.weight_bits = settings.weight_bits;
    plan.activation_bits = settings.activation_bits;
    plan.macro = settings.macro;
    plan.depth = shape.depth;
    if (plan.analog && plan.macro.kind == MacroKind::aidac) {
        plan_aidac(plan, settings, shape);
        return plan;
    }
    plan.cycles =
        cycle_layout(settings.activation_bits, settings.macro.bits_per_cycle, shape.is_signed);
    plan.columns = column_layout(settings.macro.weight_encoding, settings.weight_bits);
    plan.rows = settings.macro.rows;
    plan.group_rows = settings.analog ? rows_used(settings.macro, shape) : settings.macro.rows;
    plan.groups = (shape.depth + plan.group_rows - 1) / plan.group_rows;
    require(plan.groups < 1 << CounterWidths::group,
            "the layer needs more than 65535 row groups; raise macro.rows");
    check_weight_parallel(plan);
    plan_conversions(plan);
    plan.output = output_scale(plan);
    if (!plan.analog) {
        plan.path = SamplingPath::product;
        return plan;
    }
    plan.macro = with_measured_chip(settings.macro);
    check_measured_chip(plan);
    plan.terms = column_terms(plan.macro);
    if (const auto& chip = plan.macro.chip; chip && chip->cells.any())
        plan.terms.mismatch = chip->cell_step;
    plan.per_chip = differs_by_chip(plan);
    plan.input_correction = input_correction(settings.macro.weight_encoding, settings.weight_bits);
    check_edges(plan, shape);
    plan_path(plan, settings.path);
    plan.product_to_codes_num = static_cast<std::int64_t>(plan.output.den);
    plan.product_to_codes_den = static_cast<std::int64_t>(plan.output.num);
    if (plan.path == SamplingPath::events) plan.output.set_product_digital();
    return plan;
}

LayerPlan make_layer_plan(const LayerSettings& settings, const LayerShape& shape,
                          CycleLawCache& cache) {
    LayerPlan plan = describe_layer(settings, shape);
    if (!plan.analog || plan.macro.kind == MacroKind::aidac) return plan;
    for (int j = 0; j < plan.cycles.count; ++j) {
        const int width = plan.cycles.width[j];
        // `product` makes no codes; its lut serves whoever asks for them.
        plan.law[j] = cache.get(plan.path == SamplingPath::product ? SamplingPath::lut : plan.path,
                                plan.macro, plan.weight_bits, width);
        if (settings.macro.hybrid.asim_rounding)
            plan.rounding[j] = cache.get(SamplingPath::lut, rounding_macro(settings.macro),
                                         plan.weight_bits, width);
    }
    if (plan.path == SamplingPath::events) add_events(plan);
    return plan;
}

}  // namespace acim
