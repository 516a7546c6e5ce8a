// SPDX-License-Identifier: Apache-2.0
// Encodings, votes, weight-parallel conversion and the terms of a chip in the reference kernel,
// against plain loops in long double.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "cuda/model/macro/vote.hpp"
#include "cuda/trial/chip_layer.hpp"
#include "cuda/trial/product_kernel.hpp"
#include "tests/trial/plain_product.hpp"

namespace acim {
namespace {

using testing_reference::PlainLayer;

struct Seen {
    std::int64_t s = 0, code = 0;
};

// Keeps every conversion by (output, pixel, group, k).
struct Notebook : ConversionObserver {
    std::map<std::array<int, 4>, Seen> seen;
    void observe(int output, int pixel, int group, int k, std::int64_t s,
                 std::int64_t code) override {
        seen[{output, pixel, group, k}] = {s, code};
    }
};

struct Outputs {
    LayerPlan plan;
    std::vector<double> y;
    std::vector<std::int64_t> exact;
    Notebook notes;
};

PlainLayer random_layer(const LayerSettings& settings, const LayerShape& shape, int pixels,
                        unsigned seed) {
    std::mt19937 draw(seed);
    PlainLayer layer{settings, shape, pixels, {}, {}};
    const int top = (1 << (settings.weight_bits - 1)) - 1;
    for (int n = 0; n < shape.outputs * shape.depth; ++n)
        layer.weights.push_back(static_cast<std::int8_t>(
            settings.weight_bits == 1 ? draw() % 2 : draw() % (2u * top + 1) - top));
    const int bits = settings.activation_bits - shape.is_signed;
    for (int n = 0; n < pixels * shape.depth; ++n) {
        const int x = static_cast<int>(draw() % (1u << bits));
        layer.inputs.push_back(
            static_cast<std::int16_t>(shape.is_signed && draw() % 2 != 0 ? -x : x));
    }
    return layer;
}

constexpr std::uint64_t seed = 5;
const OutputMap map{0, 100, 1};

ProductSite site_on(std::uint32_t chip, int outputs) {
    ProductSite site;
    site.chip = chip_key(seed, chip);
    site.outputs = outputs;
    return site;
}

Outputs run_layer(const PlainLayer& layer, std::uint32_t repeat = 0, std::uint32_t chip = 0) {
    CycleLawCache cache;
    Outputs out;
    out.plan = make_layer_plan(layer.settings, layer.shape, cache);
    const std::size_t count = static_cast<std::size_t>(layer.shape.outputs) * layer.pixels;
    std::vector<std::int64_t> analog(count), digital(count);
    out.exact.resize(count);
    const auto kernel = make_reference_kernel(&out.notes);
    const auto packed = kernel->pack(out.plan, layer.shape.outputs, layer.weights,
                                     site_on(chip, layer.shape.outputs));
    kernel->run(out.plan, *packed, layer.shape.outputs, layer.pixels, layer.inputs, map,
                {trial_key(seed, chip, repeat), 0, 9}, {analog, digital, out.exact});
    for (std::size_t i = 0; i < count; ++i)
        out.y.push_back(product_value(out.plan, analog[i], digital[i], out.exact[i]));
    return out;
}

// A lossless ADC returns the integer product whatever the weights look like in the array.
TEST(ChannelKernel, EveryEncodingIsExactWhereCodesAre) {
    for (const auto encoding : {WeightEncoding::twos_complement, WeightEncoding::offset_binary,
                                WeightEncoding::differential, WeightEncoding::xnor})
        for (const int e : {1, 3})
            for (const bool is_signed : {false, true})
                for (const int hybrid : {0, 3}) {
                    LayerSettings s;
                    s.weight_bits = 5;
                    s.activation_bits = 6;
                    s.macro.rows = 40;
                    s.macro.mapping = RowMapping::dense;
                    s.macro.bits_per_cycle = e;
                    s.macro.weight_encoding = encoding;
                    s.macro.adc = {10, AdcRange::counts};
                    s.macro.hybrid.levels = hybrid;
                    s.path = PathRequest::table;
                    const Outputs out = run_layer(random_layer(s, {3, 90, 1, is_signed}, 2, 1));
                    EXPECT_EQ(out.plan.path, SamplingPath::lut);
                    for (std::size_t i = 0; i < out.y.size(); ++i)
                        ASSERT_EQ(out.y[i], static_cast<double>(out.exact[i]))
                            << static_cast<int>(encoding) << e << is_signed << hybrid;
                }
}

// The other ranges decode within half a step of every conversion.
TEST(ChannelKernel, EncodingsDecodeWithinTheQuantisation) {
    for (const auto encoding :
         {WeightEncoding::offset_binary, WeightEncoding::differential, WeightEncoding::xnor})
        for (const AdcRange range : {AdcRange::full, AdcRange::window}) {
            LayerSettings s;
            s.weight_bits = 4;
            s.activation_bits = 4;
            s.macro.rows = 50;
            s.macro.mapping = RowMapping::dense;
            s.macro.bits_per_cycle = 2;
            s.macro.weight_encoding = encoding;
            s.macro.adc = {12, range, 0, range == AdcRange::window ? 65000 : 65536};
            const Outputs out = run_layer(random_layer(s, {4, 120, 1, false}, 3, 2));
            const double span = encoding == WeightEncoding::xnor ? 2.0 : 1.0;
            // Sum of |place| times half an LSB in units of the product, all groups.
            const double lsb = span * 150.0 / 4095 / (encoding == WeightEncoding::xnor ? 2 : 1);
            double places = 0;
            for (int i = 0; i < out.plan.columns.count; ++i)
                for (int j = 0; j < 2; ++j) places += std::exp2(out.plan.columns.bit[i] + 2 * j);
            for (std::size_t i = 0; i < out.y.size(); ++i)
                ASSERT_LE(std::abs(out.y[i] - static_cast<double>(out.exact[i])),
                          out.plan.groups * places * lsb * 0.5000001);
        }
}

// Votes are the codes of the same place with another vote number, combined.
TEST(ChannelKernel, VotesAreCombinedWhereTheirLevelsSay) {
    for (const auto rule :
         {VoteCombination::mode, VoteCombination::median, VoteCombination::mean}) {
        LayerSettings s;
        s.macro.rows = 30;
        s.macro.mapping = RowMapping::dense;
        s.macro.noise.random.sigma = 1.0;
        s.macro.adc.bits = 6;
        s.macro.hybrid.levels = 1;
        s.macro.voting = {3, 4, rule};
        const PlainLayer layer = random_layer(s, {2, 30, 1, false}, 1, 3);
        const Outputs out = run_layer(layer);
        EXPECT_EQ(out.plan.converted, 64 - 1 + 3 * 5);
        const PhiloxKey key = trial_key(seed, 0, 0);
        for (const auto& [at, note] : out.notes.seen) {
            const int i = at[3] / 8, j = at[3] % 8;
            if (i + j > 8 + 8 - 1 - 2) {
                EXPECT_EQ(note.code, no_code(out.plan));
                continue;
            }
            const int n = i + j > 8 + 8 - 3 - 2 ? 4 : 1;
            const FreshPlace place{static_cast<std::uint32_t>(100 * at[0]), 0, 9, 0};
            std::vector<std::int32_t> votes;
            for (int v = 0; v < n; ++v)
                votes.push_back(table_code(out.plan.law[j]->view(), note.s, key, place,
                                           static_cast<std::uint32_t>(at[3]),
                                           static_cast<std::uint32_t>(v)));
            const auto code = n == 1 ? votes[0] : combine_votes(rule, votes.data(), n);
            ASSERT_EQ(note.code, code) << at[3];
        }
    }
}

// Averaged votes and single conversions decode to the same product: without noise exactly.
TEST(ChannelKernel, MeanOfVotesKeepsTheScale) {
    for (const double sigma : {0.0, 1e-3}) {
        LayerSettings s;
        s.macro.noise.random.sigma = sigma;  // 1e-3 LSB errs once in 10^100000 draws
        s.macro.voting = {4, 5, VoteCombination::mean};
        s.path = PathRequest::table;
        const Outputs out = run_layer(random_layer(s, {3, 300, 1, false}, 2, 4));
        for (std::size_t i = 0; i < out.y.size(); ++i)
            EXPECT_EQ(out.y[i], static_cast<double>(out.exact[i]));
    }
}

// All planes at once: S = sum_i +-2^i s_i, c = rne(S/F*(2^(B-1)-1)).
TEST(ChannelKernel, WeightParallelConvertsTheSignedSum) {
    LayerSettings s;
    s.weight_bits = s.activation_bits = 4;
    s.macro.rows = 60;
    s.macro.mapping = RowMapping::dense;
    s.macro.adc.bits = 9;
    s.macro.weight_parallel = true;
    s.macro.hybrid.levels = 1;
    const PlainLayer layer = random_layer(s, {5, 100, 1, false}, 3, 6);
    const Outputs out = run_layer(layer);
    ASSERT_EQ(out.plan.conversions.size(), 4u);
    EXPECT_EQ(out.plan.converted, 3);
    const double full = 60.0 * 7;
    for (int m = 0; m < 5; ++m)
        for (int p = 0; p < 3; ++p) {
            double y = 0;
            for (int g = 0; g < 2; ++g)
                for (int j = 0; j < 4; ++j) {
                    std::int64_t sum = 0;
                    for (int r = 60 * g; r < std::min(60 * g + 60, 100); ++r)
                        sum += layer.weights[m * 100 + r] * (layer.inputs[p * 100 + r] >> j & 1);
                    const Seen note = out.notes.seen.at({m, p, g, j});
                    ASSERT_EQ(note.s, sum);
                    if (j == 3) {
                        y += std::ldexp(static_cast<double>(sum), j);
                        continue;
                    }
                    ASSERT_EQ(note.code, std::llrint(static_cast<double>(sum) / full * 255.0));
                    y += std::ldexp(static_cast<double>(note.code) * full / 255.0, j);
                }
            EXPECT_NEAR(out.y[m * 3 + p], y, 1e-9 * full * 16);
        }
}

// Everything static at once, from the formulas of the terms, in long double.
struct Expected {
    const LayerPlan& plan;
    const ChipLayer& chip;
    const PlainLayer& layer;

