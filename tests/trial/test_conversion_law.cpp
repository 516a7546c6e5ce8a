// SPDX-License-Identifier: Apache-2.0
// Each sampling path draws its codes from the law of SPEC section 3: 1e7 draws a case through the
// real counters. Odds: seeds are fixed, so a case either passes for ever or never; a correct
// sampler fails a case with probability 1e-6 when the seed is chosen.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "cuda/model/macro/conversion.hpp"
#include "cuda/trial/cycle_law.hpp"
#include "tests/trial/chi_square.hpp"
#include "tests/trial/conversion_law.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;
using ref::ConversionCase;

constexpr std::uint32_t calls = 1250000;  // eight conversions each
constexpr double least_p = 1e-6;

MacroParams macro(int rows, int bits, double sigma, double nonlinear = 0.0) {
    MacroParams m;
    m.rows = rows;
    m.adc.bits = bits;
    m.noise.random.sigma = sigma;
    m.noise.nonlinear.sigma = nonlinear;
    return m;
}

MacroParams window(MacroParams m, std::int32_t lo, std::int32_t hi) {
    m.adc.range = AdcRange::window;
    m.adc.lo = lo;
    m.adc.hi = hi;
    return m;
}

MacroParams counts(MacroParams m) {
    m.adc.range = AdcRange::counts;
    return m;
}

MacroParams percent(MacroParams m) {
    m.noise.random.unit = NoiseUnit::percent_fs;
    return m;
}

std::vector<ConversionCase> cases() {
    return {{"lossless_quarter_lsb", macro(255, 8, 0.25), 1, 100},
            {"lossless_bottom", macro(255, 8, 0.5), 1, 0},
            {"lossless_top", macro(255, 8, 1.3), 1, 255},
            {"lossless_small_sigma", macro(255, 8, 0.12), 1, 31},
            {"rows_256", macro(256, 8, 0.4), 1, 129},
            {"rows_256_largest_sigma", macro(256, 8, 6.0), 1, 7},
            {"six_bits", percent(macro(255, 6, 0.4)), 1, 78},
            {"parallel_2", macro(64, 8, 0.5), 2, 150},
            {"parallel_4", macro(255, 8, 0.7), 4, 2000},
            {"parallel_4_top", macro(255, 8, 2.5), 4, 3824},
            {"window", window(macro(255, 7, 0.45), 3277, 42598), 1, 60},
            {"window_below", window(macro(255, 7, 0.9), 3277, 42598), 1, 12},
            {"counts", counts(macro(255, 6, 0.8)), 1, 63},
            {"counts_few_rows", counts(macro(36, 8, 0.6)), 2, 108},
            {"nonlinear_0", macro(255, 8, 0.3, 0.2), 1, 0},
            {"nonlinear_1", macro(255, 8, 0.3, 0.2), 1, 1},
            {"nonlinear_17", macro(255, 8, 0.3, 0.5), 1, 17},
            {"nonlinear_full_scale", macro(255, 8, 0.0, 1.9), 1, 255},
            {"nonlinear_parallel_2", macro(128, 9, 0.2, 0.3), 2, 40}};
}

std::vector<std::uint64_t> draw(SamplingPath path, const CycleLawView& law,
                                const ConversionCase& c) {
    std::vector<std::uint64_t> seen(static_cast<std::size_t>(c.top_code()) + 1);
    const PhiloxKey key = trial_key(20251121, static_cast<std::uint32_t>(c.s), 3);
    for (std::uint32_t element = 0; element < calls; ++element) {
        const FreshPlace place{element, 2, 77, 5};
        for (std::uint32_t k = 0; k < 8; ++k) {
            const std::int32_t code = conversion_code(path, law, c.s, key, place, k, 0);
            ++seen[static_cast<std::size_t>(code)];
        }
    }
    return seen;
}

class ConversionLaw : public testing::TestWithParam<ConversionCase> {};

void expect_law(const std::vector<std::uint64_t>& seen, const std::vector<long double>& law) {
    ASSERT_EQ(seen.size(), law.size());
    const ref::ChiSquare test = ref::chi_square(seen, law);
    EXPECT_GE(test.bins, 2) << "the case tests nothing";
    EXPECT_GE(test.p_value(), least_p)
        << "chi-square " << test.statistic << " in " << test.bins << " bins";
}

TEST_P(ConversionLaw, TablePathFollowsTheGaussianLaw) {
    const ConversionCase& c = GetParam();
    const CycleLaw law = CycleLaw::table(c.macro, 8, c.width);
    expect_law(draw(SamplingPath::table, law.view(), c), ref::gaussian_law(c));
}

TEST_P(ConversionLaw, FixedPathFollowsItsGridLaw) {
    const ConversionCase& c = GetParam();
    const CycleLaw law = CycleLaw::fixed(c.macro, 8, c.width);
    expect_law(draw(SamplingPath::fixed, law.view(), c), ref::grid_law(c));
}

INSTANTIATE_TEST_SUITE_P(Cases, ConversionLaw, testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param.name; });

// The test can fail: a law whose sigma is off by two parts in a thousand is refused.
TEST(ConversionLawPower, RefusesASlightlyWrongSigma) {
    ConversionCase c = cases()[0];
    const CycleLaw law = CycleLaw::table(c.macro, 8, c.width);
    const auto seen = draw(SamplingPath::table, law.view(), c);
    c.macro.noise.random.sigma *= 1.002;
    EXPECT_LT(ref::chi_square(seen, ref::gaussian_law(c)).p_value(), 1e-9);
}

