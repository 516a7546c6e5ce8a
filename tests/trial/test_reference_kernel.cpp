// SPDX-License-Identifier: Apache-2.0
// The reference kernel against the plain loops of plain_product.hpp.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <sstream>
#include <vector>

#include "cuda/trial/cycle_law.hpp"
#include "cuda/trial/layer_plan.hpp"
#include "cuda/trial/product_kernel.hpp"
#include "tests/trial/plain_product.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;
using ref::PlainLayer;

struct Outputs {
    LayerPlan plan;
    std::vector<std::int64_t> analog, digital, exact;
    std::vector<double> y;
};

const OutputMap map_used{5, 17, 3};
const ProductPlace place_used{trial_key(42, 1, 2), 9, 123456};

Outputs run_kernel(const PlainLayer& layer, ConversionObserver* observer = nullptr) {
    CycleLawCache cache;
    Outputs out;
    out.plan = make_layer_plan(layer.settings, layer.shape, cache);
    const std::size_t count = static_cast<std::size_t>(layer.shape.outputs * layer.pixels);
    out.analog.assign(count, -1);
    out.digital.assign(count, -1);
    out.exact.assign(count, -1);
    const auto kernel = make_reference_kernel(observer);
    const auto packed = kernel->pack(out.plan, layer.shape.outputs, layer.weights, {});
    kernel->run(out.plan, *packed, layer.shape.outputs, layer.pixels, layer.inputs, map_used,
                place_used, {out.analog, out.digital, out.exact});
    for (std::size_t i = 0; i < count; ++i)
        out.y.push_back(product_value(out.plan, out.analog[i], out.digital[i], out.exact[i]));
    return out;
}

// The code that the sampling functions give at the logical place of a conversion.
int code_at(const ref::Conversion& c, SamplingPath path, const CycleLaw& law) {
    const FreshPlace place{static_cast<std::uint32_t>(5 + 17 * c.output + 3 * c.pixel),
                           static_cast<std::uint32_t>(c.group), 123456, 9};
    return conversion_code(path, law.view(), c.s, place_used.key, place,
                           static_cast<std::uint32_t>(c.k), 0);
}

int pick(std::mt19937& draw, int low, int high) {
    return low + static_cast<int>(draw() % static_cast<unsigned>(high - low + 1));
}

void fill_operands(PlainLayer& layer, std::mt19937& draw) {
    const int w = layer.settings.weight_bits, x = layer.settings.activation_bits;
    const int w_low = w == 1 ? 0 : -(1 << (w - 1)), w_high = w == 1 ? 1 : (1 << (w - 1)) - 1;
    const int x_low = layer.shape.is_signed ? -(1 << (x - 1)) : 0;
    const int x_high = layer.shape.is_signed ? (1 << (x - 1)) - 1 : (1 << x) - 1;
    for (int i = 0; i < layer.shape.outputs * layer.shape.depth; ++i)
        layer.weights.push_back(
            static_cast<std::int8_t>(draw() % 8 == 0 ? w_low : pick(draw, w_low, w_high)));
    for (int i = 0; i < layer.pixels * layer.shape.depth; ++i)
        layer.inputs.push_back(static_cast<std::int16_t>(
            draw() % 8 == 0 ? (draw() % 2 != 0 ? x_low : x_high) : pick(draw, x_low, x_high)));
}

PlainLayer random_layer(std::mt19937& draw) {
    PlainLayer layer;
    LayerSettings& s = layer.settings;
    layer.shape.window = std::vector{1, 4, 9}[draw() % 3];
    layer.shape.outputs = pick(draw, 1, 3);
    layer.shape.depth = layer.shape.window * pick(draw, 1, 8);
    layer.shape.is_signed = draw() % 2 != 0;
    layer.pixels = pick(draw, 1, 3);
    s.weight_bits = pick(draw, 1, 8);
    s.activation_bits = pick(draw, layer.shape.is_signed ? 2 : 1, 9);
    MacroParams& m = s.macro;
    m.bits_per_cycle = pick(draw, 1, s.activation_bits - (layer.shape.is_signed ? 1 : 0));
    m.mapping = draw() % 2 != 0 ? RowMapping::dense : RowMapping::whole_channels;
    m.rows = pick(draw, m.mapping == RowMapping::dense ? 1 : layer.shape.window, 40);
    m.adc.bits = pick(draw, 1, 10);
    m.adc.range = static_cast<AdcRange>(draw() % 3);
    m.adc.lo = pick(draw, 0, 30000);
    m.adc.hi = pick(draw, 35000, 65536);
    m.hybrid.levels = draw() % 2 != 0 ? 0 : pick(draw, 1, 6);
    m.hybrid.asim_rounding = draw() % 2 != 0;
    fill_operands(layer, draw);
    return layer;
}

