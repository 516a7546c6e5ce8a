// SPDX-License-Identifier: Apache-2.0
// cuRAND's own source, compiled for the host, against ours. Random123 must not be included here:
// both define the same macros.
#define QUALIFIERS static inline
#include <vector_types.h>

#include <curand_philox4x32_x.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "cuda/model/random/philox.hpp"

namespace acim {
namespace {

TEST(PhiloxCurand, EqualForRandomCountersAndKeys) {
    std::mt19937 draw(20250);
    const auto word = [&] { return static_cast<std::uint32_t>(draw()); };
    for (int i = 0; i < 100000; ++i) {
        const PhiloxWords c{{word(), word(), word(), word()}};
        const PhiloxKey k{{word(), word()}};
        const PhiloxWords ours = philox4x32(c, k);
        const uint4 theirs =
            curand_Philox4x32_10(uint4{c.w[0], c.w[1], c.w[2], c.w[3]}, uint2{k.k[0], k.k[1]});
        ASSERT_EQ(ours.w[0], theirs.x) << i;
        ASSERT_EQ(ours.w[1], theirs.y) << i;
        ASSERT_EQ(ours.w[2], theirs.z) << i;
        ASSERT_EQ(ours.w[3], theirs.w) << i;
    }
}

}  // namespace
}  // namespace acim
