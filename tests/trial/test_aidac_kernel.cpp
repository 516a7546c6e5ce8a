// SPDX-License-Identifier: Apache-2.0
// The kernel of AiDAC macros: codes against integers, and against the chain phase by phase.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "cuda/model/macro/conversion.hpp"
#include "cuda/trial/inverse_normal_table.hpp"
#include "tests/trial/aidac_chain.hpp"
#include "tests/trial/aidac_fixture.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;
using ref::AidacCase;
using ref::AidacResult;

std::size_t index(const AidacCase& c, int m, int p) {
    return static_cast<std::size_t>(m) * c.pixels + p;
}

std::int64_t dot(const AidacCase& c, int m, int p) {
    std::int64_t sum = 0;
    for (int k = 0; k < c.shape.depth; ++k) {
        const int w = c.weights[static_cast<std::size_t>(m) * c.shape.depth + k];
        sum += std::int64_t{w} * c.inputs[static_cast<std::size_t>(p) * c.shape.depth + k];
    }
    return sum;
}

// A random small structure; every error off.
AidacCase random_case(std::mt19937& draw) {
    AidacCase c;
    c.settings = ref::ideal_aidac();
    AidacParams& a = c.settings.macro.aidac;
    if (draw() % 2 != 0) a.topology = AidacTopology::grouped_weight;
    const bool cells = a.topology == AidacTopology::grouped_cells;
    a.blocks = 1 + static_cast<int>(draw() % 4);
    a.block_rows = cells ? 128 + static_cast<int>(draw() % 40) : 1 + static_cast<int>(draw() % 60);
    a.outputs_per_array = 1 + static_cast<int>(draw() % 5);
    a.row_parasitic = 0.1 * static_cast<double>(draw() % 4);
    a.column_parasitic = 0.07 * static_cast<double>(draw() % 4);
    a.join_parasitic = 0.3 * static_cast<double>(draw() % 2);
    c.settings.weight_bits = 2 + static_cast<int>(draw() % 7);
    c.settings.activation_bits = 2 + static_cast<int>(draw() % 7);
    c.settings.macro.adc.bits = 1 + static_cast<int>(draw() % 14);
    c.shape = {1 + static_cast<int>(draw() % 6), 1 + static_cast<int>(draw() % 900), 1,
               draw() % 2 != 0};
    c.pixels = 1 + static_cast<int>(draw() % 4);
    c.site.first_output = static_cast<int>(draw() % 7);
    c.site.outputs = c.site.first_output + c.shape.outputs + static_cast<int>(draw() % 4);
    c.fill(draw);
    return c;
}

// rne(a/b) in integers, a >= 0.
std::int64_t nearest_even(std::int64_t a, std::int64_t b) {
    const std::int64_t twice = 2 * (a % b), q = a / b;
    return q + (twice > b || (twice == b && q % 2 != 0) ? 1 : 0);
}

// Code of one span of an ideal macro, and what the span decodes to in products of 8 bits.
std::int64_t ideal_code(const AidacCase& c, int m, int p, int span) {
    const AidacParams& a = c.settings.macro.aidac;
    const int rows = a.blocks * a.block_rows;
    const int w_bits = c.settings.weight_bits, x_bits = c.settings.activation_bits;
    std::int64_t sum = 0;
    for (int k = span * rows; k < std::min((span + 1) * rows, c.shape.depth); ++k) {
        const int w = c.weights[static_cast<std::size_t>(m) * c.shape.depth + k];
        const int x = c.inputs[static_cast<std::size_t>(p) * c.shape.depth + k];
        sum += std::int64_t{(w + (1 << (w_bits - 1))) * (1 << (8 - w_bits))} *
               ((x + (c.shape.is_signed ? 1 << (x_bits - 1) : 0)) * (1 << (8 - x_bits)));
    }
    const int bits = c.settings.macro.adc.bits;
    return std::min(nearest_even(sum << bits, std::int64_t{rows} * 256 * 255),
                    (std::int64_t{1} << bits) - 1);
}

// Off means off: the code is the rounded integer ratio, whatever the parasitics, and y lies within
// half a code of every span from the product (a whole one at the top, which clips).
TEST(AidacKernel, WithoutErrorsCodesAreRoundedIntegers) {
    std::mt19937 draw(1);
    for (int i = 0; i < 300; ++i) {
        const AidacCase c = random_case(draw);
        const AidacResult out = ref::run_aidac(c);
        ASSERT_EQ(out.plan.path, SamplingPath::lut);
        const int rows = c.settings.macro.aidac.blocks * c.settings.macro.aidac.block_rows;
        const int spans = (c.shape.depth + rows - 1) / rows;
        for (int m = 0; m < c.shape.outputs; ++m)
            for (int p = 0; p < c.pixels; ++p) {
                std::int64_t codes = 0;
                for (int span = 0; span < spans; ++span) codes += ideal_code(c, m, p, span);
                const std::size_t at = index(c, m, p);
                ASSERT_EQ(out.analog[at], codes) << i;
                ASSERT_EQ(out.exact[at], dot(c, m, p));
                const double y = product_value(out.plan, out.analog[at], out.digital[at], 0);
                const double lsb = out.plan.output.num / out.plan.output.den;
                ASSERT_NEAR(y, static_cast<double>(out.exact[at]), spans * lsb * 1.0000001);
            }
    }
}

