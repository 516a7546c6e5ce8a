// SPDX-License-Identifier: Apache-2.0
// Results files of somebody else: a sealed file, well-formed, whose columns do not fit each other.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/run/pareto_table.hpp"
#include "host/store/check.hpp"
#include "host/store/csv.hpp"
#include "host/store/sealed_file.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;
using Columns = std::map<std::string, std::size_t>;  // rows of a column, where not those of /point

// Two finished points.
std::filesystem::path results_with(const Columns& other) {
    hdf5::ImageWriter out;
    out.attribute("/", "schema_name", "acimsweep");
    out.attribute("/", "schema_version", std::int64_t{1});
    out.attribute("/", "sweep_name", "hostile");
    const auto rows = [&](const char* name) {
        const auto found = other.find(name);
        return found == other.end() ? std::size_t{2} : found->second;
    };
    for (const char* name :
         {"point", "accuracy", "accuracy_ci_low", "accuracy_ci_high", "accuracy_image_half_width",
          "energy", "tops_per_watt", "baseline_accuracy", "perplexity", "perplexity_ci_low",
          "perplexity_ci_high", "baseline_perplexity"})
        out.write(std::string("/") + name, std::vector<double>(rows(name), 0.5));
    out.write("/bits", std::vector<std::string>(rows("bits"), "six"));
    out.attribute("/bits", "role", "parameter");
    out.attribute("/bits", "spec_path", "macro.adc.bits");
    std::vector<std::byte> image = out.image();
    seal(image);
    const auto path = std::filesystem::path(::testing::TempDir()) / "hostile_results.h5";
    write_file_atomically(path, image);
    return path;
}

std::string refusal(const Columns& other) {
    try {
        return pareto_table(results_with(other));
    } catch (const InputError& error) {
        return error.what();
    }
}

TEST(ParetoTable, ColumnsOfOtherLengthsAreRefused) {
    EXPECT_THAT(refusal({}), HasSubstr("hostile: 2 of 2 points, noise-free quantised network 50.00 "
                                       "%, perplexity 0.5\n"));
    for (const char* name : {"accuracy", "accuracy_ci_low", "accuracy_ci_high", "energy", "bits",
                             "tops_per_watt", "perplexity_ci_low", "baseline_accuracy"})
        for (const std::size_t rows : {0, 1, 3, 4000})
            EXPECT_THAT(refusal({{name, rows}}),
                        HasSubstr(std::string(": /") + name + " of shape [" + std::to_string(rows) +
                                  "] has not one value for each of 2 points"))
                << name << " " << rows;
}

TEST(ParetoTable, RowsBeginWithTheNumberOfThePoint) {
    const std::string table = pareto_table(results_with({}));
    EXPECT_THAT(table, HasSubstr("\npoint  macro.adc.bits  "));
    EXPECT_THAT(table, HasSubstr("\n    0             six  "));
    EXPECT_THAT(table, HasSubstr("\n    1             six  "));
}

TEST(ParetoTable, NoPointsAndTooManyAreRefused) {
    EXPECT_THAT(refusal({{"point", std::size_t{(1 << 23) + 1}}}),
                HasSubstr("/point of shape [8388609] is no list of at most 8388608 points"));
    const auto path = results_with({{"point", std::size_t{(1 << 23) + 1}}});
    std::ostringstream csv;
    EXPECT_THROW(export_csv(path, csv), InputError);
    EXPECT_EQ(csv.str(), "");
}

TEST(ParetoTable, AScalarInPlaceOfAListIsRefused) {
    hdf5::ImageWriter out;
    out.attribute("/", "schema_name", "acimsweep");
    out.attribute("/", "schema_version", std::int64_t{1});
    out.attribute("/", "sweep_name", "hostile");
    out.write("/point", std::vector<double>{1.0}, {});
    out.group("/trials");
    out.write("/trials/point", std::vector<double>{1.0}, {});
    const auto path = std::filesystem::path(::testing::TempDir()) / "scalar_results.h5";
    write_file_atomically(path, out.image());
    std::ostringstream csv;
    EXPECT_THROW(export_csv(path, csv), InputError);
    EXPECT_EQ(check_run(path).trials, 1U);
}

}  // namespace
}  // namespace acim
