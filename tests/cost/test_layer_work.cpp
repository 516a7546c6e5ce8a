// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_work.hpp"

#include <gtest/gtest.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

// LeNet's second convolution: 6 channels, 5x5, 16 outputs, 10x10 positions.
Product convolution() {
    Product product;
    product.is_conv = true;
    product.conv.in_channels = 6;
    product.conv.kernel_height = product.conv.kernel_width = 5;
    product.outputs = 16;
    product.depth = 150;
    return product;
}

LayerSettings settings_with(int rows, RowMapping mapping, int bits_per_cycle = 1, int levels = 0) {
    LayerSettings settings;
    settings.macro.rows = rows;
    settings.macro.mapping = mapping;
    settings.macro.bits_per_cycle = bits_per_cycle;
    settings.macro.hybrid.levels = levels;
    return settings;
}

TEST(LayerWork, BitSerialConvolution) {
    const LayerWork work =
        layer_work(convolution(), 100, settings_with(64, RowMapping::whole_channels));
    EXPECT_EQ(work.macs, 16U * 100 * 150);
    EXPECT_EQ(work.row_groups, 3U);  // two whole windows of 25 fit 64 rows
    EXPECT_EQ(work.conversions, 16U * 100 * 3 * 64);
    EXPECT_EQ(work.digital_conversions, 0U);
    EXPECT_EQ(work.cell_operations, 16U * 100 * 150 * 64);
    EXPECT_EQ(work.row_drives, 100U * 150 * 8);
    EXPECT_EQ(work.dac_bits, 0U);
    EXPECT_EQ(work.digital_bit_macs, 0U);
}

TEST(LayerWork, RowGroupsOfBothMappings) {
    const auto groups = [](int rows, RowMapping mapping) {
        return layer_work(convolution(), 1, settings_with(rows, mapping)).row_groups;
    };
    EXPECT_EQ(groups(74, RowMapping::whole_channels), 3U);
    EXPECT_EQ(groups(75, RowMapping::whole_channels), 2U);
    EXPECT_EQ(groups(74, RowMapping::dense), 3U);
    EXPECT_EQ(groups(75, RowMapping::dense), 2U);
    EXPECT_EQ(groups(40, RowMapping::whole_channels), 6U);
    EXPECT_EQ(groups(40, RowMapping::dense), 4U);
    EXPECT_EQ(groups(1, RowMapping::dense), 150U);
    EXPECT_THROW(groups(24, RowMapping::whole_channels), InputError);
}

// 8 bits at 3 per cycle: widths 3, 3, 2.
TEST(LayerWork, BitParallelWithRemainderCycle) {
    const LayerWork work = layer_work(convolution(), 100, settings_with(255, RowMapping::dense, 3));
    EXPECT_EQ(work.conversions, 16U * 100 * 1 * 8 * 3);
    EXPECT_EQ(work.row_drives, 100U * 150 * 3);
    EXPECT_EQ(work.dac_bits, 100U * 150 * 8);
}

TEST(LayerWork, SignBitIsACycleOfItsOwn) {
    Product product = convolution();
    product.input_quantisation.is_signed = true;
    const LayerWork work = layer_work(product, 100, settings_with(255, RowMapping::dense, 4));
    EXPECT_EQ(work.row_drives, 100U * 150 * 3);  // widths 4, 3 and the sign
    EXPECT_EQ(work.dac_bits, 100U * 150 * 7);
}

