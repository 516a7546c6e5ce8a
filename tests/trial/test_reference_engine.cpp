// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/reference_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <set>
#include <vector>

#include "cuda/trial/metrics.hpp"
#include "cuda/trial/unit_runner.hpp"
#include "tests/trial/small_network.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

std::vector<TrialResult> run(const std::shared_ptr<const TrialSetup>& setup,
                             const std::vector<WorkUnit>& units) {
    const auto engine = make_reference_engine();
    return ref::run_units(*engine, setup, units);
}

LayerSettings lossless() {
    LayerSettings s;
    s.macro.rows = 9;
    s.macro.adc = {6, AdcRange::counts};
    return s;
}

LayerSettings digital() {
    LayerSettings s;
    s.analog = false;
    return s;
}

int bit(const TrialResult& r, std::uint32_t image) {
    return r.correct_bits[image / 8] >> (image % 8) & 1;
}

// SPEC 10.1: lossless and noise-free equals digital, image by image; also where the path goes
// through codes because one level is digital.
TEST(ReferenceEngine, LosslessEqualsDigitalImageByImage) {
    LayerSettings coded = lossless();
    coded.macro.hybrid.levels = 1;
    const auto setup = ref::small_setup(
        {ref::uniform_point(digital()), ref::uniform_point(lossless()), ref::uniform_point(coded)});
    for (std::uint32_t image = 0; image < 40; ++image) {
        const auto r = run(setup, {{0, 0, 0, image, 1}, {1, 0, 0, image, 1}, {2, 0, 0, image, 1}});
        for (const TrialResult& result : r) {
            EXPECT_EQ(result.correct_bits, r[0].correct_bits);
            EXPECT_EQ(result.agree, 1u);
            ASSERT_EQ(result.cross_entropy, r[0].cross_entropy) << image;
        }
        for (std::size_t layer = 0; layer < 3; ++layer) {
            EXPECT_EQ(r[0].layers[layer], LayerSums{});
            for (const std::size_t point : {1u, 2u}) {
                EXPECT_EQ(r[point].layers[layer].e, WideSum{});
                EXPECT_EQ(r[point].layers[layer].ee, WideSum{});
            }
            EXPECT_EQ(r[1].layers[layer].yy, r[2].layers[layer].yy);
        }
    }
}

// A unit of sixteen images, run four at a time in another order.
TrialResult in_parts(const TrialSetup& setup, const WorkUnit& unit, const PointPlan& plan,
                     ImageExecutor& executor) {
    TrialResult merged = empty_result(setup, unit);
    for (const std::uint32_t begin : {12u, 0u, 8u, 4u}) {
        TrialResult part = empty_result(setup, unit);
        run_images(setup, plan, begin, 4, executor, part);
        add_result(merged, part);
    }
    return merged;
}

// Any cut of a unit gives the bytes of the whole, merged in any order.
TEST(ReferenceEngine, PartsOfAUnitAddUpToTheWhole) {
    const auto setup = ref::small_setup({ref::uniform_point(ref::noisy_settings(0.4))});
    const WorkUnit unit{0, 3, 1, 16, 16};
    const TrialResult whole = run(setup, {unit})[0];
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    const PointPlan plan =
        make_point_plan(*setup->network, setup->points[0], PhiloxKey{}, *kernel, cache);
    ImageExecutor executor(*setup->network, *kernel);
    EXPECT_EQ(in_parts(*setup, unit, plan, executor), whole);
}

// The class of every item is what the executor's logits say, also where a unit is run in parts; who
// does not ask for them gets none.
TEST(ReferenceEngine, PredictionsAreTheTopClassOfTheLogits) {
    const auto plain = ref::small_setup({ref::uniform_point(ref::noisy_settings(0.4))});
    const auto setup = std::make_shared<TrialSetup>(*plain);
    setup->predictions = true;
    const WorkUnit unit{0, 3, 1, 16, 16};
    TrialResult whole = run(setup, {unit})[0];
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    const PointPlan plan =
        make_point_plan(*setup->network, setup->points[0], PhiloxKey{}, *kernel, cache);
    ImageExecutor executor(*setup->network, *kernel);
    const PhiloxKey key = trial_key(setup->points[0].seed(setup->seed), 3, 1);
    std::vector<std::uint16_t> expected;
    std::vector<LayerSums> sums(setup->network->mac_layers().size());
    for (std::uint32_t image = 16; image < 32; ++image) {
        setup->images->read(image, 1, executor.input().data());
        expected.push_back(static_cast<std::uint16_t>(top1(executor.run(plan, key, image, sums))));
    }
    EXPECT_EQ(whole.predictions, expected);
    EXPECT_GT(std::set(expected.begin(), expected.end()).size(), 1u) << "or nothing is shown";
    EXPECT_EQ(in_parts(*setup, unit, plan, executor), whole);
    whole.predictions.clear();
    EXPECT_EQ(run(plain, {unit})[0], whole);
}

