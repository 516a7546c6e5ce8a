// SPDX-License-Identifier: Apache-2.0
#include "host/run/adc_ranges.hpp"

#include <gmock/gmock.h>

#include "cuda/trial/point_plan.hpp"
#include "host/core/sha256.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/quant/counting_kernel.hpp"
#include "host/store/plan_json.hpp"
#include "host/sweep/point.hpp"
#include "tests/run/sweep_fixture.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

// LeNet instead of the fixture's single layer, on 12 random images.
class AdcRangesTest : public SweepPlanTest {
protected:
    using Overrides = std::vector<std::string>;

    void SetUp() override {
        SweepPlanTest::SetUp();
        std::mt19937 draw(6);
        std::vector<std::uint8_t> pixels(12 * 28 * 28);
        for (auto& p : pixels) p = static_cast<std::uint8_t>(draw() % 256u);
        write_idx(folder_ / "images", {12, 28, 28}, pixels);
    }
    SweepPlan plan(Overrides overrides = {}, bool in_directory = false, int threads = 1) {
        overrides.emplace_back("workload.network=" ACIM_SOURCE_DIR "/data/lenet_fmnist.onnx");
        overrides.emplace_back("workload.data.scale=0.004");
        return SweepPlanTest::plan(overrides, in_directory, threads);
    }
    std::string error(const Overrides& overrides) {
        try {
            plan(overrides);
        } catch (const InputError& e) {
            return e.what();
        }
        return "no error";
    }