std::string describe(const PlainLayer& l) {
    std::ostringstream out;
    const MacroParams& m = l.settings.macro;
    out << "W" << l.settings.weight_bits << " X" << l.settings.activation_bits
        << (l.shape.is_signed ? "s" : "u") << " e" << m.bits_per_cycle << " N" << m.rows
        << " mapping " << static_cast<int>(m.mapping) << " window " << l.shape.window << " K"
        << l.shape.depth << " B" << m.adc.bits << " range " << static_cast<int>(m.adc.range) << " ["
        << m.adc.lo << "," << m.adc.hi << "] levels " << m.hybrid.levels
        << (m.hybrid.asim_rounding ? " rounded" : "");
    return out.str();
}

// Compares the kernel with the plain loops; noisy codes come from `path` at the logical place.
void expect_equal_to_plain_loops(const PlainLayer& layer, SamplingPath path) {
    SCOPED_TRACE(describe(layer));
    const Outputs ours = run_kernel(layer);
    std::vector<std::unique_ptr<CycleLaw>> laws(10);
    const auto code = [&](const ref::Conversion& c) {
        if (path == SamplingPath::lut) return ref::adc_code(layer.settings.macro, c.width, c.s);
        auto& law = laws[static_cast<std::size_t>(c.width)];
        if (!law)
            law = std::make_unique<CycleLaw>(
                path == SamplingPath::table ? CycleLaw::table(layer.settings.macro, 8, c.width)
                                            : CycleLaw::fixed(layer.settings.macro, 8, c.width));
        return code_at(c, path, *law);
    };
    const ref::PlainSums plain = ref::plain_product(layer, code);
    const std::int64_t outputs = static_cast<std::int64_t>(layer.shape.outputs) * layer.pixels;
    EXPECT_EQ(ours.plan.adc_conversions(outputs), plain.adc_conversions);
    ASSERT_EQ(ours.exact, plain.exact);
    if (ours.plan.path == SamplingPath::product) {
        for (std::size_t i = 0; i < plain.y.size(); ++i)
            ASSERT_EQ(ours.y[i], static_cast<double>(plain.exact[i]));
        return;
    }
    ASSERT_EQ(ours.plan.path, path);
    ASSERT_EQ(ours.digital, plain.digital);
    for (std::size_t i = 0; i < plain.y.size(); ++i)
        ASSERT_NEAR(ours.y[i], static_cast<double>(plain.y[i]),
                    1e-12 * (1e4 + std::abs(static_cast<double>(plain.y[i]))));
}

TEST(ReferenceKernel, NoiseFreeEqualsPlainLoops) {
    std::mt19937 draw(11);
    for (int i = 0; i < 600; ++i)
        expect_equal_to_plain_loops(random_layer(draw), SamplingPath::lut);
}

TEST(ReferenceKernel, TablePathEqualsPlainLoops) {
    std::mt19937 draw(12);
    for (int i = 0; i < 60; ++i) {
        PlainLayer layer = random_layer(draw);
        layer.settings.path = PathRequest::table;  // also where errors are rare
        layer.settings.macro.noise.random.sigma = 0.1 + 0.02 * (i % 30);
        expect_equal_to_plain_loops(layer, SamplingPath::table);
    }
}

