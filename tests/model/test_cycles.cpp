// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/macro/cycles.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "cuda/model/macro/recombination.hpp"

namespace acim {
namespace {

struct Encoding {
    int bits, per_cycle;
    bool is_signed;
    int low() const { return is_signed ? -(1 << (bits - 1)) : 0; }
    int high() const { return is_signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1; }
};

// Calls check for every encoding of 1 to 9 bits that the macro accepts.
template <class Check>
void for_each_encoding(const Check& check) {
    for (int bits = 1; bits <= 9; ++bits)
        for (const bool is_signed : {false, true})
            for (int e = 1; e <= bits - (is_signed ? 1 : 0); ++e) {
                SCOPED_TRACE("X=" + std::to_string(bits) + " e=" + std::to_string(e) +
                             (is_signed ? " signed" : " unsigned"));
                check(Encoding{bits, e, is_signed});
            }
}

TEST(Cycles, EveryActivationIsTheSumOfItsCycles) {
    for_each_encoding([](const Encoding& x) {
        const CycleLayout layout = cycle_layout(x.bits, x.per_cycle, x.is_signed);
        for (int value = x.low(); value <= x.high(); ++value) {
            const auto bits = static_cast<std::uint32_t>(value);
            std::int64_t sum = 0;
            for (int j = 0; j < layout.count; ++j) {
                const std::int64_t drive = cycle_value(layout, j, bits);
                ASSERT_LT(drive, std::int64_t{1} << layout.width[j]);
                const std::int64_t term = drive << layout.low_bit[j];
                sum += layout.negative[j] ? -term : term;
            }
            ASSERT_EQ(sum, value);
        }
    });
}

TEST(Cycles, WidthsCountAndOrderFollowTheSpecification) {
    for_each_encoding([](const Encoding& x) {
        const CycleLayout layout = cycle_layout(x.bits, x.per_cycle, x.is_signed);
        const int magnitude = x.bits - (x.is_signed ? 1 : 0);
        const int cycles = (magnitude + x.per_cycle - 1) / x.per_cycle;
        ASSERT_EQ(layout.count, cycles + (x.is_signed ? 1 : 0));
        for (int j = 0; j < cycles; ++j) {
            EXPECT_EQ(layout.low_bit[j], j * x.per_cycle);
            const int rest = magnitude % x.per_cycle;
            EXPECT_EQ(layout.width[j], j == cycles - 1 && rest != 0 ? rest : x.per_cycle);
            EXPECT_FALSE(layout.negative[j]);
        }
        if (x.is_signed) {
            EXPECT_EQ(layout.low_bit[cycles], x.bits - 1);
            EXPECT_EQ(layout.width[cycles], 1);
            EXPECT_TRUE(layout.negative[cycles]);
        }
    });
}

// w*x from the bit products of every conversion, all weights and all activations of every encoding.
TEST(Cycles, BitSlicedProductsAddUpToTheProduct) {
    for (int weight_bits = 1; weight_bits <= 8; ++weight_bits) {
        for_each_encoding([&](const Encoding& x) {
            const CycleLayout layout = cycle_layout(x.bits, x.per_cycle, x.is_signed);
            const int low = weight_bits == 1 ? 0 : -(1 << (weight_bits - 1));
            const int high = weight_bits == 1 ? 1 : (1 << (weight_bits - 1)) - 1;
            const ColumnLayout columns =
                column_layout(WeightEncoding::twos_complement, weight_bits);
            std::int64_t place[max_weight_bits][max_cycles];
            for (int i = 0; i < weight_bits; ++i)
                for (int j = 0; j < layout.count; ++j)
                    place[i][j] = place_value(layout, columns, i, j);
            for (int value = x.low(); value <= x.high(); ++value) {
                std::int64_t column[max_weight_bits] = {};  // per plane, over the cycles
                for (int i = 0; i < weight_bits; ++i)
                    for (int j = 0; j < layout.count; ++j)
                        column[i] +=
                            place[i][j] * static_cast<std::int64_t>(cycle_value(
                                              layout, j, static_cast<std::uint32_t>(value)));
                for (int w = low; w <= high; ++w) {
                    std::int64_t sum = 0;
                    for (int i = 0; i < weight_bits; ++i)
                        if ((static_cast<std::uint32_t>(w) >> i & 1u) != 0) sum += column[i];
                    ASSERT_EQ(sum, static_cast<std::int64_t>(w) * value) << w << " * " << value;
                }
            }
        });
    }
}

TEST(Cycles, FullScaleIsEveryRowAtTheLargestDrive) {
    EXPECT_EQ(full_scale(255, 1), 255);
    EXPECT_EQ(full_scale(256, 4), 3840);
    EXPECT_EQ(full_scale(4096, 9), 4096 * 511);
}

}  // namespace
}  // namespace acim
