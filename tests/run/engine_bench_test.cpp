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
    ASSERT_EQ(cases.size(), 12u);
    std::set<std::string> names;
    for (const BenchCase& bench : cases) {
        EXPECT_TRUE(names.insert(bench.name).second) << bench.name;
        EXPECT_EQ(counted_conversions(*engine, bench), bench.conversions_per_image) << bench.name;
    }
    // 256 outputs x 256 pixels x 10 row groups (28 channels of 9 rows each) x 8 planes x 8 cycles.
    EXPECT_EQ(cases[0].name, "conv256/product");
    EXPECT_EQ(cases[0].conversions_per_image, 256u * 256 * 10 * 64);
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
}

}  // namespace
}  // namespace acim
