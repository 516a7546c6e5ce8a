// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "cuda/trial/engine.hpp"

// A small network with every operator, and random images: work for engine tests.
namespace acim::testing_support {

class RandomImages : public ImageSource {
public:
    explicit RandomImages(std::uint32_t count, std::uint32_t positions = 1)
        : count_(count), values_(count * 2 * 8 * 8), labels_(count * positions) {
        std::mt19937 random(5);
        for (float& v : values_) v = static_cast<float>(random() % 1000) / 999.0F;
        for (auto& l : labels_) l = static_cast<std::int32_t>(random() % 5);
    }
    std::uint32_t count() const override { return count_; }
    std::vector<int> image_shape() const override { return {2, 8, 8}; }
    void read(std::uint32_t first, std::uint32_t images, float* out) const override {
        std::copy_n(values_.begin() + first * 128, images * 128, out);
    }
    std::int32_t label(std::uint32_t item) const override { return labels_[item]; }

private:
    std::uint32_t count_;
    std::vector<float> values_;
    std::vector<std::int32_t> labels_;
};

inline Product product(TensorId input, TensorId output, int outputs, int depth, Quantisation q,
                       std::mt19937& random) {
    Product p;
    p.input = input;
    p.output = output;
    p.outputs = outputs;
    p.depth = depth;
    p.input_quantisation = q;
    p.weights.resize(static_cast<std::size_t>(p.outputs) * p.depth);
    for (auto& w : p.weights) w = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
    for (int m = 0; m < p.outputs; ++m) {
        p.weight_scale.push_back(0.004F + 0.0001F * static_cast<float>(m));
        p.bias.push_back(static_cast<float>(m % 3) - 1.0F);
    }
    return p;
}

// [1,2,8,8] -> conv 3x3 stride 2 -> relu -> depthwise conv -> affine -> + -> max pool -> average pool ->
// view -> linear on signed values -> logits.
inline std::shared_ptr<const QuantizedNetwork> small_network() {
    auto n = std::make_shared<QuantizedNetwork>();
    n->tensors = {{"input", {1, 2, 8, 8}}, {"c1", {1, 3, 4, 4}}, {"r1", {1, 3, 4, 4}},
                  {"c2", {1, 3, 4, 4}},    {"a", {1, 3, 4, 4}},  {"sum", {1, 3, 4, 4}},
                  {"m", {1, 3, 4, 4}},     {"p", {1, 3, 2, 2}},  {"v", {1, 12}},
                  {"logits", {1, 5}}};
    std::mt19937 random(11);
    Product c1 = product(0, 1, 3, 18, {8, false, 1.0F / 255}, random);
    c1.is_conv = true;
    c1.conv = {1, 2, 8, 8, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 3, 4, 4};
    Product c2 = product(2, 3, 3, 9, {8, false, 0.02F}, random);
    c2.is_conv = true;
    c2.conv = {3, 3, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 3, 4, 4};
    const Product fc = product(8, 9, 5, 12, {8, true, 0.05F}, random);
    PoolGeometry max{3, 4, 4, 4, 4, 3, 3, 1, 1, 1, 1};
    PoolGeometry average{3, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0};
    n->operators = {{"conv1", c1},
                    {"relu", Relu{1, 2}},
                    {"conv2", c2},
                    {"bn", Affine{3, 4, {1, 2, 1}, {-1, 0, 1}}},
                    {"add", Add{4, 2, 5}},
                    {"max", MaxPool{5, 6, max}},
                    {"average", AveragePool{6, 7, average, false, 24}},
                    {"view", View{7, 8}},
                    {"fc", fc}};
    n->input = 0;
    n->output = 9;
    n->classes = 5;
    return n;
}

// Points on every sampling path, mixed in one.
inline std::vector<DesignPoint> small_points() {
    std::vector<DesignPoint> points;
    const auto add = [&points](LayerSettings all) {
        points.push_back({std::to_string(points.size()), {all, all, all}});
    };
    LayerSettings s;
    s.macro.rows = 15;
    s.macro.adc.bits = 4;
    add(s);  // product
    s.macro.adc.bits = 3;
    add(s);  // lut
    s.macro.noise.random.sigma = 0.4;
    add(s);  // table
    s.macro.noise.nonlinear.sigma = 5.0;
    s.macro.bits_per_cycle = 2;
    add(s);  // table, bit-parallel
    s.path = PathRequest::fixed;
    add(s);  // fixed
    s.path = PathRequest::automatic;
    s.macro.hybrid.levels = 3;
    points.push_back({"mixed", {s, s, s}});
    points.back().layers[0].analog = false;
    s = {};
    s.macro.rows = 15;
    s.macro.adc.bits = 4;
    s.macro.cell.unit_capacitance = 2e-15;
    s.macro.cell.mismatch = 1e-8;  // s_u = 22 %
    s.macro.adc_errors.offset = 0.3;
    add(s);  // chip, nothing fresh
    s.macro.noise.random.sigma = 0.4;
    s.macro.array.count = 2;
    s.macro.voting = {4, 3, VoteCombination::median};
    s.macro.weight_encoding = WeightEncoding::differential;
    add(s);  // chip, fresh noise and votes, two arrays for all layers
    s = {};
    s.macro.rows = 15;
    s.macro.adc.bits = 4;
    s.macro.noise.random.sigma = 0.19;
    add(s);  // events
    return points;
}

inline std::shared_ptr<const TrialSetup> small_setup(std::uint32_t images = 16) {
    auto setup = std::make_shared<TrialSetup>();
    setup->seed = 0x1234567890ABCDEFull;
    setup->network = small_network();
    setup->points = small_points();
    setup->images = std::make_shared<RandomImages>(images);
    setup->reference_top1.assign(images, 2);
    return setup;
}

}  // namespace acim::testing_support
