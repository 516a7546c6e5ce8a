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

TEST(LayerWork, NetworkTakesPositionsFromTheOutputTensor) {
    QuantizedNetwork network;
    network.tensors = {{"x", {1, 6, 14, 14}}, {"y", {1, 16, 10, 10}}, {"z", {1, 3, 32}}};
    Product first = convolution();
    first.input = 0;
    first.output = 1;
    Product second;  // linear over the last axis: 3 rows of 32 outputs
    second.input = 1;
    second.output = 2;
    second.outputs = 32;
    second.depth = 40;
    network.operators = {{"conv2", first}, {"relu", Relu{1, 1}}, {"fc", second}};
    const LayerSettings settings[] = {settings_with(20, RowMapping::dense),
                                      settings_with(20, RowMapping::whole_channels)};
    const std::vector<LayerWork> work = network_work(network, settings);
    ASSERT_EQ(work.size(), 2U);
    EXPECT_EQ(work[0].pixels, 100U);
    EXPECT_EQ(work[1].pixels, 3U);
    EXPECT_EQ(work[1].row_groups, 2U);
    const LayerSettings wrong[] = {settings_with(20, RowMapping::whole_channels), settings[1]};
    try {
        network_work(network, wrong);
        FAIL() << "20 rows cannot hold 25 inputs";
    } catch (const InputError& error) {
        EXPECT_EQ(std::string(error.what()).find("layer conv2: macro.rows is 20"), 0U);
    }
}

}  // namespace
}  // namespace acim
