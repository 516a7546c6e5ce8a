// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/macro/adc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "cuda/model/macro/cycles.hpp"

namespace acim {
namespace {

using Wide = __int128;

struct Setting {
    int rows, bits, width;
    AdcRange range;
    std::int32_t lo = 0, hi = 65536;

    AdcParams adc() const { return {bits, range, lo, hi}; }
    std::string text() const {
        return "N=" + std::to_string(rows) + " B=" + std::to_string(bits) +
               " e=" + std::to_string(width) + " range=" + std::to_string(static_cast<int>(range)) +
               " [" + std::to_string(lo) + "," + std::to_string(hi) + "]";
    }
};

std::vector<Setting> settings() {
    std::vector<Setting> out;
    for (const int rows : {1, 2, 3, 16, 85, 127, 144, 255, 256, 1000, 4096})
        for (const int bits : {1, 2, 5, 6, 8, 11, 14})
            for (const int width : {1, 2, 3, 4, 8, 9}) {
                out.push_back({rows, bits, width, AdcRange::full});
                out.push_back({rows, bits, width, AdcRange::counts});
                out.push_back({rows, bits, width, AdcRange::window, 0, 65536});
                out.push_back({rows, bits, width, AdcRange::window, 3277, 42598});
                out.push_back({rows, bits, width, AdcRange::window, 16384, 24576});
                out.push_back({rows, bits, width, AdcRange::window, 65535, 65536});
            }
    return out;
}

// Position of s in LSB as the ratio p/q of SPEC section 3, not reduced.
struct Ratio {
    Wide p, q;
};
Ratio position(const Setting& a, Wide s) {
    const Wide fs = Wide{a.rows} * ((1 << a.width) - 1), top = (1 << a.bits) - 1;
    if (a.range == AdcRange::counts) return {s, 1};
    if (a.range == AdcRange::full) return {s * top, fs};
    return {(s * 65536 - fs * a.lo) * top, fs * (a.hi - a.lo)};
}

// Largest code: 2^B-1, or what v = 1 gives under `counts`.
std::int64_t top_code(const Setting& a) {
    const std::int64_t top = (std::int64_t{1} << a.bits) - 1;
    return a.range == AdcRange::counts ? std::min(top, full_scale(a.rows, a.width)) : top;
}

// Whether s lies where code c is right: |position - c| <= 1/2, at 1/2 only if c is even; beyond
// the ends the end codes are right.
bool is_code(const Setting& a, std::int64_t s, std::int64_t c) {
    const Ratio r = position(a, s);
    const Wide twice = 2 * (r.p - Wide{c} * r.q);  // against +-q
    const bool below = twice < -r.q || (twice == -r.q && c % 2 != 0);
    const bool above = twice > r.q || (twice == r.q && c % 2 != 0);
    return (!below || c == 0) && (!above || c == top_code(a));
}

// The sums around the edges of code c: floor and ceiling of the edge, one more either way.
std::vector<std::int64_t> sums_around_edge(const Setting& a, std::int64_t c) {
    const std::int64_t fs = full_scale(a.rows, a.width);
    const auto at = [&](std::int64_t s) {
        const Ratio r = position(a, s);
        return 2 * r.p - (2 * Wide{c} - 1) * r.q;  // position - (c - 1/2), times 2q
    };
    std::int64_t low = 0, high = fs;
    while (low < high) {  // first s at or above the edge
        const std::int64_t middle = (low + high) / 2;
        if (at(middle) >= 0)
            high = middle;
        else
            low = middle + 1;
    }
    std::vector<std::int64_t> out;
    for (std::int64_t s = low - 2; s <= low + 2; ++s)
        if (s >= 0 && s <= fs) out.push_back(s);
    return out;
}

TEST(Adc, IdealCodeIsExactAtEveryEdge) {
    for (const Setting& a : settings()) {
        const AdcScale scale = adc_scale(a.adc(), a.rows, a.width);
        const std::int64_t top = top_code(a), step = std::max<std::int64_t>(1, top / 800);
        for (std::int64_t c = 0; c <= top + 1; c += c < 40 || c > top - 40 ? 1 : step)
            for (const std::int64_t s : sums_around_edge(a, c)) {
                const std::int64_t code = ideal_code(scale, s);
                ASSERT_TRUE(code >= 0 && code <= top) << a.text() << " s=" << s << " code=" << code;
                ASSERT_TRUE(is_code(a, s, code)) << a.text() << " s=" << s << " code=" << code;
            }
    }
}

TEST(Adc, IdealCodeIsExactForEverySumOfSmallMacros) {
    for (const Setting& a : settings()) {
        const std::int64_t fs = full_scale(a.rows, a.width);
        if (fs > 4096) continue;
        const AdcScale scale = adc_scale(a.adc(), a.rows, a.width);
        for (std::int64_t s = 0; s <= fs; ++s)
            ASSERT_TRUE(is_code(a, s, ideal_code(scale, s))) << a.text() << " s=" << s;
    }
}

TEST(Adc, ScaleReportsFullScaleAndStep) {
    for (const Setting& a : settings()) {
        const AdcScale scale = adc_scale(a.adc(), a.rows, a.width);
        const double fs = static_cast<double>(full_scale(a.rows, a.width));
        const double top = static_cast<double>((1 << a.bits) - 1);
        EXPECT_EQ(scale.full_scale, full_scale(a.rows, a.width));
        EXPECT_EQ(scale.code_max, top_code(a));
        const double lsb = a.range == AdcRange::full     ? top
                           : a.range == AdcRange::counts ? fs
                                                         : 65536.0 * top / (a.hi - a.lo);
        EXPECT_EQ(scale.lsb_per_fs, lsb) << a.text();
    }
}

// Lossless: the value of every code, c * LSB, is the sum itself.
TEST(Adc, LosslessExactlyWhereEveryCodeDecodesToItsSum) {
    for (const int rows : {1, 3, 5, 15, 16, 17, 51, 85, 127, 144, 255, 256, 341, 1023, 4095, 4096})
        for (int bits = 1; bits <= 14; ++bits)
            for (int width = 1; width <= 4; ++width)
                for (const AdcRange range : {AdcRange::full, AdcRange::counts}) {
                    const Setting a{rows, bits, width, range};
                    const AdcScale scale = adc_scale(a.adc(), rows, width);
                    const std::int64_t fs = scale.full_scale, top = (1 << bits) - 1;
                    bool exact = true;
                    for (std::int64_t s = 0; s <= fs && exact; ++s) {
                        const std::int64_t c = ideal_code(scale, s);
                        exact = range == AdcRange::full ? c * fs == s * top : c == s;
                    }
                    ASSERT_EQ(is_lossless(scale, a.adc()), exact) << a.text();
                }
    const Setting window{255, 8, 1, AdcRange::window};
    EXPECT_FALSE(is_lossless(adc_scale(window.adc(), 255, 1), window.adc()));
}

TEST(Adc, KnownLosslessSettings) {
    const auto lossless = [](int rows, int bits, int width) {
        const AdcParams adc{.bits = bits};
        return is_lossless(adc_scale(adc, rows, width), adc);
    };
    EXPECT_TRUE(lossless(255, 8, 1));
    EXPECT_TRUE(lossless(85, 8, 1));
    EXPECT_TRUE(lossless(85, 8, 2));
    EXPECT_FALSE(lossless(256, 8, 1));
    EXPECT_FALSE(lossless(144, 8, 1));
    EXPECT_FALSE(lossless(255, 8, 2));
    EXPECT_TRUE(lossless(273, 12, 4));
}

// Grid codes: edges at (c - 1/2) * 2^16, a tie goes to the even code.
TEST(Adc, GridCodeIsExactAroundEveryEdge) {
    for (const Setting& a : settings()) {
        if (a.width > 2) continue;
        const AdcScale scale = adc_scale(a.adc(), a.rows, a.width);
        const std::int64_t top = top_code(a);
        for (std::int64_t c = -3; c <= top + 3; ++c) {
            const std::int64_t edge = c * 65536 - 32768;
            const auto clipped = [&](std::int64_t code) {
                return std::clamp<std::int64_t>(code, 0, top);
            };
            ASSERT_EQ(grid_code(scale, edge - 1), clipped(c - 1)) << a.text();
            ASSERT_EQ(grid_code(scale, edge), clipped(c % 2 == 0 ? c : c - 1)) << a.text();
            ASSERT_EQ(grid_code(scale, edge + 1), clipped(c)) << a.text();
        }
    }
}

// The grid position is the exact one rounded to 2^-16 LSB, give or take the rounding of a double.
TEST(Adc, GridPositionIsTheNearestGridPoint) {
    for (const Setting& a : settings()) {
        const AdcScale scale = adc_scale(a.adc(), a.rows, a.width);
        const std::int64_t fs = scale.full_scale, step = std::max<std::int64_t>(1, fs / 500);
        for (std::int64_t s = 0; s <= fs; s += step) {
            const Ratio r = position(a, s);
            const Wide error = r.p * 65536 - Wide{grid_position(scale, s)} * r.q;
            const Wide slack = r.q / 64;  // a tie may fall either way after the double division
            ASSERT_LE(2 * (error < 0 ? -error : error), r.q + slack) << a.text() << " s=" << s;
        }
    }
}

TEST(Adc, GridKeepsTheNoiseFreeCodeWhereNoEdgeIsNear) {
    for (const Setting& a : settings()) {
        const AdcScale scale = adc_scale(a.adc(), a.rows, a.width);
        if (scale.den > 65536)
            continue;  // the nearest non-tie is then nearer than half a grid step
        const std::int64_t fs = scale.full_scale, step = std::max<std::int64_t>(1, fs / 2000);
        for (std::int64_t s = 0; s <= fs; s += step)
            ASSERT_EQ(grid_code(scale, grid_position(scale, s)), ideal_code(scale, s))
                << a.text() << " s=" << s;
    }
}

}  // namespace
}  // namespace acim
