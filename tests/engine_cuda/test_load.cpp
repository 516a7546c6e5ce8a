// SPDX-License-Identifier: Apache-2.0
// Work of every cut: many tiny units, a huge one, odd numbers of images, units that share images;
// stops and failing sinks in between; engines that are used again; machines that refuse threads.
#include <stdexcept>

#include "cuda/trial/unit_runner.hpp"
#include "tests/engine_cuda/fault_work.hpp"
#include "tests/engine_cuda/refused_threads.hpp"

namespace acim {
namespace {

using namespace testing_device;
using ::testing::IsEmpty;

class Load : public MachineTest {
protected:
    static const Work& work() {
        static const Work all = all_points();
        return all;
    }
};

// Adds units of one image each up to units of the points on one chip.
Results joined(const TrialSetup& setup, const Results& parts, std::uint32_t images) {
    Results whole;
    for (const auto& [unit, part] : parts) {
        const WorkUnit key{unit.point, unit.chip, unit.repeat, 0, images};
        auto& sum = whole.try_emplace(key, empty_result(setup, key)).first->second;
        TrialResult moved = part;
        moved.correct_bits.assign(sum.correct_bits.size(), 0);
        moved.correct_bits[unit.first_image / 8] =
            static_cast<std::uint8_t>(part.correct_bits[0] << unit.first_image % 8);
        moved.predictions.assign(sum.predictions.size(), 0);
        moved.predictions[unit.first_image] = part.predictions[0];
        add_result(sum, moved);
    }
    return whole;
}

TEST_F(Load, ThousandsOfUnitsOfOneImage) {
    constexpr std::uint32_t images = 5000;  // more units than a batch has parts
    LayerSettings digital;
    digital.analog = false;
    const Work whole = work_of(linear_setup(images, 5, digital), {{0, 0, 0, 0, images}});
    std::vector<WorkUnit> units;
    for (std::uint32_t i = 0; i < images; ++i) units.push_back({0, 0, 0, i, 1});
    emulation::set_devices(devices(2));
    const auto engine = make_cuda_engine();
    engine->prepare(whole.setup);
    const Outcome outcome = run_prepared(*engine, units);
    EXPECT_EQ(outcome.results.size(), images);
    EXPECT_EQ(joined(*whole.setup, outcome.results, images), whole.expected);
}

// Every input of the layer is a row group of its own: a million conversions an image, which nobody
// has to make because they are lossless. A billion is worth a batch of its own.
TEST_F(Load, AHugeUnitIsShared) {
    LayerSettings lossless;
    lossless.macro.rows = 1;
    lossless.macro.adc.bits = 4;
    const auto setup = linear_setup(2500, 440, lossless);
    const Work small = work_of(setup, {{0, 0, 0, 0, 8}}),
               huge = work_of(setup, {{0, 0, 0, 0, 2500}});
    emulation::set_devices(devices(2));
    const auto engine = make_cuda_engine();
    const auto launches = [] {
        return emulation::counters(0).launches + emulation::counters(1).launches;
    };
    expect_whole(run(*engine, small), small);
    const std::uint64_t one_batch = launches();
    expect_whole(run(*engine, huge), huge);
    EXPECT_GE(launches(), (1 + 3) * one_batch);
}

TEST_F(Load, AnyNumberOfImagesFromAnyFirstOne) {
    std::vector<WorkUnit> units;
    for (std::uint32_t images : {1, 7, 8, 17, 31})
        for (std::uint32_t first : {0, 3}) units.push_back({0, 0, images, first, images});
    const Work odd = work_of(tiny_setup(64), units);
    emulation::set_devices(devices(1));
    for (const std::uint32_t batch : {1, 13, 4000}) {
        CudaEngineOptions options;
        options.batch_images = batch;
        const auto engine = make_cuda_engine(options);
        expect_whole(run(*engine, odd), odd);
    }
}

TEST_F(Load, UnitsShareImages) {
    std::vector<WorkUnit> units;
    for (std::uint32_t first = 0; first < 6; ++first)
        for (std::uint32_t point = 0; point < 3; ++point)
            units.push_back({point, first % 2, 0, first, 11});
    const Work overlapping = work_of(work().setup, units);
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    expect_whole(run(*engine, overlapping), overlapping);
}

TEST_F(Load, NoWork) {
    emulation::set_devices(devices(1));
    const auto engine = make_cuda_engine();
    engine->prepare(work().setup);
    EXPECT_THAT(run_prepared(*engine, {}).results, IsEmpty());
    EXPECT_EQ(emulation::counters(0).launches, 0u);
    const Work empty = work_of(work().setup, {{0, 0, 0, 0, 0}, {1, 0, 0, 5, 0}, {1, 0, 0, 5, 1}});
    expect_whole(run_prepared(*engine, empty.units), empty);
}

TEST_F(Load, AnEngineIsUsedAgain) {
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    engine->prepare(work().setup);
    for (int i = 0; i < 2; ++i) expect_whole(run_prepared(*engine, work().units), work());
    const Work other = work_of(tiny_setup(16, 20), {{0, 0, 0, 0, 16}, {1, 0, 0, 0, 9}});
    for (int i = 0; i < 2; ++i) {
        expect_whole(run(*engine, other), other);
        expect_whole(run(*engine, work()), work());
    }
}

// Units that have begun are finished, others do not begin.
TEST_F(Load, Stop) {
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    engine->prepare(work().setup);
    for (std::size_t after = 0; after < 5; ++after) {
        std::atomic<bool> stop = after == 0;
        Results results;
        engine->run(
            work().units,
            [&](TrialResult&& r) {
                const WorkUnit unit = r.unit;
                results.emplace(unit, std::move(r));
                if (results.size() == after) stop = true;
            },
            stop);
        EXPECT_GE(results.size(), after);
        // Four lanes have a part each when the last unit that counts is reported.
        EXPECT_LE(results.size(), after == 0 ? 0 : std::min<std::size_t>(after + 4, 6));
        for (const auto& [unit, result] : results) EXPECT_EQ(result, work().expected.at(unit));
    }
}

TEST_F(Load, ASinkThatThrows) {
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    engine->prepare(work().setup);
    const std::atomic<bool> stop = false;
    for (int good = 0; good < 4; ++good) {
        int calls = 0;
        const auto sink = [&](TrialResult&&) {
            if (++calls > good) throw std::invalid_argument("disk full");
        };
        EXPECT_THROW(engine->run(work().units, sink, stop), std::invalid_argument);
        EXPECT_EQ(calls, good + 1);
    }
    expect_whole(run_prepared(*engine, work().units), work());
}

// A point that cannot be planned fails as it does on every engine, and costs no device.
TEST_F(Load, APointThatCannotBePlanned) {
    auto setup = tiny_setup(16);
    setup->points[1].layers[0].macro.rows = -3;
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    engine->prepare(setup);
    EXPECT_THROW(run_prepared(*engine, work().units), std::invalid_argument);
    EXPECT_THAT(engine->warnings(), IsEmpty());
    std::vector<WorkUnit> rest;
    for (const WorkUnit& unit : work().units)
        if (unit.point != 1) rest.push_back(unit);
    const Work others = work_of(setup, rest);
    expect_whole(run_prepared(*engine, rest), others);
}

TEST_F(Load, RefusedThreads) {
    emulation::set_devices(devices(3));
    const auto engine = small_batches();
    engine->prepare(work().setup);
    for (int allowed = 0; allowed < 6; ++allowed) {
        SCOPED_TRACE(allowed);
        const RefusedThreads refuse(allowed);
        expect_whole(run_prepared(*engine, work().units), work());
        EXPECT_EQ(refuse.refused(), allowed < 5 ? 1 : 0);
    }
    EXPECT_THAT(engine->warnings(), IsEmpty());
}

}  // namespace
}  // namespace acim