// With codes as fine as products nothing is lost: offset binary is undone exactly.
TEST(AidacKernel, OffsetBinaryIsUndoneExactly) {
    std::mt19937 draw(2);
    for (const bool is_signed : {false, true}) {
        AidacCase c;
        c.settings = ref::ideal_aidac();
        AidacParams& a = c.settings.macro.aidac;
        a.topology = AidacTopology::grouped_weight;
        a.blocks = a.block_rows = 1;
        c.settings.macro.adc.bits = 14;
        c.settings.weight_bits = 4;
        c.settings.activation_bits = 4;  // sums 0..225 of 225*256/65280 = 225/255 of the range
        c.shape = {3, 20, 1, is_signed};
        c.pixels = 4;
        c.fill(draw);
        const AidacResult out = ref::run_aidac(c);
        for (int m = 0; m < 3; ++m)
            for (int p = 0; p < 4; ++p) {
                const std::size_t at = index(c, m, p);
                const double y = product_value(out.plan, out.analog[at], out.digital[at], 0);
                // Each of 20 spans is off by at most half an LSB of 255/16384 products.
                ASSERT_NEAR(y, static_cast<double>(dot(c, m, p)), 20 * 0.5 * 255.0 / 16384 + 1e-9);
                ASSERT_EQ(std::llround(y), dot(c, m, p));
            }
    }
}

TEST(AidacKernel, OneBitWeightsAreOnePositivePlane) {
    std::mt19937 draw(3);
    AidacCase c;
    c.settings = ref::ideal_aidac();
    c.settings.weight_bits = 1;
    c.shape = {2, 300, 1, true};
    c.fill(draw);
    for (auto& w : c.weights) w = draw() % 2 != 0 ? -1 : 0;  // the bit alone, sign-extended
    const AidacResult out = ref::run_aidac(c);
    for (auto& w : c.weights) w = static_cast<std::int8_t>(-w);
    for (int m = 0; m < 2; ++m) ASSERT_EQ(out.exact[static_cast<std::size_t>(m)], dot(c, m, 0));
    EXPECT_EQ(ref::run_aidac(c).analog, out.analog);
}

struct Errors {
    const char* name;
    bool mismatch, fixed, converters, raw;
};

// Codes of a chip against the chain with every capacitor. Effective operands are rounded to 1/64,
// which is worth up to 2e-5 of full scale here, so codes of 12 bits lie within half an LSB and a
// little of the chain's position; without mismatch there is no such rounding.
void expect_chain(AidacCase c, const Errors& on) {
    const LayerSettings full = ref::default_aidac();
    MacroParams& m = c.settings.macro;
    m.adc.bits = 12;
    m.v_ref = 0.9;
    m.cell.unit_capacitance = 2e-15;
    if (on.mismatch) m.cell.mismatch = 10 * full.macro.cell.mismatch;
    if (on.fixed) {
        m.switches.injection_offset = 10 * full.macro.switches.injection_offset;
        m.switches.injection_gain = 0.02;
        m.switches.settling_error = 0.03;
        m.cell.leakage = 20 * full.macro.cell.leakage;
        m.cell.hold_time = full.macro.cell.hold_time;
        m.aidac.vtc_inl = 0.02;
    }
    if (on.converters) {
        m.aidac.vtc_offset = 10 * full.macro.aidac.vtc_offset;
        m.aidac.vtc_gain = 10 * full.macro.aidac.vtc_gain;
    }
    if (on.raw) m.aidac.reference = AidacReference::raw;
    SCOPED_TRACE(on.name);
    const AidacResult out = ref::run_aidac(c);
    EXPECT_EQ(out.plan.per_chip, on.mismatch || on.converters);
    EXPECT_EQ(out.plan.groups, 1);
    const ref::AidacChain chain(c);
    const double slack = on.mismatch ? 2e-5 * 4096 : 1.0 / 65536;
    for (int o = 0; o < c.shape.outputs; ++o)
        for (int p = 0; p < c.pixels; ++p) {
            const auto code = static_cast<double>(out.analog[index(c, o, p)]);
            const auto held = std::clamp(static_cast<double>(chain.position(o, p, 0)), 0.0, 4095.0);
            ASSERT_NEAR(code, held, 0.5 + slack) << "output " << o << " pixel " << p;
        }
}