TEST(ReferenceKernel, FixedPathEqualsPlainLoops) {
    std::mt19937 draw(13);
    for (int i = 0; i < 150; ++i) {
        PlainLayer layer = random_layer(draw);
        layer.settings.path = PathRequest::fixed;
        layer.settings.macro.noise.random.sigma = 0.7;
        layer.settings.macro.noise.nonlinear.sigma = i % 2 != 0 ? 0.3 : 0.0;
        expect_equal_to_plain_loops(layer, SamplingPath::fixed);
    }
}

// All lossless combinations of rows, bits and encoding: y is the exact product, as a double. One
// digital level keeps the path `product` away, so that the codes really make the result.
TEST(ReferenceKernel, LosslessConversionsGiveTheExactProduct) {
    std::mt19937 draw(14);
    int combinations = 0;
    for (const bool is_signed : {false, true})
        for (const AdcRange range : {AdcRange::full, AdcRange::counts})
            for (const int rows :
                 {1, 3, 5, 7, 15, 17, 31, 51, 63, 85, 127, 144, 255, 273, 1023, 4095})
                for (int bits = 1; bits <= 14; ++bits)
                    for (int e = 1; e <= 4; ++e) {
                        PlainLayer layer;
                        layer.shape = {2, 300, 1, is_signed};
                        layer.settings.activation_bits = is_signed ? 9 : 8;
                        MacroParams& m = layer.settings.macro;
                        m.rows = rows;
                        m.mapping = RowMapping::dense;
                        m.bits_per_cycle = e;
                        m.adc = {bits, range};
                        bool lossless = true;
                        for (const ref::Cycle& c :
                             ref::cycles_of(layer.settings.activation_bits, e, is_signed)) {
                            const int fs = rows * ((1 << c.width) - 1), top = (1 << bits) - 1;
                            lossless =
                                lossless && (range == AdcRange::full ? top % fs == 0 : top >= fs);
                        }
                        if (!lossless) continue;
                        m.hybrid.levels = 1;
                        ++combinations;
                        fill_operands(layer, draw);
                        const Outputs out = run_kernel(layer);
                        ASSERT_EQ(out.plan.path, SamplingPath::lut);
                        for (std::size_t i = 0; i < out.y.size(); ++i)
                            ASSERT_EQ(out.y[i], static_cast<double>(out.exact[i]))
                                << describe(layer);
                    }
    EXPECT_GT(combinations, 150);
}

// SPEC section 3: N = 144 at 8 bits has a code per sum, yet is not exact: errors up to LSB/2.
TEST(ReferenceKernel, DistinctCodesAreNotLossless) {
    std::mt19937 draw(15);
    PlainLayer layer;
    layer.shape = {3, 576, 9, false};
    layer.settings.macro.rows = 144;
    fill_operands(layer, draw);
    const Outputs out = run_kernel(layer);
    EXPECT_EQ(out.plan.path, SamplingPath::lut);
    for (std::size_t i = 0; i < out.y.size(); ++i)
        EXPECT_NE(out.y[i], static_cast<double>(out.exact[i]));
}

// ASiM's rounding of digital conversions changes A, not D; real hybrid execution moves them to D.
TEST(ReferenceKernel, HybridConversionsAreExactOrRounded) {
    std::mt19937 draw(16);
    PlainLayer layer;
    layer.shape = {2, 64, 1, false};
    MacroParams& m = layer.settings.macro;
    m.rows = 64;
    m.adc.bits = 3;
    fill_operands(layer, draw);
    m.hybrid = {15, false};  // every conversion digital
    const Outputs digital = run_kernel(layer);
    for (std::size_t i = 0; i < digital.y.size(); ++i) {
        EXPECT_EQ(digital.analog[i], 0);
        EXPECT_EQ(digital.y[i], static_cast<double>(digital.exact[i]));
    }
    EXPECT_EQ(digital.plan.adc_conversions(1), 0);
    m.hybrid = {0, false};
    const Outputs analog = run_kernel(layer);
    m.hybrid = {15, true};
    const Outputs rounded = run_kernel(layer);
    EXPECT_EQ(rounded.analog, analog.analog);
    EXPECT_EQ(rounded.digital, std::vector<std::int64_t>(2, 0));
    m.noise.random.sigma = 2.0;  // no noise reaches a rounded conversion
    EXPECT_EQ(run_kernel(layer).analog, analog.analog);
}