// The top h anti-diagonals of an 8 x 8 grid hold h(h+1)/2 places for h <= 8.
TEST(LayerWork, HybridMovesConversionsToDigital) {
    for (int levels = 0; levels <= 8; ++levels) {
        const LayerWork work = layer_work(convolution(), 100,
                                          settings_with(64, RowMapping::whole_channels, 1, levels));
        const std::uint64_t digital = static_cast<std::uint64_t>(levels * (levels + 1) / 2);
        EXPECT_EQ(work.digital_conversions, 16U * 100 * 3 * digital);
        EXPECT_EQ(work.conversions, 16U * 100 * 3 * (64 - digital));
        EXPECT_EQ(work.digital_bit_macs, work.macs * digital);
        EXPECT_EQ(work.cell_operations, work.macs * (64 - digital));
    }
    const LayerWork all =
        layer_work(convolution(), 100, settings_with(64, RowMapping::whole_channels, 1, 15));
    EXPECT_EQ(all.conversions, 0U);
    EXPECT_EQ(all.row_drives, 0U);
}

TEST(LayerWork, DigitalLayerNeverReachesTheMacro) {
    LayerSettings settings = settings_with(1, RowMapping::whole_channels);
    settings.analog = false;
    const LayerWork work = layer_work(convolution(), 100, settings);
    EXPECT_EQ(work.conversions, 0U);
    EXPECT_EQ(work.cell_operations, 0U);
    EXPECT_EQ(work.digital_bit_macs, 16U * 100 * 150 * 64);
}

// 40 outputs of 8 columns on arrays of 128: 16 outputs each, three across; 5 row groups.
TEST(LayerWork, TilesAndRounds) {
    Product product;
    product.outputs = 40;
    product.depth = 300;
    LayerSettings settings = settings_with(64, RowMapping::dense);
    settings.macro.array = {128, 1, 1, 0};
    LayerWork work = layer_work(product, 7, settings);
    EXPECT_EQ(work.group_tiles, 3U);
    EXPECT_EQ(work.evaluations, 7U * 8 * 15);
    EXPECT_EQ(work.tiles, 15U);
    EXPECT_EQ(work.rounds, 7U * 8);  // every row group has an array of its own
    settings.macro.array.row_groups = 2;
    work = layer_work(product, 7, settings);
    EXPECT_EQ(work.tiles, 9U);
    EXPECT_EQ(work.rounds, 7U * 8 * 2);
    settings.macro.array.count = 4;  // nine tiles take turns on four arrays
    EXPECT_EQ(layer_work(product, 7, settings).rounds, 7U * 8 * 2 * 3);
    settings.macro.voting = {3, 5, VoteCombination::mode};
    work = layer_work(product, 7, settings);
    // Levels 12 to 14 of planes and cycles reach cycles 5, 6 and 7, driven five times.
    EXPECT_EQ(work.rounds, 7U * (5 + 3 * 5) * 2 * 3);
    EXPECT_EQ(work.extra_votes, 40U * 7 * 5 * 6 * 4);
}

// The channels of a depthwise convolution lie in one array, but each needs inputs of its own.
TEST(LayerWork, GroupsOfOneArrayTakeTurns) {
    Product product = convolution();
    product.outputs = product.conv.groups = 48;
    product.depth = 25;
    LayerSettings settings = settings_with(255, RowMapping::dense);
    settings.macro.array.columns = 256;  // 32 outputs of 8 columns
    const LayerWork work = layer_work(product, 100, settings);
    EXPECT_EQ(work.tiles, 2U);
    EXPECT_EQ(work.group_tiles, 48U);
    EXPECT_EQ(work.evaluations, 100U * 8 * 48);
    EXPECT_EQ(work.rounds, 100U * 8 * 32);
    EXPECT_EQ(work.row_drives, 100U * 25 * 48 * 8);
}

// Two groups of 24 outputs on arrays of 32: the second lies in both arrays.
TEST(LayerWork, GroupsMayLieAcrossArrays) {
    Product product = convolution();
    product.outputs = 48;
    product.conv.groups = 2;
    const LayerWork work = layer_work(product, 1, settings_with(255, RowMapping::dense));
    EXPECT_EQ(work.tiles, 2U);
    EXPECT_EQ(work.group_tiles, 3U);
    EXPECT_EQ(work.across(), 1.5);
    EXPECT_EQ(work.rounds, 8U * 2);
}

}  // namespace
}  // namespace acim
