// SPDX-License-Identifier: Apache-2.0
// A block's events: which conversions they take, and which words of which calls decide.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "cuda/model/macro/events.hpp"

namespace acim {
namespace {

TEST(TakenConversions, TakesTheIndexthOfThoseThatAreLeft) {
    std::mt19937 random(5);
    for (const int n : {1, 2, 63, 64, 65, 126, 128}) {
        for (int round = 0; round < 50; ++round) {
            TakenConversions taken;
            std::vector<std::uint32_t> left;
            for (int k = 0; k < n; ++k) left.push_back(static_cast<std::uint32_t>(k));
            while (!left.empty()) {
                const std::size_t index = random() % left.size();
                ASSERT_EQ(taken.take(static_cast<std::uint32_t>(index)), left[index]) << n;
                left.erase(left.begin() + static_cast<std::ptrdiff_t>(index));
            }
        }
    }
}

TEST(Events, UpperProductIsTheUpperHalf) {
    EXPECT_EQ(upper_product(~std::uint64_t{0}, 64), 63u);
    EXPECT_EQ(upper_product(std::uint64_t{1} << 63, 7), 3u);
    EXPECT_EQ(upper_product(std::uint64_t{1} << 32, std::uint64_t{1} << 31), 0u);
    EXPECT_EQ(upper_product(std::uint64_t{1} << 32, std::uint64_t{1} << 32), 1u);
}

constexpr PhiloxKey key{{7, 9}};
constexpr FreshPlace place{123, 6, 45, 3};

// All draws of a block as SPEC's counters name them, put together by hand.
TEST(Events, WordsOfTheCalls) {
    constexpr int n = 40;
    const std::uint64_t third = ~std::uint64_t{0} / 3;
    std::array<std::uint64_t, 5> always;
    always.fill(~std::uint64_t{0});  // five events, whatever the uniform is
    EventLawView law;
    law.at_least = always.data();
    law.most = 5;
    law.conversions = n;
    law.below = 1;  // -1 for a third of all uniforms, else +1
    std::ranges::fill(law.bound, ~std::uint64_t{0});
    law.bound[0] = third - 1;
    std::vector<std::pair<std::int32_t, std::int32_t>> seen, expected;
    BlockEvents events(law, 0, key, place);
    while (events.next()) seen.emplace_back(events.k, events.error);
    std::vector<int> left;
    for (int i = 0; i < n; ++i) left.push_back(i);
    for (std::uint32_t event = 0; event < 5; ++event) {
        // Word 3: source 19, layer 3; word 1: row group 6, call (event + 1) / 2.
        const PhiloxWords call =
            philox4x32(PhiloxWords{{123, 6 | (event + 1) / 2 << 16, 45, 19 | 3 << 6}}, key);
        const std::uint32_t first = event % 2 == 0 ? 2 : 0;
        const auto u = std::uint64_t{call.w[first + 1]} << 32 | call.w[first];
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(u) * left.size();
        const auto at = static_cast<std::ptrdiff_t>(product >> 64);
        expected.emplace_back(left[static_cast<std::size_t>(at)],
                              static_cast<std::uint64_t>(product) < third ? -1 : 1);
        left.erase(left.begin() + at);
    }
    EXPECT_EQ(seen, expected);
}

// The uniform that counts: its upper half from the call of four row groups, its lower one from the
// block's own first call.
TEST(Events, TheCountIsDecidedByBothHalves) {
    const PhiloxWords shared = event_count_call(key, place);
    const PhiloxWords same = philox4x32(PhiloxWords{{123, 6 / 4, 45, 18 | 3 << 6}}, key);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(shared.w[i], same.w[i]);
    const PhiloxWords own = philox4x32(PhiloxWords{{123, 6, 45, 19 | 3 << 6}}, key);
    const std::uint32_t top = shared.w[6 % 4];
    const std::uint64_t u = std::uint64_t{top} << 32 | own.w[0];
    for (const std::uint64_t bound : {u, u + 1}) {
        EventLawView law;
        law.at_least = &bound;
        law.most = law.conversions = 1;
        EXPECT_EQ(BlockEvents(law, top, key, place).next(), bound > u);
        EXPECT_TRUE(may_have_events(law, top));
        EXPECT_FALSE(may_have_events(law, top + 1));
    }
    EXPECT_FALSE(may_have_events(EventLawView{}, 0));
}

}  // namespace
}  // namespace acim
