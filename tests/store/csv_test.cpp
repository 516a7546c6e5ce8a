// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/store/csv.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

using fixture::Scratch;
using fixture::small_plan;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = text.find("\r\n", at);
        lines.push_back(text.substr(at, end - at));
        at = end + 2;
    }
    return lines;
}

TEST(Csv, HoldsParametersAndAggregatesAsRfc4180) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    fixture::store(run, fixture::all_trials(plan));
    merge_runs({run.path()}, run.results(), fixture::aggregate);
    export_csv(run.results(), scratch / "out.csv");
    std::ostringstream stream;
    export_csv(run.results(), stream);
    EXPECT_EQ(fixture::text_of(scratch / "out.csv"), stream.str());
    const auto lines = lines_of(stream.str());
    ASSERT_EQ(lines.size(), 7U);
    EXPECT_EQ(lines[0],
              "point,macro.noise.random.sigma,macro.adc.bits,macro.input.signed,"
              "layers./conv1/Conv.mode,macro.hybrid.levels,point_id,network_hash,"
              "point_json,accuracy,n_images_done");
    EXPECT_THAT(lines[1], StartsWith("0,0.25,4,0,digital,," + plan.points[0].id + ",bb,"));
    EXPECT_THAT(lines[3], StartsWith("2,0.25,6,0,\"a, \"\"b\"\"\",2,"));
    EXPECT_THAT(lines[3], HasSubstr(",\"{\"\"bits\"\":6,\"\"sigma\"\":0.250000}\","));
    EXPECT_THAT(lines[6], EndsWith(",1200"));
}

TEST(Csv, OtherFilesAreRefused) {
    std::ostringstream stream;
    EXPECT_THROW(export_csv("/no/such.h5", stream), InputError);
}

}  // namespace
}  // namespace acim
