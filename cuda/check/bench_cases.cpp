// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/bench_cases.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>

#include "cuda/check/parity_network.hpp"
#include "cuda/trial/point_plan.hpp"

namespace acim {
namespace {

constexpr unsigned image_seed = 21, weight_seed = 22;
constexpr OperandBits operands{8, 8, false};

// A network with its images, before it has points.
struct BenchNetwork {
    std::string name, title;
    std::shared_ptr<const QuantizedNetwork> network;
    std::shared_ptr<const ImageSource> images;
};

// One 3x3 convolution on a 16 x 16 map. The mean of each channel is its logit: a score of every
// output would measure the loss function.
BenchNetwork conv_network(int channels, std::uint32_t count) {
    const auto images = std::make_shared<RandomImages>(
        RandomImages::Look{{channels, 16, 16}, false, channels}, count, image_seed);
    NetworkBuilder build(images, {1, channels, 16, 16}, weight_seed);
    const TensorId out = build.conv(build.input(), ConvSpec::square(channels, 3, 1, 1), operands);
    const TensorId logits = build.view(build.global_average(out), {1, channels});
    const std::string n = std::to_string(channels);
    return {"conv" + n, n + "->" + n + ", 3x3, 16x16", build.finish(logits, "bench-conv" + n),
            images};
}

TensorId residual_block(NetworkBuilder& build, TensorId in, int channels, int stride, bool same) {
    const TensorId first =
        build.relu(build.conv(in, ConvSpec::square(channels, 3, stride, 1), operands));
    const TensorId second = build.conv(first, ConvSpec::square(channels, 3, 1, 1), operands);
    const TensorId shortcut =
        same ? in : build.conv(in, ConvSpec::square(channels, 1, stride, 0), operands);
    return build.relu(build.add(second, shortcut));
}

// The layers of data/resnet20_fmnist.onnx (He et al. 2016, section 4.2) with random weights.
BenchNetwork resnet20(std::uint32_t count) {
    const auto images = std::make_shared<RandomImages>(RandomImages::Look{{1, 28, 28}, false, 10},
                                                       count, image_seed);
    NetworkBuilder build(images, {1, 1, 28, 28}, weight_seed);
    TensorId x = build.relu(build.conv(build.input(), ConvSpec::square(16, 3, 1, 1), operands));
    for (const int channels : {16, 32, 64})
        for (int block = 0; block < 3; ++block) {
            const bool shrinks = block == 0 && channels > 16;
            x = residual_block(build, x, channels, shrinks ? 2 : 1, !shrinks);
        }
    const TensorId features = build.view(build.global_average(x), {1, 64});
    const TensorId logits = build.linear(features, 10, operands);
    return {"resnet20", "ResNet-20, 28x28", build.finish(logits, "bench-resnet20"), images};
}

struct BenchNoise {
    std::string name, title;
    SamplingPath path;
    MacroParams macro;
    bool everywhere = true;  // else on the largest layer alone
};

// 255 rows into 8 bits: the ADC itself loses nothing.
std::vector<BenchNoise> noises() {
    MacroParams quiet;
    quiet.rows = 255;
    quiet.adc.bits = 8;
    MacroParams rare = quiet, lossless = quiet, table = quiet;
    rare.noise.random.sigma = 0.128;
    lossless.noise.random.sigma = 0.255;
    table.noise.random.sigma = 0.5;
    table.noise.nonlinear.sigma = 0.05;
    MacroParams votes = table, wide = table, chip = quiet;
    votes.voting = {3, 3, VoteCombination::mode};
    wide.bits_per_cycle = 2;
    chip.noise.random.sigma = 0.5;
    chip.cell.unit_capacitance = 2e-15;
    chip.cell.mismatch = 0.85 / 3162277660.1683793;  // 0.85 % sqrt(fF)
    return {{"product", "no noise", SamplingPath::product, quiet},
            {"events", "0.128 LSB", SamplingPath::events, rare},
            {"lossless", "0.255 LSB", SamplingPath::table, lossless},
            {"table", "0.5 LSB + 0.05 % nonlinear", SamplingPath::table, table},
            {"votes", "the same, 3 votes on the top 3 levels", SamplingPath::table, votes, false},
            {"wide", "the same, cycles of two bits", SamplingPath::table, wide, false},
            {"chip", "cells 0.85 % sqrt(fF), 2 fF + 0.5 LSB", SamplingPath::chip, chip}};
}

// ADC conversions of one image; every layer has to take the path that the case is named for.
std::uint64_t conversions(const QuantizedNetwork& network, const DesignPoint& point,
                          SamplingPath path) {
    std::int64_t sum = 0;
    const std::vector<int> macs = network.mac_layers();
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const Operator& node = network.operators[macs[i]];
        const LayerPlan plan = describe_operator(node, point.layers[i]);
        if (plan.path != path)
            throw std::logic_error("bench case " + point.id + ": a layer takes another path");
        sum += plan.adc_conversions(network.tensors[std::get<Product>(node.op).output].elements());
    }
    return static_cast<std::uint64_t>(sum);
}

void add_cases(const BenchNetwork& bench, std::vector<BenchCase>& cases, bool largest = false) {
    auto setup = std::make_shared<TrialSetup>();
    setup->seed = 1;
    setup->network = bench.network;
    setup->images = bench.images;
    // Agreement with a noise-free run is counted, but nobody looks at it here.
    setup->reference_top1.assign(bench.images->count(), 0);
    for (const BenchNoise& noise : noises()) {
        if (!noise.everywhere && !largest) continue;
        LayerSettings settings;
        settings.macro = noise.macro;
        const std::string name = bench.name + "/" + noise.name;
        const DesignPoint point{
            name, std::vector<LayerSettings>(bench.network->mac_layers().size(), settings)};
        cases.push_back({name, bench.title + "; " + noise.title, noise.path, setup,
                         static_cast<std::uint32_t>(setup->points.size()),
                         conversions(*bench.network, point, noise.path)});
        setup->points.push_back(point);
    }
}

// Seconds that one call of the engine takes.
double time_call(TrialEngine& engine, const std::vector<WorkUnit>& units) {
    const std::atomic<bool> stop = false;
    const auto start = std::chrono::steady_clock::now();
    engine.run(
        units, [](TrialResult&&) {}, stop);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::vector<BenchCase> bench_cases(std::uint32_t images) {
    std::vector<BenchCase> cases;
    add_cases(conv_network(256, images), cases, true);
    add_cases(conv_network(64, images), cases);
    add_cases(resnet20(images), cases);
    return cases;
}

BenchFigure measure(TrialEngine& engine, const BenchCase& bench, double seconds,
                    std::uint32_t images_per_trial, std::uint32_t trials) {
    constexpr std::size_t most_units = 1 << 14;
    const std::uint32_t images = std::min(images_per_trial, bench.setup->images->count());
    engine.prepare(bench.setup);
    std::vector<WorkUnit> units;
    std::uint32_t repeat = 0;
    const auto refill = [&](std::size_t count) {
        units.clear();
        while (units.size() < count) units.push_back({bench.point, 0, repeat++, 0, images});
    };
    refill(std::max(trials, 1u));
    while (time_call(engine, units) < 0.25 * seconds && units.size() < most_units)
        refill(2 * units.size());
    BenchFigure figure;
    do {
        refill(units.size());
        figure.seconds += time_call(engine, units);
        figure.trials += units.size();
    } while (figure.seconds < seconds);
    figure.images = figure.trials * images;
    figure.conversions = figure.images * bench.conversions_per_image;
    return figure;
}

}  // namespace acim