    // Windows of the point of that index, from its resolved layers.
    static std::vector<AdcWindow> windows(const SweepPlan& plan, std::size_t point) {
        std::vector<AdcWindow> out;
        for (const LayerSettings& layer : plan.groups.at(0).design_points.at(point).layers)
            out.push_back({layer.macro.adc.lo, layer.macro.adc.hi});
        return out;
    }
    static Overrides ids(const SweepPlan& plan) {
        Overrides out;
        for (const PlanPoint& point : plan.record.points) out.push_back(point.id);
        return out;
    }
    // A plan whose windows lie in the run directory.
    SweepPlan stored_plan(const Overrides& overrides) {
        SweepPlan out = plan(overrides, true);
        fs::create_directories(folder_ / "run" / "networks");
        out.networks->save();
        out.ranges->save();
        return out;
    }
    std::vector<fs::path> range_files() const {
        std::vector<fs::path> out;
        for (const auto& entry : fs::directory_iterator(folder_ / "run" / "networks"))
            if (entry.path().filename().string().starts_with("ranges-")) out.push_back(entry);
        return out;
    }
    static std::string text_of(const fs::path& file) {
        const auto bytes = read_whole_file(file);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
};

const std::vector<std::string> csnr = {"macro.adc.range=csnr"};
const std::vector<std::string> percentile = {"macro.adc.range={percentile: 99}"};

// The plan's windows are those of the counts on the evaluated images (quantisation.images is 0).
TEST_F(AdcRangesTest, WindowsOfTheCountsOfTheQuantisedNetwork) {
    const SweepPlan by_error = plan(csnr), by_rank = plan(percentile);
    const NetworkGroup& group = by_error.groups[0];
    const auto& network = *group.network;
    std::vector<std::optional<LayerPlan>> plans;
    LayerSettings whole = group.design_points[4].layers[0];
    whole.macro.adc = {.bits = 6, .range = AdcRange::window};
    for (const int i : network.mac_layers())
        plans.push_back(
            describe_layer(whole, layer_shape(std::get<Product>(network.operators[i].op))));
    const auto counts = count_layers<CountHistogram, CountedWeights>(
        network, plans, *by_error.workload->data, 12, *make_simd_kernel(), 1);
    ASSERT_GE(counts.size(), 4u);
    MacroParams macro = whole.macro;
    macro.noise.random.sigma = 0.5;  // point 4: 6 bits, 0.5 LSB
    for (std::size_t layer = 0; layer < counts.size(); ++layer) {
        EXPECT_GT(counts[layer].total(), 0u);
        EXPECT_EQ(windows(by_error, 4)[layer], csnr_window(counts[layer], macro, 8, 1));
        EXPECT_EQ(windows(by_rank, 4)[layer], percentile_window(counts[layer], 99.0));
        EXPECT_LT(windows(by_rank, 4)[layer].hi, 65536);
    }
    EXPECT_NE(windows(by_error, 0), windows(by_error, 5));  // other bits and noise
    EXPECT_EQ(windows(by_rank, 0), windows(by_rank, 5));    // the counts alone decide
}

TEST_F(AdcRangesTest, PartOfThePointsIdAndOfItsFacts) {
    const SweepPlan full = plan(), by_rank = plan(percentile);
    for (std::size_t p = 0; p < 6; ++p) EXPECT_NE(ids(full)[p], ids(by_rank)[p]);
    const std::vector<std::optional<AdcWindow>> none(2);
    const PointConfig& point = by_rank.spec.base;
    EXPECT_EQ(point_id(point, "n", "d", none), point_id(point, "n", "d"));
    EXPECT_NE(point_id(point, "n", "d", std::vector{std::optional(AdcWindow{0, 9})}),
              point_id(point, "n", "d", std::vector{std::optional(AdcWindow{0, 8})}));
    const json facts = json::parse(by_rank.record.points[0].derived);
    for (std::size_t layer = 0; layer < facts["layers"].size(); ++layer) {
        const AdcWindow w = windows(by_rank, 0)[layer];
        EXPECT_EQ(facts["layers"][layer]["adc_lo"], w.lo / 65536.0);
        EXPECT_EQ(facts["layers"][layer]["adc_hi"], w.hi / 65536.0);
        EXPECT_EQ(point_facts_from_json(facts).layers[layer].adc_window, w);
    }
    EXPECT_FALSE(json::parse(full.record.points[0].derived)["layers"][0].contains("adc_lo"));
}

TEST_F(AdcRangesTest, OnlyLayersThatAskForIt) {
    const std::vector<std::string> names = plan().workload->layers;
    for (const char* other : {"macro: {adc: {range: full}}", "analog: false"}) {
        const SweepPlan p =
            plan({"macro.adc.range=csnr", "layers=[{match: '" + names[0] + "', " + other + "}]"});
        const json layers = json::parse(p.record.points[0].derived)["layers"];
        for (std::size_t i = 0; i < names.size(); ++i)
            EXPECT_EQ(layers[i].contains("adc_hi"), i > 0) << other;
    }
}

TEST_F(AdcRangesTest, ThreadsDoNotMatter) {
    for (const auto& range : {csnr, percentile})
        EXPECT_EQ(ids(plan(range, false, 1)), ids(plan(range, false, 3)));
}

TEST_F(AdcRangesTest, StoredWindowsRule) {
    const SweepPlan first = stored_plan(percentile);
    ASSERT_EQ(range_files().size(), 1u);  // six points ask for the same
    EXPECT_EQ(plan_to_json(plan(percentile, true).record), plan_to_json(first.record));
    // Other windows, consistently written: the plan takes them, so it reads the file.
    json file = json::parse(text_of(range_files()[0]));
    file["windows"][0] = {1, 2};
    file["windows"][1] = {3, 65536};
    file["sha256"] = sha256_hex(file["windows"].dump());
    write_file_atomically(range_files()[0], file.dump());
    const SweepPlan second = plan(percentile, true);
    EXPECT_EQ(windows(second, 0)[0], (AdcWindow{1, 2}));
    EXPECT_EQ(windows(second, 0)[1], (AdcWindow{3, 65536}));
    EXPECT_NE(ids(second), ids(first));
    EXPECT_EQ(ids(plan(percentile)), ids(first));  // without the directory
}

TEST_F(AdcRangesTest, DamagedFilesAreCalibratedAgain) {
    const SweepPlan first = stored_plan(csnr);
    const fs::path file = range_files().at(0);
    const std::string text = text_of(file);
    json other_layers = json::parse(text), other_window = json::parse(text),
         no_window = json::parse(text);
    other_layers["layers"][0]["rows"] = 62;
    other_window["windows"][0][1] = 1;
    no_window["windows"][0] = {5, 5};
    no_window["sha256"] = sha256_hex(no_window["windows"].dump());
    for (const std::string& damaged :
         {std::string(), text.substr(0, text.size() / 2), std::string("[]"), std::string("null"),
          std::string("{\"windows\": 3}"), other_layers.dump(), other_window.dump(),
          no_window.dump()}) {
        write_file_atomically(file, damaged);
        SweepPlan again = plan(csnr, true);
        EXPECT_EQ(ids(again), ids(first)) << damaged;
        again.ranges->save();
        EXPECT_EQ(text_of(file), text);
    }
}

TEST_F(AdcRangesTest, Errors) {
    EXPECT_THAT(error({"macro.adc.range=csnr", "macro.rows=8"}), HasSubstr("macro.rows is 8"));
    EXPECT_THAT(error({"macro.adc.range=csnr", "macro.weight_parallel=true"}),
                HasSubstr("key 'macro.adc.range' is csnr, but macro.weight_parallel is true"));
}

}  // namespace
}  // namespace acim