// Units of four images hold what the unit of sixteen holds: images are keyed by their own index.
TEST(ReferenceEngine, BlocksOfImagesAgreeWithTheLongUnit) {
    const auto setup = ref::small_setup({ref::uniform_point(ref::noisy_settings(0.4))});
    const auto r = run(
        setup,
        {{0, 0, 0, 12, 4}, {0, 0, 0, 0, 16}, {0, 0, 0, 8, 4}, {0, 0, 0, 0, 4}, {0, 0, 0, 4, 4}});
    const TrialResult& whole = r[1];
    std::vector<LayerSums> layers(3);
    std::int64_t loss = 0;
    std::uint32_t correct = 0, agree = 0;
    for (const std::size_t i : {0u, 2u, 3u, 4u}) {
        for (std::uint32_t k = 0; k < 4; ++k)
            EXPECT_EQ(bit(r[i], k), bit(whole, r[i].unit.first_image + k));
        EXPECT_EQ(r[i].correct_bits.size(), 1u);
        EXPECT_EQ(r[i].correct_bits[0] >> 4, 0);
        loss += r[i].cross_entropy;
        correct += r[i].correct;
        agree += r[i].agree;
        for (std::size_t l = 0; l < 3; ++l) layers[l].add(r[i].layers[l]);
    }
    EXPECT_EQ(loss, whole.cross_entropy);
    EXPECT_EQ(correct, whole.correct);
    EXPECT_EQ(agree, whole.agree);
    EXPECT_EQ(layers, whole.layers);
    EXPECT_EQ(whole.correct, static_cast<std::uint32_t>(std::popcount(whole.correct_bits[0]) +
                                                        std::popcount(whole.correct_bits[1])));
}

TEST(ReferenceEngine, ChipRepeatAndSeedChangeTheNoiseAndNothingElseDoes) {
    const auto setup = ref::small_setup({ref::uniform_point(ref::noisy_settings(0.4)),
                                         ref::uniform_point(ref::noisy_settings(0.4))});
    const auto r =
        run(setup,
            {{0, 0, 0, 0, 8}, {0, 1, 0, 0, 8}, {0, 0, 1, 0, 8}, {0, 0, 0, 0, 8}, {1, 0, 0, 0, 8}});
    EXPECT_NE(r[0].layers[0].ee, r[1].layers[0].ee);  // another chip
    EXPECT_NE(r[0].layers[0].ee, r[2].layers[0].ee);  // another repeat
    EXPECT_NE(r[1].layers[0].ee, r[2].layers[0].ee);  // (chip, repeat) is not symmetric
    EXPECT_EQ(r[0], r[3]);                            // the same again
    EXPECT_EQ(r[0].layers, r[4].layers);              // the point is not in the key
    auto other = std::make_shared<TrialSetup>(*setup);
    other->seed += 1;
    EXPECT_NE(run(other, {{0, 0, 0, 0, 8}})[0].layers[0].ee, r[0].layers[0].ee);
}

// Layers are keyed by their position among all MAC layers: switching the first one to digital
// leaves the draws of the last one alone (same inputs, as the first layer is lossless).
TEST(ReferenceEngine, DigitalLayersDoNotRenumberTheOthers) {
    DesignPoint analog = ref::uniform_point(lossless());
    analog.layers[2] = ref::noisy_settings(0.5);
    DesignPoint mixed = analog;
    mixed.layers[0] = digital();
    const auto setup = ref::small_setup({analog, mixed});
    const auto r = run(setup, {{0, 0, 0, 0, 16}, {1, 0, 0, 0, 16}});
    EXPECT_EQ(r[0].layers[2], r[1].layers[2]);
    EXPECT_EQ(r[0].cross_entropy, r[1].cross_entropy);
    EXPECT_EQ(r[1].layers[0], LayerSums{});
}

TEST(ReferenceEngine, LayerSumsCountOutputsAndConversions) {
    const auto setup = ref::small_setup({ref::uniform_point(ref::noisy_settings(0.4))});
    const auto r = run(setup, {{0, 0, 0, 0, 10}})[0];
    EXPECT_EQ(r.layers[0].outputs, 10u * 144);
    EXPECT_EQ(r.layers[1].outputs, 10u * 36);
    EXPECT_EQ(r.layers[2].outputs, 10u * 5);
    EXPECT_EQ(r.layers[0].conversions, 10u * 144 * 64);          // 9 rows, one group
    EXPECT_EQ(r.layers[1].conversions, 10u * 36 * 2 * (6 * 7));  // 18 rows in two groups of 9
    EXPECT_EQ(r.layers[2].conversions, 10u * 5 * 64);
    for (const LayerSums& s : r.layers) {
        EXPECT_GT(s.yy.to_double(), 0.0);
        const double mean = s.e.to_double() / static_cast<double>(s.outputs);
        EXPECT_GT(s.ee.to_double() / static_cast<double>(s.outputs), mean * mean);
        EXPECT_LT(s.ye.to_double() * s.ye.to_double(), s.yy.to_double() * s.ee.to_double());
    }
}

TEST(ReferenceEngine, StopsBetweenUnitsAndPassesFailuresOn) {
    const auto setup = ref::small_setup({ref::uniform_point(digital())});
    const auto engine = make_reference_engine();
    engine->prepare(setup);
    const std::vector<WorkUnit> units = {{0, 0, 0, 0, 1}, {0, 0, 1, 0, 1}, {0, 0, 2, 0, 1}};
    std::atomic<bool> stop{false};
    int seen = 0;
    engine->run(
        units, [&](TrialResult&&) { stop = ++seen == 2; }, stop);
    EXPECT_EQ(seen, 2);
    const std::atomic<bool> go{false};
    const auto fail = [](TrialResult&&) { throw std::runtime_error("disk full"); };
    EXPECT_THROW(engine->run(units, fail, go), std::runtime_error);
    EXPECT_GT(engine->memory(units), 0u);
}

}  // namespace
}  // namespace acim
