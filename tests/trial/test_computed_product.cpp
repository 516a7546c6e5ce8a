// SPDX-License-Identifier: Apache-2.0
// A product of two computed tensors against direct loops over heads, rows, columns and depth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "cuda/trial/image_executor.hpp"

namespace acim {
namespace {

using Floats = std::vector<float>;
constexpr int heads = 2, rows = 3, depth = 4, columns = 5;
constexpr int left_size = heads * rows * depth, right_size = heads * depth * columns;

// One image holds both factors side by side.
QuantizedNetwork network_of(bool on_left) {
    QuantizedNetwork n;
    n.tensors = {{"image", {1, left_size + right_size}},
                 {"left", {heads, rows, depth}},
                 {"right", {heads, depth, columns}},
                 {"out", {heads, rows, columns}}};
    Product p;
    p.input = on_left ? 2 : 1;
    p.output = 3;
    p.outputs = heads * (on_left ? rows : columns);
    p.depth = depth;
    p.input_quantisation = {9, true, 0.01F};
    p.weight_bits = 5;
    p.stored = {on_left ? 1 : 2, heads, on_left, 0.1F};
    p.weight_scale.assign(static_cast<std::size_t>(p.outputs), 0.03F);
    p.bias.assign(static_cast<std::size_t>(p.outputs), 0.0F);
    n.operators = {{"left", Rearrange{0, 1, 0, {left_size}, {1}}},
                   {"right", Rearrange{0, 2, left_size, {right_size}, {1}}},
                   {"product", p}};
    n.input = 0;
    n.output = 3;
    n.classes = heads * rows * columns;
    return n;
}

int integer(float x, float scale, int high) {
    return static_cast<int>(
        std::clamp(std::nearbyint(x / scale), -static_cast<float>(high), static_cast<float>(high)));
}

Floats image() {
    std::mt19937 random(3);
    Floats out;
    for (int i = 0; i < left_size + right_size; ++i)
        out.push_back((static_cast<float>(random() % 2001) - 1000.0F) / 400.0F);
    return out;
}

Floats by_loops(bool on_left, const Floats& x) {
    const float left_scale = on_left ? 0.1F : 0.01F, right_scale = on_left ? 0.01F : 0.1F;
    const int left_high = on_left ? 15 : 255, right_high = on_left ? 255 : 15;
    Floats out;
    for (int h = 0; h < heads; ++h)
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j) {
                int sum = 0;
                for (int k = 0; k < depth; ++k)
                    sum += integer(x[(h * rows + i) * depth + k], left_scale, left_high) *
                           integer(x[left_size + (h * depth + k) * columns + j], right_scale,
                                   right_high);
                out.push_back(static_cast<float>(
                    sum * (static_cast<double>(0.03F) * static_cast<double>(0.01F))));
            }
    return out;
}

Floats by_executor(const QuantizedNetwork& network, const LayerSettings& settings,
                   LayerSums* sums = nullptr) {
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    DesignPoint point;
    point.layers = {settings};
    const PointPlan plan = make_point_plan(network, point, PhiloxKey{5, 6}, *kernel, cache);
    ImageExecutor executor(network, *kernel);
    std::ranges::copy(image(), executor.input().begin());
    std::vector<LayerSums> all(1);
    const auto out = executor.run(plan, PhiloxKey{1, 2}, 0, all);
    if (sums != nullptr) *sums = all[0];
    return {out.begin(), out.end()};
}

TEST(ComputedProduct, EqualsLoopsWhicheverFactorIsStored) {
    for (const bool on_left : {true, false}) {
        LayerSettings settings;
        settings.analog = false;
        EXPECT_EQ(by_executor(network_of(on_left), settings), by_loops(on_left, image()));
        settings.analog = true;
        settings.macro.rows = 255;  // lossless at eight bits
        settings.macro.mapping = RowMapping::dense;
        LayerSums sums;
        EXPECT_EQ(by_executor(network_of(on_left), settings, &sums), by_loops(on_left, image()));
        // One row group, 5 planes, 9 cycles, every output.
        EXPECT_EQ(sums.conversions, static_cast<std::uint64_t>(heads * rows * columns * 5 * 9));
        EXPECT_EQ(sums.outputs, static_cast<std::uint64_t>(heads * rows * columns));
    }
}

// Heads stand side by side on the chip: with the same operands in both heads, static errors differ.
TEST(ComputedProduct, HeadsHaveTheirOwnCells) {
    for (const bool on_left : {true, false}) {
        QuantizedNetwork network = network_of(on_left);
        auto& left = std::get<Rearrange>(network.operators[0].op);
        auto& right = std::get<Rearrange>(network.operators[1].op);
        left.extents = {heads, rows * depth};
        left.strides = {0, 1};
        right.extents = {heads, depth * columns};
        right.strides = {0, 1};
        LayerSettings settings;
        settings.macro.rows = 15;
        settings.macro.mapping = RowMapping::dense;
        settings.macro.adc.bits = 12;
        const auto halves_equal = [&] {
            const Floats out = by_executor(network, settings);
            return std::equal(out.begin(), out.begin() + rows * columns,
                              out.begin() + rows * columns);
        };
        EXPECT_TRUE(halves_equal());
        settings.macro.cell.unit_capacitance = 2e-15;
        settings.macro.cell.mismatch = 1e-8;
        EXPECT_FALSE(halves_equal());
    }
}

}  // namespace
}  // namespace acim
