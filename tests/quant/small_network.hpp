// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "host/onnx/graph.hpp"

namespace acim::test {

// Images given value by value; the label of image i is i modulo 3.
class ListedImages : public ImageSource {
public:
    ListedImages(std::vector<int> shape, std::vector<std::vector<float>> images)
        : shape_(std::move(shape)), images_(std::move(images)) {}
    std::uint32_t count() const override { return static_cast<std::uint32_t>(images_.size()); }
    std::vector<int> image_shape() const override { return shape_; }
    void read(std::uint32_t first, std::uint32_t images, float* out) const override {
        for (std::uint32_t i = first; i < first + images; ++i)
            for (float x : images_[i]) *out++ = x;
    }
    std::int32_t label(std::uint32_t index) const override {
        return static_cast<std::int32_t>(index % 3);
    }

private:
    std::vector<int> shape_;
    std::vector<std::vector<float>> images_;
};

inline FloatProduct linear(TensorId input, TensorId output, int outputs,
                           std::vector<float> weights) {
    FloatProduct p;
    p.input = input;
    p.output = output;
    p.outputs = outputs;
    p.depth = static_cast<int>(weights.size()) / outputs;
    p.weights = std::move(weights);
    p.bias.assign(static_cast<std::size_t>(outputs), 0.0F);
    return p;
}

// One linear layer called "fc".
inline std::shared_ptr<FloatGraph> linear_graph(int outputs, std::vector<float> weights) {
    auto graph = std::make_shared<FloatGraph>();
    const int depth = static_cast<int>(weights.size()) / outputs;
    graph->tensors = {{"x", {1, depth}}, {"y", {1, outputs}}};
    graph->operators = {{"fc", linear(0, 1, outputs, std::move(weights))}};
    graph->input = 0;
    graph->output = 1;
    return graph;
}

// One of every operator: conv 3x3 on [1,2,4,4] -> relu -> clip -> affine -> add with itself ->
// max pool -> average pool -> view -> linear to 3 classes.
inline std::shared_ptr<FloatGraph> every_operator() {
    auto graph = std::make_shared<FloatGraph>();
    graph->tensors = {{"x", {1, 2, 4, 4}},    {"conv", {1, 2, 4, 4}}, {"relu", {1, 2, 4, 4}},
                      {"clip", {1, 2, 4, 4}}, {"norm", {1, 2, 4, 4}}, {"sum", {1, 2, 4, 4}},
                      {"max", {1, 2, 2, 2}},  {"mean", {1, 2, 1, 1}}, {"flat", {1, 2}},
                      {"y", {1, 3}}};
    FloatProduct conv;
    conv.input = 0;
    conv.output = 1;
    conv.is_conv = true;
    conv.conv = {1, 2, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 4};
    conv.outputs = 2;
    conv.depth = 18;
    for (int i = 0; i < 36; ++i)
        conv.weights.push_back(static_cast<float>((i * 7) % 13 - 6) * 0.125F);
    conv.bias = {0.25F, -0.5F};
    const PoolGeometry max{2, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0};
    const PoolGeometry mean{2, 2, 2, 1, 1, 2, 2, 1, 1, 0, 0};
    graph->operators = {{"conv", conv},
                        {"relu", Relu{1, 2}},
                        {"clip", Clip{2, 3, 0.0F, 6.0F}},
                        {"norm", Affine{3, 4, {2.0F, 0.5F}, {-1.0F, 1.0F}}},
                        {"sum", Add{4, 3, 5}},
                        {"max", MaxPool{5, 6, max}},
                        {"mean", AveragePool{6, 7, mean, false, 24}},
                        {"flat", View{7, 8}},
                        {"fc", linear(8, 9, 3, {0.5F, -1.0F, 1.5F, 0.25F, -0.75F, 1.0F})}};
    graph->input = 0;
    graph->output = 9;
    return graph;
}

inline ListedImages ramp_images(int count) {
    std::vector<std::vector<float>> images(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        for (int e = 0; e < 32; ++e)
            images[static_cast<std::size_t>(i)].push_back(
                static_cast<float>((i * 31 + e * 17) % 97) / 96.0F);
    return {{2, 4, 4}, std::move(images)};
}

}  // namespace acim::test
