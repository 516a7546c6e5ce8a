// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/check/parity_network.hpp"
#include "cuda/engine/cuda_engine.hpp"
#include "cuda/trial/reference_engine.hpp"
#include "tests/cuda_emulation/emulation.hpp"

// Small work for tests of what the engine does when devices fail, with the results that it must
// give.
namespace acim::testing_device {

// A 2x2 convolution over 4x4 images, ReLU, a linear layer: points that go through tiles and, with
// chips, through the general kernel, and a digital one.
inline std::shared_ptr<TrialSetup> tiny_setup(std::uint32_t images = 64, int channels = 8) {
    constexpr OperandBits bits{4, 4, false};
    const auto source =
        std::make_shared<RandomImages>(RandomImages::Look{{1, 4, 4}, false, 5}, images, 3);
    NetworkBuilder build(source, {1, 1, 4, 4}, 4);
    const TensorId conv =
        build.relu(build.conv(build.input(), ConvSpec::square(channels, 2, 2), bits));
    const TensorId logits = build.linear(build.view(conv, {1, 4 * channels}), 5, bits);
    auto setup = make_setup(build.finish(logits, "tiny"), source);
    setup->seed = 77;
    LayerSettings settings;
    settings.weight_bits = settings.activation_bits = 4;
    settings.macro.rows = 24;
    settings.macro.adc.bits = 4;
    settings.macro.noise.random.sigma = 0.5;
    const auto add = [&](const char* id) { setup->points.push_back({id, {settings, settings}}); };
    add("table");
    settings.macro.cell.unit_capacitance = 2e-15;
    settings.macro.cell.mismatch = 1e-8;
    add("chip");
    settings.analog = false;
    add("digital");
    return setup;
}

// One linear layer with one point.
inline std::shared_ptr<TrialSetup> linear_setup(std::uint32_t images, int outputs,
                                                const LayerSettings& settings) {
    const auto source =
        std::make_shared<RandomImages>(RandomImages::Look{{1, 6, 6}, false, 5}, images, 3);
    NetworkBuilder build(source, {1, 36}, 4);
    auto setup = make_setup(
        build.finish(build.linear(build.input(), outputs, OperandBits{}), "linear"), source);
    setup->points.push_back({"linear", {settings}});
    return setup;
}

using Results = std::map<WorkUnit, TrialResult>;

struct Work {
    std::shared_ptr<const TrialSetup> setup;
    std::vector<WorkUnit> units;
    Results expected;  // of the reference engine
};

// What became of a run.
struct Outcome {
    Results results;
    std::string failure;  // what EngineFailure says; empty: none
    std::vector<std::string> warnings;
};

inline Outcome run_prepared(TrialEngine& engine, const std::vector<WorkUnit>& units) {
    Outcome out;
    const std::atomic<bool> stop = false;
    const auto take = [&](TrialResult&& result) {
        const WorkUnit unit = result.unit;
        EXPECT_TRUE(out.results.emplace(unit, std::move(result)).second) << "a unit came twice";
    };
    try {
        engine.run(units, take, stop);
    } catch (const EngineFailure& error) {
        out.failure = error.what();
    }
    out.warnings = engine.warnings();
    return out;
}

inline Outcome run(TrialEngine& engine, const Work& work) {
    try {
        engine.prepare(work.setup);
    } catch (const EngineFailure& error) {
        return {{}, error.what(), engine.warnings()};
    }
    return run_prepared(engine, work.units);
}

inline Work work_of(std::shared_ptr<const TrialSetup> setup, std::vector<WorkUnit> units) {
    Work work{std::move(setup), std::move(units), {}};
    work.expected = run(*make_reference_engine(), work).results;
    return work;
}

// Every point on two chips, one unit of all images each.
inline Work all_points(std::uint32_t images = 16) {
    std::vector<WorkUnit> units;
    auto setup = tiny_setup(images);
    for (std::uint32_t point = 0; point < setup->points.size(); ++point)
        for (std::uint32_t chip = 0; chip < 2; ++chip) units.push_back({point, chip, 0, 0, images});
    return work_of(std::move(setup), std::move(units));
}

inline void expect_whole(const Outcome& outcome, const Work& work) {
    EXPECT_EQ(outcome.failure, "");
    EXPECT_EQ(outcome.results, work.expected);
}

// What was reported before the engine failed is whole.
inline void expect_part(const Outcome& outcome, const Work& work) {
    EXPECT_LT(outcome.results.size(), work.expected.size());
    for (const auto& [unit, result] : outcome.results) EXPECT_EQ(result, work.expected.at(unit));
}

inline std::vector<emulation::DeviceModel> devices(std::size_t count) {
    return std::vector<emulation::DeviceModel>(count);
}

// Batches of 8 images, so that a run has many.
inline std::unique_ptr<TrialEngine> small_batches() {
    CudaEngineOptions options;
    options.batch_images = 8;
    return make_cuda_engine(options);
}

// Nothing is left on any device once the engines of a test are gone.
class MachineTest : public testing::Test {
protected:
    void TearDown() override {
        EXPECT_EQ(emulation::leftovers(), emulation::Leftovers{});
        emulation::set_devices({{}});
    }
};

}  // namespace acim::testing_device
