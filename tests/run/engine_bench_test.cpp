// SPDX-License-Identifier: Apache-2.0
#include "host/run/engine_bench.hpp"

#include <gmock/gmock.h>

#include <set>

#include "host/engine/cpu_engine.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;

// What the engine itself counts in one image of a case, in which every layer has something to do.
std::uint64_t counted_conversions(TrialEngine& engine, const BenchCase& bench) {
    std::uint64_t sum = 0;
    const WorkUnit unit{bench.point, 0, 0, 0, 1};
    const std::atomic<bool> stop = false;
    engine.prepare(bench.setup);
    engine.run(
        {&unit, 1},
        [&](TrialResult&& result) {
            for (const LayerSums& layer : result.layers) {
                sum += layer.conversions;
                EXPECT_GT(layer.yy.to_double(), 0.0) << bench.name;
            }
        },
        stop);
    return sum;
}

TEST(BenchCases, CountTheConversionsThatEnginesReport) {
    const auto engine = make_cpu_engine(2);
    const auto cases = bench_cases(1);
    ASSERT_EQ(cases.size(), 17u);
    std::set<std::string> names;
    for (const BenchCase& bench : cases) {
        EXPECT_TRUE(names.insert(bench.name).second) << bench.name;
        EXPECT_EQ(counted_conversions(*engine, bench), bench.conversions_per_image) << bench.name;
    }
    // 256 outputs x 256 pixels x 10 row groups (28 channels of 9 rows each) x 8 planes x 8 cycles.
    EXPECT_EQ(cases[0].name, "conv256/product");
    EXPECT_EQ(cases[0].conversions_per_image, 256u * 256 * 10 * 64);
    // Two votes more where plane and cycle count 12 and more together; half the cycles.
    EXPECT_EQ(cases[4].name, "conv256/votes");
    EXPECT_EQ(cases[4].conversions_per_image, 256u * 256 * 10 * (64 + 2 * 6));
    EXPECT_EQ(cases[5].name, "conv256/wide");
    EXPECT_EQ(cases[5].conversions_per_image, 256u * 256 * 10 * 32);
}

BenchFigure figure(double seconds, std::uint64_t conversions) {
    BenchFigure f;
    f.seconds = seconds;
    f.trials = 2;
    f.images = 8;
    f.conversions = conversions;
    return f;
}

TEST(EngineBenchTable, ShowsTheRatioToTheCpuOfTheSameRun) {
    EngineBench bench;
    bench.engine = "cuda, a device";
    bench.cpu_engine = "cpu, 2 threads";
    BenchCase one;
    one.name = "conv256/table";
    one.path = SamplingPath::table;
    bench.rows.push_back({one, figure(2.0, 60'000'000'000), figure(4.0, 4'000'000'000)});
    EXPECT_EQ(bench.rows[0].ratio(), 30.0);
    const std::string table = bench_table(bench);
    EXPECT_THAT(table,
                HasSubstr("conv256/table         table           30 G           1           4"));
    EXPECT_THAT(table, HasSubstr("1 G      30\n"));
    const nlohmann::json json = bench_json(bench);
    EXPECT_EQ(json.at("cases")[0].at("ratio"), 30.0);
    EXPECT_EQ(json.at("cases")[0].at("cpu").at("conversions_per_second"), 1e9);
    EXPECT_EQ(json.at("cpu_engine"), "cpu, 2 threads");
    EXPECT_FALSE(json.at("cases")[0].contains("loop_bounds"));
}

TEST(EngineBenchTable, ShowsTheLeastBoundAndHowMuchOfItWasReached) {
    EngineBench bench;
    bench.engine = "cuda, a device";
    CudaDevice device;
    device.name = "a device";
    device.processors = 132;
    device.clock = 1.98e9;
    bench.devices = {device};
    BenchCase table, chip;
    table.name = "conv256/table";
    chip.name = "conv256/chip";
    const BenchFigure measured = figure(1.0, 600'000'000'000);
    const CaseBounds bounds{{{"random bits", 8e12}, {"memory", 4e12}},
                            {{"issue", 2e12}, {"ALU", 1.2e12}, {"FMA", 3e12}},
                            "bytes"};
    bench.rows.push_back({table, measured, {}, bounds});
    bench.rows.push_back({chip, measured, {}, {}});
    const std::string text = bench_table(bench);
    EXPECT_THAT(text, HasSubstr("bounds of a device, 132 processors at 1.98 GHz\n"));
    EXPECT_THAT(text, HasSubstr("4 T memory       15.0%"));
    EXPECT_THAT(text, HasSubstr("1.2 T ALU          50.0% bytes\n"));
    EXPECT_THAT(text, HasSubstr("- -                - -\n"));
    const nlohmann::json json = bench_json(bench).at("cases");
    EXPECT_EQ(json[0].at("kernel"), "bytes");
    EXPECT_EQ(json[0].at("loop_bounds").at("least"), "ALU");
    EXPECT_EQ(json[0].at("loop_bounds").at("fraction"), 0.5);
    EXPECT_EQ(json[0].at("loop_bounds").at("conversions_per_second").at("FMA"), 3e12);
    EXPECT_EQ(json[0].at("device_bounds").at("least"), "memory");
    EXPECT_TRUE(json[1].at("loop_bounds").is_null());
    EXPECT_FALSE(json[1].contains("kernel"));
}

}  // namespace
}  // namespace acim
