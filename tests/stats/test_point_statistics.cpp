// SPDX-License-Identifier: Apache-2.0
#include "host/stats/point_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "host/core/error.hpp"

namespace acim {
namespace {

using Table = std::vector<std::vector<double>>;  // [chip][repeat]

std::vector<TrialAccuracy> trials_of(const Table& table) {
    std::vector<TrialAccuracy> trials;
    for (std::uint32_t chip = 0; chip < table.size(); ++chip) {
        for (std::uint32_t repeat = 0; repeat < table[chip].size(); ++repeat) {
            const double accuracy = table[chip][repeat];
            trials.push_back({chip, repeat, accuracy, accuracy + 0.01, 1.0 - accuracy});
        }
    }
    return trials;
}

const Table balanced = {
    {0.90, 0.92, 0.91}, {0.85, 0.86, 0.87}, {0.95, 0.93, 0.94}, {0.90, 0.89, 0.88}};

// References: numpy 1.24, mean squares between and within chips, checked with scipy.stats.f_oneway
// (F = 34).
TEST(PointStatistics, DeterministicPointWithUnequalRepeats) {
    // (a + ... + a)/n is not a in floating point: 0.03 ten times against three times.
    std::vector<TrialAccuracy> trials;
    for (std::uint32_t r = 0; r < 10; ++r) trials.push_back({0, r, 0.03, 1.0, 2.0});
    for (std::uint32_t r = 0; r < 3; ++r) trials.push_back({1, r, 0.03, 1.0, 2.0});
    const PointStatistics s = point_statistics(trials, {100, true});
    EXPECT_EQ(s.mean, 0.03);
    EXPECT_EQ(s.ci_low, 0.03);
    EXPECT_EQ(s.ci_high, 0.03);
}

TEST(PointStatistics, SplitsChipAndTemporalVariance) {
    const PointStatistics s = point_statistics(trials_of(balanced), {.images = 1000});
    EXPECT_EQ(s.trials, 12U);
    EXPECT_EQ(s.chips, 4U);
    EXPECT_NEAR(s.mean, 0.9, 1e-12);
    EXPECT_TRUE(s.temporal_removed);
    EXPECT_NEAR(s.between_chip_sd, 0.033166247903553984, 1e-12);
    EXPECT_NEAR(s.temporal_sd, 0.01, 1e-12);
    EXPECT_NEAR(s.p5, 0.8645, 1e-12);
    EXPECT_NEAR(s.p50, 0.9, 1e-12);
    EXPECT_NEAR(s.p95, 0.9355, 1e-12);
    EXPECT_NEAR(s.min, 0.86, 1e-12);
    EXPECT_NEAR(s.max, 0.94, 1e-12);
    EXPECT_NEAR(s.agreement, 0.91, 1e-12);
    EXPECT_NEAR(s.loss, 0.1, 1e-12);
    EXPECT_EQ(s.ci_kind, IntervalKind::student_t);
    const std::vector<double> means = {0.91, 0.86, 0.94, 0.89};
    EXPECT_NEAR(s.ci_low, t_interval(means).low, 1e-12);
    EXPECT_NEAR(s.ci_high, t_interval(means).high, 1e-12);
    EXPECT_NEAR(s.wilson_half_width, wilson_half_width(0.9, 1000), 1e-15);
}

TEST(PointStatistics, SplitsUnequalNumbersOfRepeats) {
    const Table table = {{0.90, 0.92}, {0.85, 0.86, 0.87}, {0.95}, {0.90, 0.89, 0.88, 0.91}};
    const PointStatistics s = point_statistics(trials_of(table), {.images = 1000});
    EXPECT_NEAR(s.between_chip_sd, 0.030845235797908422, 1e-12);
    EXPECT_NEAR(s.temporal_sd, 0.012247448713915901, 1e-12);
    EXPECT_NEAR(s.mean, 0.90375, 1e-12);
}

TEST(PointStatistics, NegativeChipVarianceIsZero) {
    const Table table = {{0.90, 0.80}, {0.80, 0.90}, {0.85, 0.85}};
    const PointStatistics s = point_statistics(trials_of(table), {.images = 100});
    EXPECT_EQ(s.between_chip_sd, 0.0);
    EXPECT_GT(s.temporal_sd, 0.0);
}

TEST(PointStatistics, OrderOfTrialsDoesNotMatter) {
    std::vector<TrialAccuracy> trials = trials_of(balanced);
    const PointStatistics forward = point_statistics(trials, {.images = 1000});
    std::reverse(trials.begin(), trials.end());
    const PointStatistics backward = point_statistics(trials, {.images = 1000});
    EXPECT_EQ(forward.mean, backward.mean);
    EXPECT_EQ(forward.between_chip_sd, backward.between_chip_sd);
    EXPECT_EQ(forward.temporal_sd, backward.temporal_sd);
    EXPECT_EQ(forward.ci_low, backward.ci_low);
    EXPECT_EQ(forward.loss, backward.loss);
}

TEST(PointStatistics, OneRepeatCannotSeparate) {
    const PointStatistics s =
        point_statistics(trials_of({{0.90}, {0.92}, {0.94}}), {.images = 1000});
    EXPECT_FALSE(s.temporal_removed);
    EXPECT_NEAR(s.between_chip_sd, 0.02, 1e-12);
    EXPECT_TRUE(std::isnan(s.temporal_sd));
    EXPECT_EQ(s.ci_kind, IntervalKind::student_t);
}

TEST(PointStatistics, OneChipHasNoInterval) {
    const PointStatistics s = point_statistics(trials_of({{0.90, 0.92}}), {.images = 1000});
    EXPECT_EQ(s.ci_kind, IntervalKind::none);
    EXPECT_TRUE(std::isnan(s.ci_low));
    EXPECT_TRUE(std::isnan(s.ci_high));
    EXPECT_TRUE(std::isnan(s.between_chip_sd));
    EXPECT_FALSE(s.temporal_removed);
    EXPECT_NEAR(s.temporal_sd, 0.02 / std::sqrt(2.0), 1e-12);
    EXPECT_NEAR(s.mean, 0.91, 1e-12);
}

TEST(PointStatistics, EqualChipsOfANoisyPointKeepHalfAnImage) {
    const PointStatistics s =
        point_statistics(trials_of({{0.90}, {0.90}, {0.90}}), {.images = 500});
    EXPECT_EQ(s.ci_kind, IntervalKind::resolution);
    EXPECT_NEAR(s.ci_low, 0.899, 1e-12);
    EXPECT_NEAR(s.ci_high, 0.901, 1e-12);
    EXPECT_EQ(s.between_chip_sd, 0.0);
}

TEST(PointStatistics, IntervalStaysWithinZeroAndOne) {
    const PointStatistics high = point_statistics(trials_of({{1.0}, {0.95}}), {.images = 20});
    EXPECT_EQ(high.ci_high, 1.0);
    EXPECT_LT(high.ci_low, 0.95);
    const PointStatistics equal = point_statistics(trials_of({{1.0}, {1.0}}), {.images = 20});
    EXPECT_EQ(equal.ci_high, 1.0);
    EXPECT_NEAR(equal.ci_low, 0.975, 1e-12);
}

TEST(PointStatistics, DeterministicPointIsExact) {
    const TrialConditions conditions{.images = 500, .deterministic = true};
    for (const Table& table : {Table{{0.90}}, Table{{0.90, 0.90}, {0.90, 0.90}, {0.90, 0.90}}}) {
        const PointStatistics s = point_statistics(trials_of(table), conditions);
        EXPECT_EQ(s.ci_kind, IntervalKind::exact);
        EXPECT_EQ(s.ci_low, 0.90);
        EXPECT_EQ(s.ci_high, 0.90);
        EXPECT_EQ(s.between_chip_sd, 0.0);
        EXPECT_EQ(s.temporal_sd, 0.0);
    }
    EXPECT_THROW(point_statistics(trials_of({{0.90}, {0.91}}), conditions), ContractError);
}

TEST(PointStatistics, NoTrialsAndRepeatedTrial) {
    const PointStatistics s = point_statistics({}, {.images = 10});
    EXPECT_EQ(s.trials, 0U);
    EXPECT_TRUE(std::isnan(s.mean));
    const std::vector<TrialAccuracy> twice = {{0, 0, 0.5, 0.5, 1.0}, {0, 0, 0.5, 0.5, 1.0}};
    EXPECT_THROW(point_statistics(twice, {.images = 10}), ContractError);
}

TEST(YieldAt, CountsChipsByTheirMean) {
    const Yield yield = yield_at(trials_of(balanced), 0.89);
    EXPECT_EQ(yield.chips, 4U);
    EXPECT_EQ(yield.passed, 3U);
    EXPECT_EQ(yield.fraction, 0.75);
    EXPECT_NEAR(yield.interval.low, clopper_pearson(3, 4).low, 0.0);
    EXPECT_TRUE(std::isnan(yield_at({}, 0.5).fraction));
}

}  // namespace
}  // namespace acim
