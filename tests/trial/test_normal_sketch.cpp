// SPDX-License-Identifier: Apache-2.0
// The sketch of the unit normal against the model's own, for every value of the top 16 bits.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/trial/inverse_normal_table.hpp"
#include "cuda/trial/normal_sketch.hpp"

namespace acim {
namespace {

// As the loops compute it; `fused` is what machines with and without fma differ by.
SketchedNormal estimate(std::uint32_t top, bool fused) {
    const NormalSketch& sketch = normal_sketch();
    if (!fused) return sketched_normal(sketch, top);
    const float x = static_cast<float>(static_cast<int>(2 * top + 1) - 65536);
    const float p = 65536.0F - std::fabs(x);
    const int at = sketch_segment(p);
    float z = sketch.c[3][at];
    for (int power = 2; power >= 0; --power) z = std::fma(z, p, sketch.c[power][at]);
    return {x < 0.0F ? -z : z, sketch.slack[at]};
}

double model(std::uint32_t top, std::uint64_t rest) {
    return inverse_normal(inverse_normal_table(), std::uint64_t{top} << 48 | rest) / 16777216.0;
}

TEST(NormalSketch, HoldsEveryNormalOfEveryCell) {
    constexpr std::uint64_t last = (std::uint64_t{1} << 48) - 1;
    for (std::uint32_t top = 0; top < 65536; ++top) {
        for (const bool fused : {false, true}) {
            const SketchedNormal e = estimate(top, fused);
            for (const std::uint64_t rest :
                 {std::uint64_t{0}, std::uint64_t{1}, last / 5, last / 2, last - 1, last})
                ASSERT_LE(std::fabs(model(top, rest) - e.z), e.slack) << top << " " << rest;
        }
    }
}

// The slack is what a cell is wide and little more: 95 % of the draws know their normal to 3e-4.
TEST(NormalSketch, IsNarrow) {
    int narrow = 0;
    for (std::uint32_t top = 0; top < 65536; ++top) narrow += estimate(top, true).slack < 3e-4F;
    EXPECT_GT(narrow, 62259);
}

}  // namespace
}  // namespace acim
