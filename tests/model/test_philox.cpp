// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/random/philox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace acim {
namespace {

using Words = std::array<std::uint32_t, 4>;

Words philox(const Words& c, std::uint32_t k0, std::uint32_t k1) {
    const PhiloxWords r = philox4x32(PhiloxWords{{c[0], c[1], c[2], c[3]}}, PhiloxKey{{k0, k1}});
    return {r.w[0], r.w[1], r.w[2], r.w[3]};
}

// The three lines `philox4x32 10` of Random123's tests/kat_vectors.
TEST(Philox, KnownAnswerOfZeros) {
    EXPECT_EQ(philox({0, 0, 0, 0}, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(Philox, KnownAnswerOfOnes) {
    const std::uint32_t f = 0xffffffff;
    EXPECT_EQ(philox({f, f, f, f}, f, f), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Philox, KnownAnswerOfDigitsOfPi) {
    EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0),
              (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

}  // namespace
}  // namespace acim
