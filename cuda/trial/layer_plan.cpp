// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/layer_plan.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>

#include "cuda/model/random/noise_key.hpp"

namespace acim {

static_assert(max_conversions <= 1 << CounterWidths::k);

namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

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

bool noise_free(const NoiseParams& noise) {
    return !noise.inject.active && noise.random.sigma == 0.0 && noise.nonlinear.sigma == 0.0;
}

// The reference path multiplies sigma in int64: far below its limit noise drowns every code. What
// is smaller than the least step of sigma is no noise and must be written so.
void check_noise(const MacroParams& macro, const CycleLayout& cycles) {
    constexpr double least = 1e-6, limit = 32768.0;
    if (noise_free(macro.noise)) return;
    for (int j = 0; j < cycles.count; ++j) {
        const AdcScale scale = adc_scale(macro.adc, macro.rows, cycles.width[j]);
        const FreshNoise noise = fresh_noise(macro.noise, scale, macro.rows);
        const double most = total_sigma(noise, 0), smallest = total_sigma(noise, scale.full_scale);
        require(macro.noise.random.sigma >= 0.0 && macro.noise.nonlinear.sigma >= 0.0 &&
                    (smallest >= least || macro.noise.inject.active) && most <= limit,
                "macro.noise must be 0 or have a sigma from 1e-6 to 32768 LSB of the ADC at every "
                "sum; this one has " +
                    short_number(smallest) + " to " + short_number(most) + " LSB");
    }
}

bool lossless(const MacroParams& macro, const CycleLayout& cycles) {
    for (int j = 0; j < cycles.count; ++j)
        if (!is_lossless(adc_scale(macro.adc, macro.rows, cycles.width[j]), macro.adc))
            return false;
    return true;
}

bool table_fits(const MacroParams& macro, const CycleLayout& cycles) {
    for (int j = 0; j < cycles.count; ++j) {
        const AdcScale scale = adc_scale(macro.adc, macro.rows, cycles.width[j]);
        if (total_sigma(fresh_noise(macro.noise, scale, macro.rows), 0) > max_table_sigma)
            return false;
        if ((std::int64_t{scale.full_scale} + 1) * cell_columns * 4 > max_table_bytes) return false;
    }
    return true;
}

// The path is a pure function of the settings (SPEC section 7); it decides the random stream.
SamplingPath choose_path(const LayerSettings& s, const CycleLayout& cycles) {
    if (!s.analog) return SamplingPath::product;
    const MacroParams& m = s.macro;
    if (m.noise.inject.active) return SamplingPath::lut;
    if (s.path == PathRequest::fixed) return SamplingPath::fixed;
    if (noise_free(m.noise) && s.path == PathRequest::table) return SamplingPath::lut;
    if (noise_free(m.noise))
        return lossless(m, cycles) && m.hybrid.levels == 0 ? SamplingPath::product
                                                           : SamplingPath::lut;
    if (!table_fits(m, cycles)) return SamplingPath::fixed;
    return SamplingPath::table;
}

void plan_conversions(LayerPlan& plan, const MacroParams& macro) {
    const HybridParams& hybrid = macro.hybrid;
    for (int i = 0; i < plan.weight_bits; ++i) {
        for (int j = 0; j < plan.cycles.count; ++j) {
            const std::int64_t place = place_value(plan.cycles, plan.weight_bits, i, j);
            const bool top = is_top_level(hybrid.levels, plan.weight_bits, plan.cycles.count, i, j);
            ConversionPlan c{i, j, !top || hybrid.asim_rounding, !top, place};
            if (c.through_adc) {
                c.weight = code_weight(macro.adc, plan.cycles, place, j);
                ++plan.converted;
            }
            plan.conversions.push_back(c);
        }
    }
}

// y = A*num/den + D + offset: constants of SPEC section 3.
OutputScale output_scale(const LayerPlan& plan, const MacroParams& macro) {
    OutputScale out;
    const std::int64_t top = (std::int64_t{1} << macro.adc.bits) - 1;
    if (macro.adc.range == AdcRange::counts) return out;
    const std::int64_t span =
        macro.adc.range == AdcRange::window ? macro.adc.hi - macro.adc.lo : 65536;
    const std::int64_t num = macro.rows * span, den = 65536 * top;
    const std::int64_t g = greatest_common_divisor(num, den);
    out.num = static_cast<double>(num / g);
    out.den = static_cast<double>(den / g);
    if (macro.adc.range == AdcRange::window) {
        std::int64_t codes = 0;  // sum of the code weights of one row group
        for (const ConversionPlan& c : plan.conversions)
            if (c.through_adc) codes += c.weight;
        out.offset = static_cast<double>(codes * plan.groups) * macro.rows * macro.adc.lo / 65536.0;
    }
    return out;
}

}  // namespace

LayerPlan describe_layer(const LayerSettings& settings, const LayerShape& shape) {
    check_ranges(settings, shape);
    LayerPlan plan;
    plan.analog = settings.analog;
    plan.weight_bits = settings.weight_bits;
    plan.activation_bits = settings.activation_bits;
    plan.cycles =
        cycle_layout(settings.activation_bits, settings.macro.bits_per_cycle, shape.is_signed);
    if (settings.analog) check_noise(settings.macro, plan.cycles);
    plan.rows = settings.macro.rows;
    plan.group_rows = settings.analog ? rows_used(settings.macro, shape) : settings.macro.rows;
    plan.depth = shape.depth;
    plan.groups = (shape.depth + plan.group_rows - 1) / plan.group_rows;
    require(plan.groups < 1 << CounterWidths::group,
            "the layer needs more than 65535 row groups; raise macro.rows");
    plan.path = choose_path(settings, plan.cycles);
    plan.random =
        settings.analog && !settings.macro.noise.inject.active && !noise_free(settings.macro.noise);
    plan_conversions(plan, settings.macro);
    plan.output = output_scale(plan, settings.macro);
    plan.product_to_codes_num = static_cast<std::int64_t>(plan.output.den);
    plan.product_to_codes_den = static_cast<std::int64_t>(plan.output.num);
    return plan;
}

LayerPlan make_layer_plan(const LayerSettings& settings, const LayerShape& shape,
                          CycleLawCache& cache) {
    LayerPlan plan = describe_layer(settings, shape);
    if (!plan.analog) return plan;
    for (int j = 0; j < plan.cycles.count; ++j) {
        const int width = plan.cycles.width[j];
        // `product` makes no codes; its lut serves whoever asks for them.
        plan.law[j] = cache.get(plan.path == SamplingPath::product ? SamplingPath::lut : plan.path,
                                settings.macro, width);
        if (settings.macro.hybrid.asim_rounding) {
            MacroParams quiet = settings.macro;
            quiet.noise = {};
            plan.rounding[j] = cache.get(SamplingPath::lut, quiet, width);
        }
    }
    return plan;
}

}  // namespace acim
