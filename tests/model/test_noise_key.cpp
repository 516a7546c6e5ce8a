// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/random/noise_key.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "cuda/model/macro/encoding.hpp"

namespace acim {
namespace {

using Words = std::array<std::uint32_t, 4>;

Words counter(std::uint32_t source, FreshPlace place, std::uint32_t k, std::uint32_t vote) {
    const PhiloxWords c = fresh_counter(static_cast<NoiseSource>(source), place, k, vote);
    return {c.w[0], c.w[1], c.w[2], c.w[3]};
}

constexpr std::uint32_t all = 0xFFFFFFFFu;
constexpr std::uint32_t max_group = 65535, max_k = 1023, max_vote = 63, max_source = 63,
                        max_layer = 1023;

// Each field alone at its largest value sets exactly the bits that the contract gives it.
TEST(NoiseKey, EveryFieldKeepsToItsBits) {
    EXPECT_EQ(counter(0, {}, 0, 0), (Words{0, 0, 0, 0}));
    EXPECT_EQ(counter(0, {.element = all, .group = 0, .image = 0, .layer = 0}, 0, 0),
              (Words{all, 0, 0, 0}));
    EXPECT_EQ(counter(0, {.element = 0, .group = max_group, .image = 0, .layer = 0}, 0, 0),
              (Words{0, 0x0000FFFFu, 0, 0}));
    EXPECT_EQ(counter(0, {}, max_k, 0), (Words{0, 0x03FF0000u, 0, 0}));
    EXPECT_EQ(counter(0, {}, 0, max_vote), (Words{0, 0xFC000000u, 0, 0}));
    EXPECT_EQ(counter(0, {.element = 0, .group = 0, .image = all, .layer = 0}, 0, 0),
              (Words{0, 0, all, 0}));
    EXPECT_EQ(counter(max_source, {}, 0, 0), (Words{0, 0, 0, 0x3Fu}));
    EXPECT_EQ(counter(0, {.element = 0, .group = 0, .image = 0, .layer = max_layer}, 0, 0),
              (Words{0, 0, 0, 0xFFC0u}));
    EXPECT_EQ(counter(max_source, {all, max_group, all, max_layer}, max_k, max_vote),
              (Words{all, all, all, 0xFFFFu}));
}

TEST(NoiseKey, WidthsHoldEveryConversion) {
    EXPECT_LE(max_column_conversions, 1 << CounterWidths::k);
    EXPECT_EQ(CounterWidths::group, 16);
    EXPECT_EQ(CounterWidths::k, 10);
    EXPECT_EQ(CounterWidths::vote, 6);
    EXPECT_EQ(CounterWidths::source, 6);
    EXPECT_EQ(CounterWidths::layer, 10);
}

// The numbers are part of stored results: a renumbering must fail here.
TEST(NoiseKey, SourcesKeepTheirNumbers) {
    EXPECT_EQ(static_cast<int>(NoiseSource::code_table), 0);
    EXPECT_EQ(static_cast<int>(NoiseSource::table_escape), 1);
    EXPECT_EQ(static_cast<int>(NoiseSource::fixed_normal), 2);
}

TEST(NoiseKey, StreamsOfDifferentSourcesAndPlacesDiffer) {
    const PhiloxKey key = trial_key(1, 0, 0);
    std::set<Words> seen;
    int drawn = 0;
    for (std::uint32_t source = 0; source < 3; ++source)
        for (std::uint32_t element = 0; element < 4; ++element)
            for (std::uint32_t group = 0; group < 3; ++group)
                for (std::uint32_t k = 0; k < 9; ++k)
                    for (std::uint32_t image = 0; image < 3; ++image)
                        for (std::uint32_t layer = 0; layer < 3; ++layer) {
                            const PhiloxWords r =
                                philox4x32(fresh_counter(static_cast<NoiseSource>(source),
                                                         {element, group, image, layer}, k, 0),
                                           key);
                            seen.insert({r.w[0], r.w[1], r.w[2], r.w[3]});
                            ++drawn;
                        }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(drawn));
}

TEST(NoiseKey, TrialKeyIsPhiloxOfChipAndRepeat) {
    const std::uint64_t seed = 0x0123456789ABCDEFu;
    const PhiloxWords r =
        philox4x32(PhiloxWords{{7, 11, 0, 1}}, PhiloxKey{{0x89ABCDEFu, 0x01234567u}});
    const PhiloxKey key = trial_key(seed, 7, 11);
    EXPECT_EQ(key.k[0], r.w[0]);
    EXPECT_EQ(key.k[1], r.w[1]);
}

TEST(NoiseKey, TrialKeysDifferInSeedChipAndRepeat) {
    std::set<std::array<std::uint32_t, 2>> seen;
    int drawn = 0;
    for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32, ~0ull})
        for (std::uint32_t chip = 0; chip < 20; ++chip)
            for (std::uint32_t repeat = 0; repeat < 20; ++repeat) {
                const PhiloxKey k = trial_key(seed, chip, repeat);
                seen.insert({k.k[0], k.k[1]});
                ++drawn;
            }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(drawn));
}

// SPEC 6: word (k & 7) >> 1, low half first; two 64-bit uniforms a call, low word first.
TEST(NoiseKey, UniformsAreCutFromTheCallInOrder) {
    const PhiloxWords call{{0x11110000u, 0x33332222u, 0x55554444u, 0x77776666u}};
    for (std::uint32_t k = 0; k < 24; ++k)
        EXPECT_EQ(table_uniform(call, k),
                  (std::array<std::uint32_t, 8>{0x0000, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555,
                                                0x6666, 0x7777}[k % 8]));
    EXPECT_EQ(wide_uniform(call, 0), 0x3333222211110000u);
    EXPECT_EQ(wide_uniform(call, 1), 0x7777666655554444u);
    EXPECT_EQ(wide_uniform(call, 6), 0x3333222211110000u);
}

}  // namespace
}  // namespace acim
