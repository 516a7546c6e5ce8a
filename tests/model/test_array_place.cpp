// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "cuda/model/macro/array_place.hpp"

namespace acim {
namespace {

// 100 outputs of 8 columns in arrays of 256 columns: 32 outputs an array.
TEST(ArrayPlace, FollowsTheDeclaredFormula) {
    const ArrayParams array{256, 2, 4, 0};
    EXPECT_EQ(outputs_per_array(array, 8), 32);
    EXPECT_EQ(layer_tiles(array, 8, 5, 100), 3 * 4);
    const ColumnPlace p = column_place(array, 255, 8, 100, 777, 3, 70, 5);
    EXPECT_EQ(p.array, 1u * 4 + 2);  // row groups 2 and 3 are the second line of tiles
    EXPECT_EQ(p.column, 6u * 8 + 5);
    EXPECT_EQ(p.row, 255u);
    EXPECT_EQ(p.adc, 53u / 4);
}

TEST(ArrayPlace, NoTwoColumnsShareCellsWhenStationary) {
    const ArrayParams array{40, 3, 1, 0};
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> seen;
    for (int g = 0; g < 7; ++g)
        for (int o = 0; o < 23; ++o)
            for (int i = 0; i < 8; ++i) {
                const ColumnPlace p = column_place(array, 64, 8, 23, 0, g, o, i);
                EXPECT_LT(p.column, 40u);
                EXPECT_LT(p.array, static_cast<std::uint32_t>(layer_tiles(array, 8, 7, 23)));
                EXPECT_TRUE(seen.insert({p.array, p.column, p.row}).second) << g << o << i;
            }
}

// With a pool of n arrays tile T of the network lies on array T mod n.
TEST(ArrayPlace, PoolOfArraysIsReused) {
    const ArrayParams pool{256, 1, 1, 3};
    const ArrayParams own{256, 1, 1, 0};
    for (int g = 0; g < 4; ++g)
        for (int o = 0; o < 64; o += 32) {
            const std::uint32_t tile = column_place(own, 255, 8, 64, 5, g, o, 0).array;
            EXPECT_EQ(column_place(pool, 255, 8, 64, 5, g, o, 0).array, (5 + tile) % 3);
        }
}

}  // namespace
}  // namespace acim