// Without draws: all 65536 cells and the whole residual of every s against the Gaussian law.
// The bound is SPEC section 7's.
TEST(TableLaw, EveryRowIsTheGaussianLaw) {
    for (ConversionCase c : cases()) {
        const CycleLaw built = CycleLaw::table(c.macro, 8, c.width);
        const CodeTableView table = built.view().table;
        const int fs = static_cast<int>(c.full_scale());
        for (c.s = 0; c.s <= fs; c.s += fs > 300 ? 97 : 1) {
            std::vector<long double> sampled(static_cast<std::size_t>(c.top_code()) + 1);
            for (std::uint32_t u = table.escape[c.s]; u < total_cells; ++u)
                sampled[static_cast<std::size_t>(
                    CodeCell::code(table.cells + c.s * cell_columns, u))] += 1.0L / 65536.0L;
            const std::uint32_t law = table.law[c.s];
            long double before = 0.0L;
            for (std::uint32_t i = table.residual_begin[law]; i < table.residual_begin[law + 1];
                 ++i) {
                const bool last = i + 1 == table.residual_begin[law + 1];
                const long double upto =
                    last ? 1.0L : std::ldexp(static_cast<long double>(table.residual[i]), -64);
                const int offset =
                    table.residual_first[law] + static_cast<int>(i - table.residual_begin[law]);
                const int code = std::clamp(table.base[c.s] + offset, 0, c.top_code());
                sampled[static_cast<std::size_t>(code)] +=
                    (upto - before) * table.escape[c.s] / 65536.0L;
                before = upto;
            }
            const auto exact = ref::gaussian_law(c);
            long double distance = 0.0L;
            for (std::size_t i = 0; i < exact.size(); ++i)
                distance += std::abs(sampled[i] - exact[i]);
            ASSERT_LE(distance / 2, 1e-15L)
                << c.name << " s=" << c.s << " " << static_cast<double>(distance / 2);
        }
    }
}

// Conversions that share one Philox call, or neighbouring calls, are uncorrelated: |r| < 5/sqrt(n).
TEST(ConversionLawPower, NeighbouringConversionsAreUncorrelated) {
    const ConversionCase c{"", macro(255, 8, 1.0), 1, 128};
    for (const SamplingPath path : {SamplingPath::table, SamplingPath::fixed}) {
        const CycleLaw law = path == SamplingPath::table ? CycleLaw::table(c.macro, 8, 1)
                                                         : CycleLaw::fixed(c.macro, 8, 1);
        constexpr int conversions = 16, elements = 100000;
        std::vector<double> product(conversions * conversions);
        const PhiloxKey key = trial_key(9, 0, 0);
        for (std::uint32_t e = 0; e < elements; ++e) {
            int error[conversions];
            for (std::uint32_t k = 0; k < conversions; ++k)
                error[k] = conversion_code(path, law.view(), c.s, key, {e, 0, 0, 0}, k, 0) - c.s;
            for (int i = 0; i < conversions; ++i)
                for (int j = 0; j < i; ++j) product[i * conversions + j] += error[i] * error[j];
        }
        const double variance = 1.0 + 1.0 / 12.0;
        for (int i = 0; i < conversions; ++i)
            for (int j = 0; j < i; ++j)
                EXPECT_LT(std::abs(product[i * conversions + j]) / (elements * variance),
                          5.0 / std::sqrt(elements))
                    << i << "," << j;
    }
}

// SPEC 10.5: E[error^2] = 2 sum (2m-1) Q((m-1/2)/sigma) LSB^2 for a lossless bit-serial ADC, and the
// numbers that reference notes give for it. Sampled by 1e6 draws, within 6 standard errors.
TEST(SpecNumbers, MeanSquareErrorOfALosslessAdc) {
    struct Row {
        double sigma, published, tolerance;
    };
    for (const Row& row :
         {Row{0.1275, 8.8e-5, 5e-7}, Row{0.19125, 8.9e-3, 6e-5}, Row{0.255, 5.0e-2, 6e-4},
          Row{0.31875, 0.117, 5e-4}, Row{0.3825, 0.191, 5e-4}, Row{0.44625, 0.265, 5e-4 + 4e-4},
          Row{0.510, 0.337, 6e-4}, Row{1.0, 1.083, 6e-4}}) {
        long double law = 0.0L, fourth = 0.0L;
        for (int m = 1; m < 20; ++m) {
            const long double q = ref::tail((m - 0.5L) / row.sigma);
            law += 2 * (2 * m - 1) * q;
            fourth += 2 *
                      (static_cast<long double>(m) * m * m * m -
                       static_cast<long double>(m - 1) * (m - 1) * (m - 1) * (m - 1)) *
                      q;
        }
        EXPECT_NEAR(static_cast<double>(law), row.published, row.tolerance);
        for (const SamplingPath path : {SamplingPath::table, SamplingPath::fixed}) {
            const MacroParams m = macro(255, 8, row.sigma);
            const CycleLaw cycle =
                path == SamplingPath::table ? CycleLaw::table(m, 8, 1) : CycleLaw::fixed(m, 8, 1);
            const PhiloxKey key = trial_key(10, 0, 0);
            constexpr std::uint32_t elements = 125000;
            std::int64_t squares = 0;
            for (std::uint32_t e = 0; e < elements; ++e)
                for (std::uint32_t k = 0; k < 8; ++k) {
                    const int error =
                        conversion_code(path, cycle.view(), 120, key, {e, 0, 0, 0}, k, 0) - 120;
                    squares += error * error;
                }
            const double n = 8.0 * elements;
            const double deviation = std::sqrt(static_cast<double>(fourth - law * law) / n);
            EXPECT_NEAR(static_cast<double>(squares) / n, static_cast<double>(law), 6 * deviation)
                << "sigma " << row.sigma;
        }
    }
}

}  // namespace
}  // namespace acim
