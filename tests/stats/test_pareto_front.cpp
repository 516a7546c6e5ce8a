// SPDX-License-Identifier: Apache-2.0
#include "host/stats/pareto_front.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "host/core/error.hpp"

namespace acim {
namespace {

// The definition, word by word.
std::vector<bool> brute_force(std::span<const Objective> objectives) {
    const std::size_t count = objectives.front().values.size();
    std::vector<bool> on_front(count, true);
    for (std::size_t point = 0; point < count; ++point) {
        for (const Objective& o : objectives) {
            if (std::isnan(o.values[point])) on_front[point] = false;
        }
        for (std::size_t other = 0; other < count; ++other) {
            bool at_least_as_good = true, better = false;
            for (const Objective& o : objectives) {
                const double sign = o.direction == Direction::maximise ? 1.0 : -1.0;
                const double mine = sign * o.values[point];
                const double theirs = sign * o.values[other];
                at_least_as_good = at_least_as_good && theirs >= mine;
                better = better || theirs > mine;
            }
            if (at_least_as_good && better) on_front[point] = false;
        }
    }
    return on_front;
}

TEST(ParetoFront, SmallExample) {
    const std::vector<double> accuracy = {0.90, 0.85, 0.80, 0.90, 0.70};
    const std::vector<double> efficiency = {10, 20, 15, 10, 20};
    // The first and the fourth are equal and stay; the last loses to the second.
    EXPECT_EQ(pareto_front(accuracy, efficiency),
              (std::vector<bool>{true, true, false, true, false}));
}

TEST(ParetoFront, NanIsNeverOnTheFrontAndDominatesNothing) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<double> accuracy = {nan, 0.5, 1.0};
    const std::vector<double> efficiency = {100, 1, nan};
    EXPECT_EQ(pareto_front(accuracy, efficiency), (std::vector<bool>{false, true, false}));
}

TEST(ParetoFront, EmptyAndUnequalInput) {
    EXPECT_TRUE(pareto_front(std::vector<double>{}, std::vector<double>{}).empty());
    EXPECT_THROW(pareto_front(std::vector<double>{1.0}, std::vector<double>{}), ContractError);
}

// 400 random sets of up to 60 points on a coarse grid (many ties), 1 to 4 objectives, some NaN.
TEST(ParetoFront, EqualsBruteForce) {
    std::mt19937_64 random(20240607);
    std::size_t on_front = 0, off_front = 0;
    for (int round = 0; round < 400; ++round) {
        const std::size_t points = random() % 60 + 1;
        const std::size_t dimensions = random() % 4 + 1;
        std::array<std::vector<double>, 4> values;
        std::vector<Objective> objectives;
        for (std::size_t d = 0; d < dimensions; ++d) {
            for (std::size_t p = 0; p < points; ++p) {
                const double value = static_cast<double>(random() % 8);
                values[d].push_back(random() % 40 == 0 ? std::nan("") : value);
            }
            objectives.push_back(
                {values[d], random() % 2 == 0 ? Direction::maximise : Direction::minimise});
        }
        const std::vector<bool> front = pareto_front(objectives);
        ASSERT_EQ(front, brute_force(objectives)) << "round " << round;
        for (const bool member : front) ++(member ? on_front : off_front);
    }
    // Both answers occur often, so the comparison means something.
    EXPECT_GT(on_front, 1000U);
    EXPECT_GT(off_front, 1000U);
}

}  // namespace
}  // namespace acim
