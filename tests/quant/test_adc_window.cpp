// SPDX-License-Identifier: Apache-2.0
#include "host/quant/adc_window.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/trial/normal_reference.hpp"

namespace acim {
namespace {

CountHistogram one_part(std::vector<std::uint64_t> conversions, int width = 1) {
    CountHistogram h;
    const auto span = static_cast<std::int64_t>(conversions.size()) - 1;
    h.parts.push_back({width, true, span, std::move(conversions)});
    return h;
}

// Binomial law of `rows` cells, scaled to integers.
CountHistogram binomial(int rows, double p) {
    std::vector<std::uint64_t> n;
    for (int s = 0; s <= rows; ++s)
        n.push_back(static_cast<std::uint64_t>(
            std::exp(std::lgamma(rows + 1.0) - std::lgamma(s + 1.0) - std::lgamma(rows - s + 1.0) +
                     s * std::log(p) + (rows - s) * std::log1p(-p)) *
            1e9));
    return one_part(n);
}

MacroParams macro_of(int rows, int bits) {
    MacroParams macro;
    macro.rows = rows;
    macro.adc.bits = bits;
    macro.adc.range = AdcRange::csnr;
    return macro;
}

TEST(PercentileWindow, NearestRankRoundedUp) {
    // 90 times 0, nine times 1, once 3, of 5 counts.
    const CountHistogram h = one_part({90, 9, 0, 1, 0, 0});
    EXPECT_EQ(percentile_window(h, 90.0), (AdcWindow{0, 1}));
    EXPECT_EQ(percentile_window(h, 90.1), (AdcWindow{0, 13108}));  // 65536/5 = 13107.2
    EXPECT_EQ(percentile_window(h, 99.0), (AdcWindow{0, 13108}));
    EXPECT_EQ(percentile_window(h, 99.1), (AdcWindow{0, 39322}));  // 3*65536/5 = 39321.6
    EXPECT_EQ(percentile_window(h, 100.0), (AdcWindow{0, 39322}));
}

TEST(PercentileWindow, WholeSpanAndNothing) {
    EXPECT_EQ(percentile_window(one_part({1, 0, 1}), 100.0), (AdcWindow{0, 65536}));
    EXPECT_EQ(percentile_window(one_part({0, 0, 0}), 50.0), (AdcWindow{0, 65536}));
    EXPECT_EQ(percentile_window(CountHistogram(), 50.0), (AdcWindow{0, 65536}));
}

// Cycles of different width are joined in units of their own full scale.
TEST(PercentileWindow, JoinsPartsBySharesOfTheirSpans) {
    CountHistogram h = one_part({0, 5, 0, 0, 0, 0, 0, 0, 3}, 1);  // 1/8 five times, 1 three times
    h.parts.push_back({2, true, 4, {0, 0, 2, 0, 0}});             // 1/2 twice
    EXPECT_EQ(percentile_window(h, 50.0), (AdcWindow{0, 8192}));
    EXPECT_EQ(percentile_window(h, 51.0), (AdcWindow{0, 32768}));
    EXPECT_EQ(percentile_window(h, 70.0), (AdcWindow{0, 32768}));
    EXPECT_EQ(percentile_window(h, 71.0), (AdcWindow{0, 65536}));
}

TEST(PercentileWindow, EqualsTheSortedList) {
    const CountHistogram h = binomial(40, 0.3);
    const std::uint64_t total = h.total();
    for (const double p : {0.001, 1.0, 50.0, 97.5, 99.9, 99.9999, 100.0}) {
        const auto rank =
            static_cast<std::uint64_t>(std::ceil(p * static_cast<double>(total) / 100.0 - 1e-6));
        std::uint64_t seen = 0;
        std::int64_t s = 0;
        while ((seen += h.parts[0].conversions[static_cast<std::size_t>(s)]) < rank) ++s;
        EXPECT_EQ(percentile_window(h, p).hi, std::max<std::int64_t>(1, (s * 65536 + 39) / 40))
            << p;
    }
}

// The law itself: E[(decoded - count/span)^2] over clipped, rounded codes, in long double and libm.
long double plain_error(const CountHistogram& h, const MacroParams& macro, AdcWindow w,
                        long double (*sigma_of)(const MacroParams&, long double lsb_per_fs,
                                                long double cells)) {
    using testing_reference::between;
    const long double lo = w.lo / 65536.0L, hi = w.hi / 65536.0L;
    const int top = (1 << macro.adc.bits) - 1;
    const long double lsb = (hi - lo) / top;
    constexpr long double far = 1e9L;
    long double sum = 0.0L;
    for (const auto& part : h.parts) {
        for (std::int64_t s = 0; s <= part.span; ++s) {
            const std::uint64_t n = part.conversions[static_cast<std::size_t>(s)];
            if (n == 0) continue;
            const long double t = static_cast<long double>(s) / part.span;
            const long double position = (t - lo) / lsb;
            const long double sigma =
                part.noisy ? sigma_of(macro, 1.0L / lsb, t * macro.rows) : 0.0L;
            for (int c = 0; c <= top; ++c) {
                long double p;
                const long double below = c == 0 ? -far : c - 0.5L;
                const long double above = c == top ? far : c + 0.5L;
                if (sigma > 0.0L) {
                    p = between((below - position) / sigma, (above - position) / sigma);
                } else {  // half to even
                    const bool even = c % 2 == 0;
                    p = (position > below || (even && position == below)) &&
                                (position < above || (even && position == above))
                            ? 1.0L
                            : 0.0L;
                }
                const long double error = lo + c * lsb - t;
                sum += n * p * error * error;
            }
        }
    }
    return sum;
}

long double no_sigma(const MacroParams&, long double, long double) { return 0.0L; }
long double lsb_sigma(const MacroParams& m, long double, long double) {
    return m.noise.random.sigma;
}
long double full_scale_sigma(const MacroParams& m, long double lsb_per_fs, long double cells) {
    const long double r = m.noise.random.sigma / 100.0L * lsb_per_fs;
    const long double n = m.noise.nonlinear.sigma / 100.0L * lsb_per_fs / std::sqrt(cells + 1.0L);
    const long double comparator = m.adc_errors.comparator;
    return std::sqrt(r * r + n * n + comparator * comparator);
}

// Every window, nothing left out.
AdcWindow exhaustive(const CountHistogram& h, const MacroParams& macro) {
    AdcWindow best;
    double least = std::numeric_limits<double>::infinity();
    for (int lo = 0; lo < csnr_steps; ++lo)
        for (int hi = lo + 1; hi <= csnr_steps; ++hi) {
            const AdcWindow w{lo * 256, hi * 256};
            const double error = window_error(h, macro, 8, w);
            if (error < least) {
                least = error;
                best = w;
            }
        }
    return best;
}

TEST(WindowError, EqualsTheLawWithoutNoise) {
    const CountHistogram h = binomial(37, 0.3);
    const MacroParams macro = macro_of(37, 4);
    for (const AdcWindow w : {AdcWindow{0, 65536}, AdcWindow{256, 512}, AdcWindow{8192, 32768},
                              AdcWindow{0, 30000}, AdcWindow{60000, 65536}}) {
        const auto exact = static_cast<double>(plain_error(h, macro, w, no_sigma));
        EXPECT_NEAR(window_error(h, macro, 8, w) / exact, 1.0, 1e-11) << w.lo << " " << w.hi;
    }
}

TEST(WindowError, EqualsTheLawUnderNoise) {
    const CountHistogram h = binomial(37, 0.3);
    for (const double sigma : {1e-3, 0.05, 0.25, 1.0, 7.5, 300.0}) {
        MacroParams macro = macro_of(37, 5);
        macro.noise.random.sigma = sigma;
        for (const AdcWindow w : {AdcWindow{0, 65536}, AdcWindow{256, 512}, AdcWindow{8192, 32768},
                                  AdcWindow{60000, 65536}}) {
            const auto exact = static_cast<double>(plain_error(h, macro, w, lsb_sigma));
            EXPECT_NEAR(window_error(h, macro, 8, w) / exact, 1.0, 1e-11) << sigma << " " << w.lo;
        }
    }
}

// Noise in percent of full scale grows in LSB as the window narrows; it falls with the count where
// it is nonlinear.
TEST(WindowError, NoiseInFullScalesFollowsTheWindow) {
    CountHistogram h = binomial(37, 0.3);
    h.parts.push_back({2, true, 3 * 37, std::vector<std::uint64_t>(112, 1000)});
    h.parts.push_back({1, false, 37, std::vector<std::uint64_t>(38, 1000)});
    MacroParams macro = macro_of(37, 5);
    macro.noise.random = {0.7, NoiseUnit::percent_fs};
    macro.noise.nonlinear.sigma = 2.0;
    macro.adc_errors.comparator = 0.3;
    for (const AdcWindow w : {AdcWindow{0, 65536}, AdcWindow{8192, 32768}, AdcWindow{512, 4096}}) {
        const auto exact = static_cast<double>(plain_error(h, macro, w, full_scale_sigma));
        EXPECT_NEAR(window_error(h, macro, 8, w) / exact, 1.0, 1e-11) << w.lo;
    }
}

TEST(WindowError, InjectedConstantsAreNoNoise) {
    const CountHistogram h = binomial(37, 0.3);
    MacroParams macro = macro_of(37, 5);
    const double quiet = window_error(h, macro, 8, {0, 32768});
    macro.noise.random.sigma = 1.0;
    EXPECT_NE(window_error(h, macro, 8, {0, 32768}), quiet);
    macro.noise.inject.active = true;
    EXPECT_EQ(window_error(h, macro, 8, {0, 32768}), quiet);
}

TEST(CsnrWindow, EqualsTheExhaustiveSearch) {
    for (const double sigma : {0.0, 0.1, 0.6, 3.0}) {
        for (const int bits : {2, 4}) {
            MacroParams macro = macro_of(23, bits);
            macro.noise.random.sigma = sigma;
            const CountHistogram h = binomial(23, 0.2);
            const AdcWindow expected = exhaustive(h, macro);
            EXPECT_EQ(csnr_window(h, macro, 8, 1), expected) << sigma << " " << bits;
            EXPECT_EQ(csnr_window(h, macro, 8, 2), expected) << sigma << " " << bits;
        }
    }
}

// The search in the law's own terms: no window on the grid is better.
TEST(CsnrWindow, LeastByTheLawItself) {
    MacroParams macro = macro_of(11, 2);
    macro.noise.random.sigma = 0.4;
    const CountHistogram h = one_part({500, 300, 90, 80, 10, 7, 6, 1, 0, 0, 1, 0});
    const AdcWindow found = csnr_window(h, macro, 8, 2);
    const long double error = plain_error(h, macro, found, lsb_sigma);
    for (int lo = 0; lo < csnr_steps; lo += 3)
        for (int hi = lo + 1; hi <= csnr_steps; hi += 2)
            ASSERT_GE(plain_error(h, macro, {lo * 256, hi * 256}, lsb_sigma),
                      error * (1.0L - 1e-10L))
                << lo << " " << hi;
}

// Among windows without any error the first: lo ascending, then hi.
TEST(CsnrWindow, FirstOfEquals) {
    // Counts 0 and 1 of 2; one bit tells 0 and hi apart, so that only hi = 1/2 is free of error.
    EXPECT_EQ(csnr_window(one_part({5, 5, 0}), macro_of(2, 1), 8, 2), (AdcWindow{0, 32768}));
    // Count 0 only: code 0 is exact for every window from 0.
    EXPECT_EQ(csnr_window(one_part({5, 0, 0}), macro_of(2, 3), 8, 2), (AdcWindow{0, 256}));
    EXPECT_EQ(csnr_window(one_part({0, 0, 0}), macro_of(2, 3), 8, 2), (AdcWindow{0, 65536}));
}

// The same integers and bits from every compiler: the histogram holds integers only.
TEST(CsnrWindow, PinnedIntegers) {
    std::vector<std::uint64_t> n;
    std::uint64_t x = 1;
    for (std::uint64_t s = 0; s <= 144; ++s) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        n.push_back(s < 90 ? (x >> 44) / (1 + s * s / 16) : 0);
    }
    const CountHistogram h = one_part(n);
    MacroParams macro = macro_of(144, 5);
    EXPECT_EQ(csnr_window(h, macro, 8, 2), (AdcWindow{0, 36352}));
    EXPECT_EQ(window_error(h, macro, 8, {1024, 16384}), 0x1.a54e91989bad2p+11);
    macro.noise.random = {0.4, NoiseUnit::percent_fs};
    macro.noise.nonlinear.sigma = 0.8;
    EXPECT_EQ(csnr_window(h, macro, 8, 2), (AdcWindow{256, 35840}));
    EXPECT_EQ(window_error(h, macro, 8, {1024, 16384}), 0x1.adb2d6a0804e4p+11);
    EXPECT_EQ(percentile_window(h, 99.9), (AdcWindow{0, 37775}));
}

// CACTUS's point: a coarse ADC on the part of the range that sums use loses far less than one on
// all of it. 256 rows, each cell conducting with p = 1/4: mean 64, standard deviation 6.9 counts.
// A million counts at 14 bits and wide noise are refused before anything is computed.
TEST(CsnrWindow, RefusesASearchOfMinutes) {
    MacroParams macro = macro_of(4096, 14);
    macro.noise.random = {1.0, NoiseUnit::percent_fs};
    EXPECT_THROW(
        csnr_window(one_part(std::vector<std::uint64_t>(4096 * 255 + 1, 1), 8), macro, 8, 1),
        std::invalid_argument);
    EXPECT_NO_THROW(csnr_window(binomial(64, 0.25), macro_of(64, 6), 8, 1));
}

TEST(CsnrWindow, GainsOverTheFullRangeAtFewBits) {
    const CountHistogram h = binomial(256, 0.25);
    for (const int bits : {3, 4, 5}) {
        const MacroParams macro = macro_of(256, bits);
        const AdcWindow w = csnr_window(h, macro, 8, 2);
        EXPECT_GT(w.lo / 256, 64 - 5 * 7) << bits;
        EXPECT_LT(w.lo / 256, 64 - 7) << bits;
        EXPECT_GT(w.hi / 256, 64 + 7) << bits;
        EXPECT_LT(w.hi / 256, 64 + 5 * 7) << bits;
        const double full = window_error(h, macro, 8, {0, 65536});
        const double gain = 10.0 * std::log10(full / window_error(h, macro, 8, w));
        EXPECT_GT(gain, 15.0) << bits;  // 18.0, 16.5 and 15.5 dB
    }
}

TEST(Settings, WindowInPlaceOfARange) {
    LayerSettings s;
    s.macro.adc = {.bits = 6, .range = AdcRange::percentile, .percentile = 99.0};
    EXPECT_TRUE(is_calibrated(s));
    const LayerSettings window = with_window(s, {256, 512});
    EXPECT_FALSE(is_calibrated(window));
    EXPECT_EQ(window.macro.adc.range, AdcRange::window);
    EXPECT_EQ(window.macro.adc.bits, 6);
    EXPECT_EQ(window.macro.adc.lo, 256);
    EXPECT_EQ(window.macro.adc.hi, 512);
    EXPECT_EQ(with_window(s, {0, 65536}).macro.adc.range, AdcRange::full);
    EXPECT_EQ(with_any_window(s).macro.adc.range, AdcRange::window);
    s.analog = false;  // a digital layer has no ADC
    EXPECT_FALSE(is_calibrated(s));
    EXPECT_EQ(with_any_window(s).macro.adc.range, AdcRange::percentile);
}

}  // namespace
}  // namespace acim