// Constants instead of the normals, against SPEC's formula in long double.
TEST(ReferenceKernel, InjectedConstantsShiftEveryConversion) {
    std::mt19937 draw(17);
    for (int i = 0; i < 100; ++i) {
        PlainLayer layer = random_layer(draw);
        MacroParams& m = layer.settings.macro;
        m.noise.random = {0.3, i % 2 != 0 ? NoiseUnit::lsb : NoiseUnit::percent_fs};
        m.noise.nonlinear.sigma = 0.7;
        m.noise.inject = {true, 1.0 + 0.1 * i, -0.5};
        SCOPED_TRACE(describe(layer));
        const auto code = [&](const ref::Conversion& c) {
            const long double fs = static_cast<long double>(m.rows) * ((1 << c.width) - 1);
            const long double top = (1 << m.adc.bits) - 1;
            const bool window = m.adc.range == AdcRange::window;
            const long double lo = window ? m.adc.lo / 65536.0L : 0.0L;
            const long double hi = window ? m.adc.hi / 65536.0L : 1.0L;
            const long double lsb =  // [FS]
                m.adc.range == AdcRange::counts ? 1.0L / fs : (hi - lo) / top;
            const long double random =
                m.noise.random.unit == NoiseUnit::lsb ? 0.3L * lsb : 0.3L / 100;
            long double v = c.s / fs + random * m.noise.inject.n1 -
                            0.5L * (0.7L / 100) / std::sqrt(c.s * m.rows / fs + 1.0L);
            v = std::clamp(v, 0.0L, 1.0L);
            return static_cast<int>(std::clamp(std::nearbyint((v - lo) / lsb), 0.0L, top));
        };
        const ref::PlainSums plain = ref::plain_product(layer, code);
        const Outputs ours = run_kernel(layer);
        for (std::size_t k = 0; k < ours.y.size(); ++k)
            ASSERT_NEAR(ours.y[k], static_cast<double>(plain.y[k]),
                        1e-12 * (1e4 + std::abs(static_cast<double>(plain.y[k]))));
    }
}

struct Recorder : ConversionObserver {
    struct Seen {
        int output, pixel, group, k;
        std::int64_t s, code;
        bool operator==(const Seen&) const = default;
    };
    std::vector<Seen> seen;
    void observe(int output, int pixel, int group, int k, std::int64_t s,
                 std::int64_t code) override {
        seen.push_back({output, pixel, group, k, s, code});
    }
};

// Observers see every conversion in order, digital ones with code -1, also on path `product`.
TEST(ReferenceKernel, ObserverSeesEveryConversionInOrder) {
    std::mt19937 draw(18);
    for (const int levels : {0, 2}) {
        PlainLayer layer;
        layer.shape = {2, 20, 1, true};
        layer.settings.macro.rows = 15;
        layer.settings.macro.bits_per_cycle = 2;
        layer.settings.macro.adc.bits = levels == 0 ? 14 : 6;
        layer.settings.macro.adc.range = AdcRange::counts;
        layer.settings.macro.hybrid.levels = levels;
        layer.pixels = 2;
        fill_operands(layer, draw);
        std::vector<Recorder::Seen> expected;
        PlainLayer all_analog = layer;
        all_analog.settings.macro.hybrid.levels = 0;
        const int cycles = 5;  // 7 magnitude bits in 2+2+2+1, and the sign
        ref::plain_product(all_analog, [&](const ref::Conversion& c) {
            const bool digital = c.plane + c.cycle > 8 + cycles - levels - 2;
            const int code = digital ? -1 : ref::adc_code(layer.settings.macro, c.width, c.s);
            expected.push_back({c.output, c.pixel, c.group, c.k, c.s, code});
            return 0;
        });
        Recorder recorder;
        const Outputs out = run_kernel(layer, &recorder);
        EXPECT_EQ(out.plan.path, levels == 0 ? SamplingPath::product : SamplingPath::lut);
        EXPECT_TRUE(recorder.seen == expected);
        EXPECT_EQ(out.y, run_kernel(layer).y);
    }
}

}  // namespace
}  // namespace acim
