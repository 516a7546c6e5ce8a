// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace acim {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

int top(std::vector<float> logits) { return top1(logits); }

TEST(Top1, LargestWinsAndTiesGoToTheLowestIndex) {
    EXPECT_EQ(top({1, 3, 2}), 1);
    EXPECT_EQ(top({3, 3, 3}), 0);
    EXPECT_EQ(top({1, 5, 2, 5}), 1);
    EXPECT_EQ(top({-0.0F, 0.0F}), 0);
    EXPECT_EQ(top({0.0F, -0.0F}), 0);
    EXPECT_EQ(top({-inf, -1e38F}), 1);
    EXPECT_EQ(top({4}), 0);
}

TEST(Top1, NanNeverWins) {
    EXPECT_EQ(top({nan, 1, 2}), 2);
    EXPECT_EQ(top({nan, -5, nan}), 1);
    EXPECT_EQ(top({1, nan, 0}), 0);
    EXPECT_EQ(top({nan, nan, -inf}), 2);
    EXPECT_EQ(top({nan, nan, nan}), 0);  // nobody wins: the tie rule
}

long double reference_loss(const std::vector<float>& logits, int label) {
    long double peak = -HUGE_VALL, sum = 0.0L;
    for (const float l : logits) peak = std::max(peak, static_cast<long double>(l));
    for (const float l : logits) sum += std::exp(l - peak);
    return std::log(sum) + peak - logits[static_cast<std::size_t>(label)];
}

// The sum of exponentials is a sum of n roundings to 2^-40, so the loss is off by at most
// n*2^-41 + one step of 2^-33; a few 1e-15 of double arithmetic on top.
TEST(CrossEntropy, EqualsTheLongDoubleReference) {
    std::mt19937 draw(5);
    for (const int classes : {1, 2, 10, 100, 1000})
        for (const double spread : {0.01, 1.0, 10.0, 60.0}) {
            std::normal_distribution<double> normal(0.0, spread);
            for (int repeat = 0; repeat < 40; ++repeat) {
                std::vector<float> logits;
                for (int i = 0; i < classes; ++i)
                    logits.push_back(static_cast<float>(normal(draw)));
                const int label = static_cast<int>(draw() % static_cast<unsigned>(classes));
                const long double loss = reference_loss(logits, label);
                const long double steps = std::ldexp(loss, 32);
                const long double bound =
                    std::ldexp(classes + 0.0L, -9) + 0.51L + 1e-5L * (loss + 1);
                ASSERT_LE(std::abs(cross_entropy_steps(logits, label) - steps), bound)
                    << classes << " classes, loss " << static_cast<double>(loss);
            }
        }
}

TEST(CrossEntropy, KnownValues) {
    const std::vector<float> pair = {0, 0};
    EXPECT_EQ(cross_entropy_steps(pair, 1), std::llrint(std::ldexp(std::log(2.0L), 32)));
    const std::vector<float> sure = {100, -100};
    EXPECT_EQ(cross_entropy_steps(sure, 0), 0);
    EXPECT_EQ(cross_entropy_steps(sure, 1), std::int64_t{200} << 32);
    EXPECT_EQ(cross_entropy_steps(std::vector<float>{7}, 0), 0);
}

TEST(CrossEntropy, IsBoundedForEveryInput) {
    const std::int64_t most = std::int64_t{512} << 32;
    EXPECT_EQ(cross_entropy_steps(std::vector<float>{1e30F, -1e30F}, 1), most);
    EXPECT_EQ(cross_entropy_steps(std::vector<float>{0, -inf}, 1), most);
    EXPECT_EQ(cross_entropy_steps(std::vector<float>{0, nan}, 1), most);
    EXPECT_EQ(cross_entropy_steps(std::vector<float>{nan, nan}, 0), most);
    EXPECT_EQ(cross_entropy_steps(std::vector<float>{0, nan}, 0), 0);
    for (const int label : {0, 1, 2}) {
        const std::int64_t steps = cross_entropy_steps(std::vector<float>{inf, 1, -inf}, label);
        EXPECT_GE(steps, 0);
        EXPECT_LE(steps, most);
    }
}

__extension__ using Wide = __int128;

Wide value(const WideSum& s) { return (static_cast<Wide>(s.high) << 64) + s.low; }

TEST(LayerSums, AddOutputSumsErrorsAndSquares) {
    std::mt19937_64 draw(6);
    LayerSums sums;
    Wide e = 0, ee = 0, yy = 0, ye = 0;
    for (int i = 0; i < 5000; ++i) {
        const auto exact = static_cast<std::int64_t>(draw() % 2000000001u) - 1000000000;
        const auto steps = static_cast<std::int64_t>(draw() % 2000001u) - 1000000;  // [2^-8]
        add_output(sums, exact, static_cast<double>(exact) + static_cast<double>(steps) / 256.0);
        e += steps;
        ee += static_cast<Wide>(steps) * steps;
        yy += static_cast<Wide>(exact * 256) * (exact * 256);
        ye += static_cast<Wide>(exact * 256) * steps;
    }
    EXPECT_EQ(sums.outputs, 5000u);
    EXPECT_EQ(sums.conversions, 0u);
    EXPECT_TRUE(value(sums.e) == e);
    EXPECT_TRUE(value(sums.ee) == ee);
    EXPECT_TRUE(value(sums.yy) == yy);
    EXPECT_TRUE(value(sums.ye) == ye);
}

TEST(LayerSums, ErrorsRoundHalfToEvenOf256ths) {
    LayerSums sums;
    add_output(sums, 0, 0.5 / 256.0);
    EXPECT_TRUE(value(sums.e) == 0);
    add_output(sums, 0, 1.5 / 256.0);
    EXPECT_TRUE(value(sums.e) == 2);
    add_output(sums, 3, 3.0 - 2.5 / 256.0);  // 765.5 -> 766 - 768
    EXPECT_TRUE(value(sums.e) == 0);
}

TEST(WideSum, AddsAcrossTheWordBoundary) {
    WideSum sum;
    Wide reference = 0;
    std::mt19937_64 draw(7);
    for (int i = 0; i < 1000; ++i) {
        const auto v = static_cast<std::int64_t>(draw());
        sum.add(v);
        reference += v;
    }
    WideSum twice = sum;
    twice.add(sum);
    EXPECT_TRUE(value(sum) == reference);
    EXPECT_TRUE(value(twice) == 2 * reference);
    EXPECT_NEAR(sum.to_double(), static_cast<double>(reference),
                1e-15 * std::abs(static_cast<double>(reference)));
    WideSum minus;
    minus.add(-1);
    EXPECT_EQ(minus.to_double(), -1.0);
}

// Only a file of somebody else holds such sums; under the sanitizer an overflow would end the test.
TEST(WideSum, WrapsBeyondItsRange) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    WideSum sum{~std::uint64_t{0}, most};
    sum.add(1);
    EXPECT_EQ(sum, (WideSum{0, least}));
    EXPECT_EQ(sum.to_double(), -0x1p127);
    sum.add(WideSum{0, least});
    EXPECT_EQ(sum, WideSum{});
    EXPECT_EQ((WideSum{1, least}).to_double(), -0x1p127);
}

}  // namespace
}  // namespace acim
