// SPDX-License-Identifier: Apache-2.0
#include "host/run/sweep_plan.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void write_idx(const fs::path& path, const std::vector<std::uint32_t>& dims,
               const std::vector<std::uint8_t>& values) {
    std::ofstream out(path, std::ios::binary);
    const char head[] = {0, 0, 8, static_cast<char>(dims.size())};
    out.write(head, 4);
    for (const std::uint32_t d : dims)
        for (int shift = 24; shift >= 0; shift -= 8) out.put(static_cast<char>(d >> shift));
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(values.size()));
}

// A sweep over the fixture conv_strided.onnx (images of 3 x 12 x 11, two MAC layers) and 12 random
// images, in a folder of the test's own.
class SweepPlanTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::temp_directory_path() /
                  ("acim_plan_" + std::to_string(::getpid()) + "_" + info->name());
        fs::create_directories(folder_);
        std::mt19937 draw(5);
        std::vector<std::uint8_t> pixels(12 * 3 * 12 * 11), labels(12);
        for (auto& p : pixels) p = static_cast<std::uint8_t>(draw() % 256u);
        for (auto& l : labels) l = static_cast<std::uint8_t>(draw() % 2u);
        write_idx(folder_ / "images", {12, 3, 12, 11}, pixels);
        write_idx(folder_ / "labels", {12}, labels);
    }
    void TearDown() override { fs::remove_all(folder_); }

    SweepPlan plan(const std::vector<std::string>& overrides = {}, bool in_directory = false) {
        std::ofstream(folder_ / "s.yaml")
            << "seed: 7\nworkload:\n  network: " ACIM_SOURCE_DIR
               "/tests/fixtures/onnx/conv_strided.onnx\n"
               "  data: {images: images, labels: labels, scale: 0.01}\n"
               "quantisation: {images: 0}\nmacro: {rows: 63}\n"
               "grid: {macro.adc.bits: [5, 6], macro.noise.random.sigma: [0, 0.5, 1]}\n"
               "trials: {chips: 2, repeats: 3}\n";
        PlanOptions options{overrides, {}, 1};
        if (in_directory) options.run_directory = folder_ / "run";
        return make_sweep_plan(folder_ / "s.yaml", options);
    }

    std::vector<std::string> ids(const std::vector<std::string>& overrides = {}) {
        std::vector<std::string> out;
        for (const PlanPoint& point : plan(overrides).record.points) out.push_back(point.id);
        return out;
    }

    std::string error(const std::vector<std::string>& overrides) {
        try {
            plan(overrides);
        } catch (const InputError& e) {
            return e.what();
        }
        return "no error";
    }

    fs::path folder_;
};

TEST_F(SweepPlanTest, OrderOfPointsAndUnits) {
    const SweepPlan p = plan();
    ASSERT_EQ(p.record.points.size(), 6u);
    ASSERT_EQ(p.facts.size(), 6u);
    const auto& parameters = p.record.points[4].parameters;  // the last axis runs fastest
    ASSERT_EQ(parameters.size(), 2u);
    EXPECT_EQ(parameters[0].first, "macro.adc.bits");
    EXPECT_EQ(parameters[0].second, 6);
    EXPECT_EQ(parameters[1].second, 0.5);
    EXPECT_EQ(p.record.images, 12u);
    EXPECT_EQ(p.record.block_images, 12u);
    EXPECT_EQ(p.record.seed, 7u);
    EXPECT_EQ(planned_units(p.record).size(), 6u * 2 * 3);
    ASSERT_EQ(p.groups.size(), 1u);
    EXPECT_EQ(p.groups[0].points, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(p.groups[0].reference_top1.size(), 12u);
}

TEST_F(SweepPlanTest, WhatIsNotPartOfAPointsId) {
    const auto base = ids();
    EXPECT_EQ(std::set<std::string>(base.begin(), base.end()).size(), 6u);
    EXPECT_EQ(ids({"seed=8"}), base);
    EXPECT_EQ(ids({"name=other"}), base);
    EXPECT_EQ(ids({"trials.chips=9"}), base);
    EXPECT_EQ(ids({"macro.hybrid.levels=0"}), base);  // an off value written out
    const auto wider = ids({"grid.macro.adc.bits=[4, 5, 6]"});
    EXPECT_EQ(std::vector<std::string>(wider.begin() + 3, wider.end()), base);
}

TEST_F(SweepPlanTest, WhatIsPartOfAPointsId) {
    const auto base = ids();
    for (const char* change : {"macro.rows=62", "weight_bits=7", "macro.hybrid.levels=1",
                               "quantisation.per_channel=true",
                               "macro.noise.random.unit=percent_fs", "workload.data.scale=0.011"}) {
        const auto changed = ids({change});
        EXPECT_NE(changed[1], base[1]) << change;
    }
}

TEST_F(SweepPlanTest, PointsOfOneQuantisationShareANetwork) {
    const SweepPlan p = plan({"grid.weight_bits=[4, 8]"});
    ASSERT_EQ(p.record.points.size(), 12u);
    ASSERT_EQ(p.groups.size(), 2u);
    EXPECT_EQ(p.record.networks.size(), 2u);
    EXPECT_EQ(p.groups[0].points.size() + p.groups[1].points.size(), 12u);
    for (const NetworkGroup& group : p.groups)
        for (const std::uint32_t point : group.points)
            EXPECT_EQ(p.record.points[point].network_hash, group.network->hash);
    EXPECT_NE(p.groups[0].network->hash, p.groups[1].network->hash);
}

TEST_F(SweepPlanTest, TheStoredNetworkIsTheCalibratedOne) {
    SweepPlan first = plan({}, true);
    EXPECT_FALSE(fs::exists(folder_ / "run"));  // a plan writes nothing
    fs::create_directories(folder_ / "run" / "networks");
    first.networks->save();
    const SweepPlan second = plan({}, true);
    EXPECT_EQ(second.groups[0].network->hash, first.groups[0].network->hash);
    EXPECT_EQ(plan_to_json(second.record), plan_to_json(first.record));
}

TEST_F(SweepPlanTest, BaselinesStandBesideEveryPoint) {
    const SweepPlan p = plan();
    for (const PlanPoint& point : p.record.points) {
        const PointFacts facts = point_facts_from_json(point.derived);
        EXPECT_EQ(facts.float_accuracy, static_cast<double>(p.float_correct) / 12);
        EXPECT_EQ(facts.quantised_accuracy,
                  static_cast<double>(p.groups[0].quantised_correct) / 12);
    }
    EXPECT_EQ(plan({"workload.images=5"}).record.images, 5u);
}

TEST_F(SweepPlanTest, Errors) {
    EXPECT_THAT(error({"workload.images=13"}), HasSubstr("workload.images is 13"));
    EXPECT_THAT(error({"macro.rows=8"}), HasSubstr("macro.rows is 8"));
    EXPECT_THAT(error({"layers=[{match: nothing, analog: false}]"}), HasSubstr("nothing"));
    EXPECT_THAT(error({"workload.data.labels=images"}), HasSubstr("images"));
    write_idx(folder_ / "labels", {12}, {0, 1, 0, 1, 200, 0, 0, 0, 0, 0, 0, 0});
    EXPECT_THAT(error({}), HasSubstr("200"));
    write_idx(folder_ / "labels", {11}, std::vector<std::uint8_t>(11));
    EXPECT_THAT(error({}), HasSubstr("11"));
}

}  // namespace
}  // namespace acim
