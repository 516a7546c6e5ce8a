// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "cuda/trial/reference_engine.hpp"
#include "cuda/trial/unit_runner.hpp"
#include "tests/engine/attention_network.hpp"
#include "tests/engine/small_network.hpp"

// The suite that every engine passes, written once: results are equal in every byte whatever the
// engine, its threads or devices, the order of the units and their cut. A test program includes it
// and says which engines it has:
//     INSTANTIATE_TEST_SUITE_P(Engines, EngineSuite, testing::ValuesIn(makers()), maker_name);
namespace acim {
namespace {

using testing_support::small_setup;

struct Maker {
    std::string name;
    std::function<std::unique_ptr<TrialEngine>()> make;
    std::function<void()> undo = [] {};  // after the test
};

inline std::string maker_name(const testing::TestParamInfo<Maker>& test) { return test.param.name; }

std::vector<WorkUnit> all_units(std::uint32_t images, std::uint32_t block) {
    std::vector<WorkUnit> units;
    for (std::uint32_t point = 0; point < testing_support::small_points().size(); ++point)
        for (std::uint32_t chip = 0; chip < 2; ++chip)
            for (std::uint32_t repeat = 0; repeat < 2; ++repeat)
                for (std::uint32_t at = 0; at < images; at += block)
                    units.push_back({point, chip, repeat, at, std::min(block, images - at)});
    return units;
}

std::map<WorkUnit, TrialResult> run(TrialEngine& engine, const std::vector<WorkUnit>& units) {
    std::map<WorkUnit, TrialResult> results;
    const std::atomic<bool> stop = false;
    engine.run(
        units,
        [&](TrialResult&& r) {
            const WorkUnit unit = r.unit;
            EXPECT_TRUE(results.emplace(unit, std::move(r)).second) << "a unit came twice";
        },
        stop);
    return results;
}

const std::map<WorkUnit, TrialResult>& reference(std::uint32_t block) {
    static std::map<std::uint32_t, std::map<WorkUnit, TrialResult>> known;
    auto& results = known[block];
    if (results.empty()) {
        const auto engine = make_reference_engine();
        engine->prepare(small_setup());
        results = run(*engine, all_units(16, block));
    }
    return results;
}

class EngineSuite : public testing::TestWithParam<Maker> {
protected:
    std::unique_ptr<TrialEngine> engine() const {
        auto e = GetParam().make();
        e->prepare(small_setup());
        return e;
    }
    void TearDown() override { GetParam().undo(); }
};

TEST_P(EngineSuite, EqualsReference) {
    EXPECT_EQ(run(*engine(), all_units(16, 16)), reference(16));
}

using testing_support::attention_setup;
using testing_support::Predicts;

TEST_P(EngineSuite, AttentionEqualsReference) {
    const auto units = all_units(16, 16);
    static const auto expected = [&] {
        const auto reference = make_reference_engine();
        reference->prepare(attention_setup(Predicts::once));
        return run(*reference, units);
    }();
    const auto e = GetParam().make();
    e->prepare(attention_setup(Predicts::once));
    EXPECT_EQ(run(*e, units), expected);
}

// Units of 13 images of five items each, so that bytes of bits are shared and the last is not full.
TEST_P(EngineSuite, PositionsEqualReference) {
    std::vector<WorkUnit> units;
    for (std::uint32_t point = 0; point < testing_support::small_points().size(); ++point)
        for (const std::uint32_t first : {0u, 3u}) units.push_back({point, 1, 0, first, 13});
    static const auto expected = [&] {
        const auto reference = make_reference_engine();
        reference->prepare(attention_setup(Predicts::everywhere));
        return run(*reference, units);
    }();
    const auto e = GetParam().make();
    e->prepare(attention_setup(Predicts::everywhere));
    EXPECT_EQ(run(*e, units), expected);
    const auto images = attention_setup(Predicts::everywhere)->images;
    for (const auto& [unit, result] : expected) {
        EXPECT_EQ(result.correct_bits.size(), 9u);
        EXPECT_EQ(result.predictions.size(), 65u);
        for (std::uint32_t i = 0; i < 65; ++i) {
            const bool right = (result.correct_bits[i / 8] >> (i % 8) & 1) != 0;
            const std::int32_t label = images->label(unit.first_image * 5 + i);
            EXPECT_EQ(result.predictions[i] == label, right);
        }
        std::uint32_t ones = 0, shared = 0;
        for (const std::uint8_t byte : result.correct_bits)
            ones += static_cast<std::uint32_t>(std::popcount(byte));
        EXPECT_EQ(ones, result.correct);
        EXPECT_GT(result.correct, 0u);
        EXPECT_LT(result.correct, 65u);
        // Items of images 3 to 12 from both units of a noise-free point.
        if (unit.point != 0 || unit.first_image != 0) continue;
        const auto& other = expected.at({0, 1, 0, 3, 13}).correct_bits;
        const auto bit = [](const std::vector<std::uint8_t>& bits, std::uint32_t i) {
            return bits[i / 8] >> (i % 8) & 1;
        };
        for (std::uint32_t i = 15; i < 65; ++i)
            shared += bit(result.correct_bits, i) == bit(other, i - 15) ? 1 : 0;
        EXPECT_EQ(shared, 50u);
    }
}

TEST_P(EngineSuite, OrderOfUnitsDoesNotMatter) {
    auto units = all_units(16, 8);
    std::shuffle(units.begin(), units.end(), std::mt19937(3));
    EXPECT_EQ(run(*engine(), units), reference(8));
}

TEST_P(EngineSuite, CutOfImagesDoesNotMatter) {
    const auto setup = small_setup();
    std::map<WorkUnit, TrialResult> joined;
    for (const auto& [unit, part] : run(*engine(), all_units(16, 8))) {
        WorkUnit key = unit;
        key.first_image = 0;
        key.images = 16;
        auto& result = joined.try_emplace(key, empty_result(*setup, key)).first->second;
        TrialResult shifted = part;
        shifted.correct_bits.assign(2, 0);
        shifted.correct_bits[unit.first_image / 8] = part.correct_bits[0];
        add_result(result, shifted);
    }
    EXPECT_EQ(joined, reference(16));
}

TEST_P(EngineSuite, TrialsDiffer) {
    const auto results = run(*engine(), all_units(16, 16));
    const auto sums = [&](std::uint32_t point, std::uint32_t chip, std::uint32_t repeat) {
        return results.at({point, chip, repeat, 0, 16}).layers;
    };
    EXPECT_EQ(sums(0, 0, 0), sums(0, 1, 1)) << "nothing random in a noise-free point";
    for (const std::uint32_t point : {2u, 3u, 4u, 5u, 7u}) {
        EXPECT_NE(sums(point, 0, 0), sums(point, 1, 0));
        EXPECT_NE(sums(point, 0, 0), sums(point, 0, 1));
    }
    EXPECT_NE(sums(6, 0, 0), sums(6, 1, 0)) << "chips are alike";
    EXPECT_EQ(sums(6, 0, 0), sums(6, 0, 1)) << "a chip has changed between repeats";
}

TEST_P(EngineSuite, StopEndsBetweenUnits) {
    const auto e = engine();
    std::atomic<bool> stop = false;
    const auto units = all_units(16, 8);
    std::size_t seen = 0;
    e->run(
        units,
        [&](TrialResult&& r) {
            EXPECT_EQ(r, reference(8).at(r.unit)) << "a reported unit is whole";
            if (++seen == 3) stop = true;
        },
        stop);
    EXPECT_GE(seen, 3u);
    EXPECT_LT(seen, units.size());
}

TEST_P(EngineSuite, FailureOfTheSinkIsReported) {
    const std::atomic<bool> stop = false;
    const auto units = all_units(16, 8);
    EXPECT_THROW(engine()->run(
                     units, [](TrialResult&&) { throw std::runtime_error("disk full"); }, stop),
                 std::runtime_error);
}

}  // namespace
}  // namespace acim
