// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "host/stats/point_statistics.hpp"

namespace acim {
namespace {

constexpr int experiments = 20000;
constexpr double true_mean = 0.9;
constexpr double chip_sd = 0.010;
constexpr double temporal_sd = 0.008;
constexpr std::uint64_t images = 10000;

// Trials of Gaussian chips with Gaussian temporal noise, rounded to whole images.
std::vector<TrialAccuracy> draw(std::mt19937_64& random, std::uint32_t chips,
                                std::uint32_t repeats) {
    std::normal_distribution<double> chip_law(true_mean, chip_sd), noise(0.0, temporal_sd);
    std::vector<TrialAccuracy> trials;
    for (std::uint32_t chip = 0; chip < chips; ++chip) {
        const double level = chip_law(random);
        for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
            const double exact = level + noise(random);
            trials.push_back({chip, repeat, std::round(exact * images) / images, 0.0, 0.0});
        }
    }
    return trials;
}

// 20000 experiments: the share of intervals that hold the true mean has a standard deviation of
// 0.00154 around 0.95. The bound is 5 of them: a right program fails once in 1.7 million seeds,
// and an interval from the normal quantile (coverage 0.855 at 4 chips) or over pooled trials
// (about 0.87) fails always.
TEST(Coverage, StudentIntervalOverChips) {
    std::mt19937_64 random(11);
    for (const std::uint32_t chips : {2U, 4U, 10U}) {
        int covered = 0;
        for (int i = 0; i < experiments; ++i) {
            const PointStatistics s = point_statistics(draw(random, chips, 3), {.images = images});
            covered += s.ci_low <= true_mean && true_mean <= s.ci_high;
        }
        const double share = static_cast<double>(covered) / experiments;
        EXPECT_NEAR(share, 0.95, 5 * 0.00154) << chips << " chips";
    }
}

// Means of 20000 variance estimates at 8 chips and 3 repeats. The variance of one estimate is
// 2/9*(MSB^2/7 + MSW^2/16), so the mean has a standard deviation of 4.6e-7 for the chip part
// (MSB = 3.64e-4, MSW = 6.4e-5) and 1.6e-7 for the temporal part; the bounds are 5 of them, and
// 1e-6 more for the clipping at 0 and the rounding to images. Leaving the temporal part in would
// be off by 2.1e-5.
TEST(Coverage, VarianceComponentsAreUnbiased) {
    std::mt19937_64 random(12);
    double chip = 0.0, temporal = 0.0;
    for (int i = 0; i < experiments; ++i) {
        const PointStatistics s = point_statistics(draw(random, 8, 3), {.images = images});
        chip += s.between_chip_sd * s.between_chip_sd;
        temporal += s.temporal_sd * s.temporal_sd;
    }
    EXPECT_NEAR(chip / experiments, chip_sd * chip_sd, 5 * 4.6e-7 + 1e-6);
    EXPECT_NEAR(temporal / experiments, temporal_sd * temporal_sd, 5 * 1.6e-7 + 1e-8);
}

// Chips that differ by one image in one case of ten: 4 chips agree in 66 % of the experiments, and
// an interval of zero width would miss the true mean there. The floor of half an image keeps the
// coverage above 95 %: the expected count is about 20000, the bound 19000 is out of reach.
TEST(Coverage, ResolutionFloorCoversRareDifferences) {
    std::mt19937_64 random(13);
    std::bernoulli_distribution differs(0.1);
    const double expected = 450.1 / 500.0;
    int covered = 0, equal = 0;
    for (int i = 0; i < experiments; ++i) {
        std::vector<TrialAccuracy> trials;
        for (std::uint32_t chip = 0; chip < 4; ++chip) {
            trials.push_back({chip, 0, (differs(random) ? 451.0 : 450.0) / 500.0, 0.0, 0.0});
        }
        const PointStatistics s = point_statistics(trials, {.images = 500});
        covered += s.ci_low <= expected && expected <= s.ci_high;
        equal += s.min == s.max;
    }
    EXPECT_GT(covered, 19000);
    EXPECT_GT(equal, experiments / 2);
}

}  // namespace
}  // namespace acim
