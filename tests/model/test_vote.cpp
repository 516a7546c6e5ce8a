// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "cuda/model/macro/vote.hpp"

namespace acim {
namespace {

int combined(VoteCombination rule, std::vector<std::int32_t> votes) {
    return combine_votes(rule, votes.data(), static_cast<int>(votes.size()));
}

TEST(Vote, TiesGoToTheSmallest) {
    EXPECT_EQ(combined(VoteCombination::mode, {7, 5, 6}), 5);
    EXPECT_EQ(combined(VoteCombination::mode, {7, 5, 7}), 7);
    EXPECT_EQ(combined(VoteCombination::mode, {9, 3, 9, 3}), 3);
    EXPECT_EQ(combined(VoteCombination::mode, {-4, 2}), -4);
    EXPECT_EQ(combined(VoteCombination::median, {9, 3, 5}), 5);
    EXPECT_EQ(combined(VoteCombination::median, {9, 3, 5, 7}), 5);  // the lower one
    EXPECT_EQ(combined(VoteCombination::mean, {9, 3, 5}), 17);
}

TEST(Vote, AnyNumberOfVotesAsCounted) {
    std::mt19937 draw(8);
    for (int trial = 0; trial < 5000; ++trial) {
        std::vector<std::int32_t> votes(1 + draw() % max_votes);
        for (auto& v : votes) v = static_cast<std::int32_t>(draw() % 6) - 2;
        std::map<std::int32_t, int> count;
        for (const auto v : votes) ++count[v];
        const auto most = std::max_element(count.begin(), count.end(), [](auto& a, auto& b) {
            return a.second < b.second;  // the first, so the smallest, of equals
        });
        ASSERT_EQ(combined(VoteCombination::mode, votes), most->first);
        auto sorted = votes;
        std::ranges::sort(sorted);
        ASSERT_EQ(combined(VoteCombination::median, votes), sorted[(sorted.size() - 1) / 2]);
    }
}

}  // namespace
}  // namespace acim