    long double position(int m, int p, int g, int i, int j, long double& previous) const {
        const MacroParams& mac = layer.settings.macro;
        const int n = mac.rows, depth = layer.shape.depth, low = 2 * j;
        const long double cu = mac.cell.unit_capacitance;
        const long double r = mac.cell.parasitic_ratio;
        const long double step = mac.cell.mismatch / std::sqrt(cu) / 16;
        const auto& column = chip.column(g, m, i);
        long double charge = 0, total = 0;
        for (int k = 0; k < n; ++k) total += 1 + step * chip.cells(g, m, i)[k];
        for (int k = g * n; k < std::min(g * n + n, depth); ++k) {
            const int bit = layer.weights[m * depth + k] >> i & 1;
            const int x = layer.inputs[p * depth + k] >> low & 3;
            const long double q = chip.drivers(column.drivers)[k - g * n];
            const long double inl = mac.input_dac.inl * q / 16 * 4 * (x / 3.0L) * (1 - x / 3.0L);
            charge += bit * (x * (1 + step * chip.cells(g, m, i)[k - g * n]) + inl);
        }
        long double v = (1 + r) * charge / ((total + r * n) * 3);
        v += column.injection - mac.switches.injection_gain * v +
             mac.switches.injection_curvature * v * v;
        v += mac.switches.settling_error * (previous - v);
        v -= mac.cell.leakage * mac.cell.hold_time / (cu * mac.v_ref);
        previous = v;
        const AdcChannel& adc = chip.adc(column.adc);
        return v * (1 + adc.gain) * 255 + adc.offset;
    }
};

LayerSettings everything() {
    LayerSettings s;
    s.macro.rows = 48;
    s.macro.mapping = RowMapping::dense;
    s.macro.bits_per_cycle = 2;
    s.macro.v_ref = 0.9;
    s.macro.cell.unit_capacitance = 1e-15;
    s.macro.cell.mismatch = 0.02 * std::sqrt(1e-15);
    s.macro.cell.parasitic_ratio = 0.2;
    s.macro.cell.leakage = 1e-12;
    s.macro.cell.hold_time = 5e-9;
    s.macro.switches = {2e-3, 1e-3, 0.01, 0.02, 0.03, false};
    s.macro.input_dac.inl = 0.1;
    s.macro.adc_errors.offset = 0.4;
    s.macro.adc_errors.gain = 0.01;
    s.macro.adc_errors.dnl = 0.05;
    s.macro.array = {64, 2, 4, 0};
    return s;
}

// The model holds each DAC error in steps of 2^-12 count: off by at most 48 rows * 2^-13 count, of
// 255/144 LSB each, 0.0104 LSB, which gain and shares stretch by a few percent. All else is exact.
TEST(ChannelKernel, AllStaticTermsInTheirOrder) {
    const PlainLayer layer = random_layer(everything(), {4, 90, 1, false}, 3, 7);
    const Outputs out = run_layer(layer);
    ASSERT_EQ(out.plan.path, SamplingPath::chip);
    ASSERT_FALSE(out.plan.random);
    const ChipLayer chip(out.plan, 4, site_on(0, 4));
    const Expected expected{out.plan, chip, layer};
    int checked = 0, close = 0;
    for (int m = 0; m < 4; ++m)
        for (int p = 0; p < 3; ++p)
            for (int g = 0; g < 2; ++g)
                for (int i = 0; i < 8; ++i) {
                    long double previous = 0;
                    for (int j = 0; j < 4; ++j) {
                        const long double a = expected.position(m, p, g, i, j, previous);
                        const auto* edges = chip.adc(chip.column(g, m, i).adc).edges;
                        const std::int64_t code = out.notes.seen.at({m, p, g, i * 4 + j}).code;
                        const auto below = [&](long double x) {
                            return std::count_if(edges, edges + 255,
                                                 [&](std::int32_t e) { return e / 65536.0L < x; });
                        };
                        ASSERT_GE(code, below(a - 0.012L));
                        ASSERT_LE(code, below(a + 0.012L));
                        ++checked;
                        close += below(a - 0.012L) == below(a + 0.012L);
                    }
                }
    EXPECT_EQ(checked, 4 * 3 * 2 * 8 * 4);
    EXPECT_GT(close, checked * 3 / 4);  // most codes are pinned to one value
}

// Chips differ, repeats of one chip do not while no fresh term is on; with one they do.
TEST(ChannelKernel, StaticErrorsBelongToTheChip) {
    PlainLayer layer = random_layer(everything(), {4, 90, 1, false}, 3, 7);
    EXPECT_EQ(run_layer(layer, 0, 0).y, run_layer(layer, 1, 0).y);
    EXPECT_NE(run_layer(layer, 0, 0).y, run_layer(layer, 0, 1).y);
    layer.settings.macro.cell.temperature = 300.0;
    EXPECT_NE(run_layer(layer, 0, 0).y, run_layer(layer, 1, 0).y);
}

// Paths chip and fixed share positions; at sigma 0 their codes are the same.
TEST(ChannelKernel, FixedPathSeesTheSameChip) {
    PlainLayer layer = random_layer(everything(), {4, 90, 1, false}, 3, 7);
    const auto chip = run_layer(layer).y;
    layer.settings.path = PathRequest::fixed;
    const Outputs fixed = run_layer(layer);
    EXPECT_EQ(fixed.plan.path, SamplingPath::fixed);
    EXPECT_EQ(fixed.y, chip);
}

}  // namespace
}  // namespace acim
