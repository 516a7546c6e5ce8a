// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>

#include "cuda/model/macro/encoding.hpp"

namespace acim {
namespace {

constexpr WeightEncoding encodings[] = {WeightEncoding::twos_complement,
                                        WeightEncoding::offset_binary, WeightEncoding::differential,
                                        WeightEncoding::xnor};

// Twice the weight, from the columns' bits, the counts that an ADC sees at x = 1 and the digital
// correction: what recombination does with exact codes.
std::int64_t doubled_weight(WeightEncoding encoding, int weight_bits, int w) {
    const ColumnLayout layout = column_layout(encoding, weight_bits);
    const bool xnor = encoding == WeightEncoding::xnor;
    constexpr std::int64_t full_scale = 5;
    std::int64_t sum = input_correction(encoding, weight_bits) * (xnor ? 1 : 2);
    for (int i = 0; i < layout.count; ++i) {
        const int bit = stored_bit(encoding, weight_bits, layout, i, w);
        EXPECT_TRUE(bit == 0 || bit == 1);
        const std::int64_t count = column_count(encoding, bit, 1, full_scale);
        const std::int64_t value = xnor ? count - full_scale : 2 * count;
        const std::int64_t weighted = value << layout.bit[i];
        sum += layout.negative[i] ? -weighted : weighted;
    }
    return sum;
}

TEST(Encoding, EveryWeightComesBack) {
    for (const WeightEncoding encoding : encodings) {
        for (int bits = 1; bits <= max_weight_bits; ++bits) {
            const bool symmetric = encoding == WeightEncoding::differential;
            const int low = bits == 1 ? 0 : -(1 << (bits - 1)) + (symmetric ? 1 : 0);
            const int high = bits == 1 ? 1 : (1 << (bits - 1)) - 1;
            for (int w = low; w <= high; ++w)
                ASSERT_EQ(doubled_weight(encoding, bits, w), 2 * w)
                    << static_cast<int>(encoding) << ", " << bits << " bits, weight " << w;
        }
    }
}

TEST(Encoding, ColumnsOfAnOutput) {
    EXPECT_EQ(column_layout(WeightEncoding::twos_complement, 8).count, 8);
    EXPECT_TRUE(column_layout(WeightEncoding::twos_complement, 8).negative[7]);
    EXPECT_FALSE(column_layout(WeightEncoding::twos_complement, 1).negative[0]);
    EXPECT_EQ(column_layout(WeightEncoding::offset_binary, 8).count, 8);
    EXPECT_EQ(column_layout(WeightEncoding::xnor, 5).count, 5);
    const ColumnLayout pair = column_layout(WeightEncoding::differential, 8);
    EXPECT_EQ(pair.count, max_columns);
    EXPECT_EQ(pair.levels, 7);
    for (int i = 0; i < 14; ++i) {
        EXPECT_EQ(pair.bit[i], i % 7);
        EXPECT_EQ(pair.negative[i], i >= 7);
    }
}

// Bits of a differential weight never stand on both sides.
TEST(Encoding, DifferentialUsesOneSide) {
    const ColumnLayout layout = column_layout(WeightEncoding::differential, 6);
    for (int w = -31; w <= 31; ++w)
        for (int i = 0; i < layout.count; ++i) {
            const int bit = stored_bit(WeightEncoding::differential, 6, layout, i, w);
            EXPECT_TRUE(bit == 0 || layout.negative[i] == (w < 0)) << w;
        }
}

TEST(Encoding, XnorSumsRestAtHalfScale) {
    EXPECT_EQ(column_count(WeightEncoding::xnor, 0, 0, 255), 255);
    EXPECT_EQ(column_count(WeightEncoding::xnor, 255, 255, 255), 510);
    EXPECT_EQ(column_count(WeightEncoding::xnor, 0, 255, 255), 0);
    EXPECT_EQ(column_span(WeightEncoding::xnor, 255), 510);
    EXPECT_EQ(column_span(WeightEncoding::offset_binary, 255), 255);
}

}  // namespace
}  // namespace acim