TEST(AidacKernel, CodesFollowTheChainPhaseByPhase) {
    std::mt19937 draw(4);
    for (const AidacTopology topology :
         {AidacTopology::grouped_cells, AidacTopology::grouped_weight})
        for (const Errors& on :
             {Errors{"mismatch", true, false, false, false},
              Errors{"fixed", false, true, false, false},
              Errors{"converters", false, false, true, false},
              Errors{"all", true, true, true, false}, Errors{"raw", true, true, true, true}}) {
            AidacCase c;
            c.settings = ref::ideal_aidac();
            AidacParams& a = c.settings.macro.aidac;
            a.topology = topology;
            a.row_parasitic = 0.1;
            a.column_parasitic = 0.2;
            a.join_parasitic = 0.3;
            a.blocks = 3;
            a.block_rows = 129;  // odd: neighbouring rows of two blocks share a call
            a.outputs_per_array = 2;
            c.shape = {4, 300, 1, true};  // the last block is partly filled
            c.pixels = 2;
            c.site.first_output = 3;
            c.site.outputs = 9;
            c.fill(draw);
            expect_chain(c, on);
        }
}

// A layer of two spans: each has cells and converters of its own, and unused blocks still convert.
TEST(AidacKernel, SpansAreConvertedOneByOne) {
    std::mt19937 draw(5);
    AidacCase c;
    c.settings = ref::default_aidac();
    MacroParams& m = c.settings.macro;
    m.cell.temperature = m.aidac.jitter = 0.0;
    m.cell.mismatch *= 10;
    m.aidac.blocks = 2;
    m.adc.bits = 12;
    c.shape = {2, 300, 1, false};  // 256 rows and 44, its second block empty
    c.site.outputs = 2;
    c.fill(draw);
    struct Codes : ConversionObserver {
        std::vector<std::int64_t> codes;
        void observe(int, int, int, int, std::int64_t, std::int64_t code) override {
            codes.push_back(code);
        }
    } seen;
    const AidacResult out = ref::run_aidac(c, &seen);
    EXPECT_EQ(out.plan.adc_conversions(2), 4);
    ASSERT_EQ(seen.codes.size(), 4u);
    const ref::AidacChain chain(c);
    for (int o = 0; o < 2; ++o) {
        EXPECT_EQ(out.analog[static_cast<std::size_t>(o)],
                  seen.codes[2 * static_cast<std::size_t>(o)] +
                      seen.codes[2 * static_cast<std::size_t>(o) + 1]);
        for (int span = 0; span < 2; ++span)
            EXPECT_NEAR(static_cast<double>(seen.codes[static_cast<std::size_t>(2 * o + span)]),
                        static_cast<double>(chain.position(o, 0, span)), 0.6);
    }
}

// Every fresh number stands at its logical place: one for a conversion, one for a raw reference.
TEST(AidacKernel, NoiseIsDrawnAtItsLogicalPlace) {
    std::mt19937 draw(6);
    for (const PathRequest request : {PathRequest::automatic, PathRequest::fixed})
        for (const bool raw : {false, true}) {
            AidacCase c;
            c.settings = ref::ideal_aidac();
            c.settings.path = request;
            MacroParams& m = c.settings.macro;
            m.noise.random.sigma = 40.0;
            m.adc.bits = 12;
            if (raw) {
                m.aidac.reference = AidacReference::raw;
                m.aidac.jitter = 5e-12;
                m.aidac.full_scale_time = 0.5e-9;  // 1 % a block, 14.48 LSB of 8 blocks
            }
            m.aidac.outputs_per_array = 2;
            c.shape = {3, 1500, 1, true};
            c.pixels = 3;
            c.site.first_output = 1;
            c.site.outputs = 4;
            c.fill(draw);
            const AidacResult out = ref::run_aidac(c);
            EXPECT_TRUE(out.plan.random);
            EXPECT_FALSE(out.plan.per_chip);
            const ref::AidacChain chain(c);
            const long double jitter = raw ? 0.01L / std::sqrt(8.0L) * 4096 : 0.0L;
            const long double sigma = std::sqrt(1600.0L + jitter * jitter);
            for (int o = 0; o < 3; ++o)
                for (int p = 0; p < 3; ++p) {
                    double low = 0.0, high = 0.0;
                    for (std::uint32_t span = 0; span < 2; ++span) {
                        const FreshPlace place{static_cast<std::uint32_t>(5 + 1000 * o + 3 * p),
                                               span, 123456, 9};
                        const auto& table = inverse_normal_table();
                        const int z = request == PathRequest::fixed
                                          ? fixed_unit_normal(table, c.place.key, place, 0, 0)
                                          : chip_unit_normal(table, c.place.key, place, 0, 0);
                        FreshPlace shared = place;  // outputs 1 | 2 3 of the layer
                        shared.element =
                            static_cast<std::uint32_t>(5 + (o == 0 ? 0 : 1000) + 3 * p);
                        const int zr = inverse_normal(
                            table, wide_uniform(philox4x32(fresh_counter(NoiseSource::aidac_jitter,
                                                                         shared, 0, 0),
                                                           c.place.key),
                                                0));
                        const long double at = chain.position(o, p, static_cast<int>(span)) +
                                               std::ldexp(sigma * z - jitter * zr, -24);
                        low += std::clamp(static_cast<double>(at), 0.0, 4095.0) - 0.5001;
                        high += std::clamp(static_cast<double>(at), 0.0, 4095.0) + 0.5001;
                    }
                    const auto codes = static_cast<double>(out.analog[index(c, o, p)]);
                    ASSERT_GE(codes, low);
                    ASSERT_LE(codes, high);
                }
        }
}

AidacCase two_spans(std::mt19937& draw) {
    AidacCase c;
    c.settings = ref::default_aidac();
    c.settings.macro.aidac.reference = AidacReference::raw;
    c.settings.macro.aidac.outputs_per_array = 4;
    c.settings.macro.adc.bits = 12;
    c.shape = {10, 1200, 1, true};
    c.pixels = 150;  // more than a tile
    c.site.outputs = 10;
    c.fill(draw);
    return c;
}

// A chip is the same whenever it is used; trials of it differ by fresh noise only.
TEST(AidacKernel, TheSameChipRepeatsAndOthersDiffer) {
    std::mt19937 draw(7);
    AidacCase c = two_spans(draw);
    c.pixels = 2;
    const auto first = ref::run_aidac(c);
    EXPECT_EQ(ref::run_aidac(c).analog, first.analog);
    c.site.chip = chip_key(42, 2);
    EXPECT_NE(ref::run_aidac(c).analog, first.analog);
    c.settings.macro.cell.temperature = c.settings.macro.aidac.jitter = 0.0;
    const auto quiet = ref::run_aidac(c);
    EXPECT_FALSE(quiet.plan.random);
    EXPECT_TRUE(quiet.plan.per_chip);
    c.place.key = trial_key(42, 1, 3);
    EXPECT_EQ(ref::run_aidac(c).analog, quiet.analog);
}

// Tiles, the observer and groups of outputs or pixels change nothing.
TEST(AidacKernel, PartsOfAProductGiveTheWholesIntegers) {
    std::mt19937 draw(8);
    const AidacCase whole = two_spans(draw);
    const AidacResult all = ref::run_aidac(whole);
    struct Seen : ConversionObserver {
        std::vector<std::array<std::int64_t, 6>> calls;
        void observe(int output, int pixel, int group, int k, std::int64_t s,
                     std::int64_t code) override {
            calls.push_back({output, pixel, group, k, s, code});
        }
    } seen;
    EXPECT_EQ(ref::run_aidac(whole, &seen).analog, all.analog);
    ASSERT_EQ(seen.calls.size(), 10u * 150u * 2u);
    for (std::size_t i = 0; i < seen.calls.size(); i += 2) {
        const auto& [output, pixel, group, k, s, code] = seen.calls[i];
        ASSERT_EQ(output * 150 + pixel, static_cast<std::int64_t>(i / 2));
        ASSERT_EQ(group, 0);
        ASSERT_EQ(k, 0);
        const auto& next = seen.calls[i + 1];
        ASSERT_EQ(next[2], 1);
        ASSERT_EQ(code + next[5], all.analog[i / 2]);
        ASSERT_EQ(s + next[4], all.exact[i / 2] - all.digital[i / 2]);
    }
    for (int first : {0, 4, 8}) {  // whole arrays, so that a raw reference is drawn alike
        AidacCase part = whole;
        part.shape.outputs = std::min(4, 10 - first);
        part.weights.assign(whole.weights.begin() + first * 1200,
                            whole.weights.begin() + (first + part.shape.outputs) * 1200);
        part.map.first += first * part.map.output_stride;
        part.site.first_output = first;
        const AidacResult out = ref::run_aidac(part);
        for (std::size_t i = 0; i < out.analog.size(); ++i)
            ASSERT_EQ(out.analog[i], all.analog[static_cast<std::size_t>(first) * 150 + i]);
    }
}

}  // namespace
}  // namespace acim
