// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/hdf5/reader.hpp"
#include "host/store/column.hpp"
#include "host/store/plan_record.hpp"
#include "host/store/trial_table.hpp"

namespace acim {

inline constexpr std::int64_t results_schema_version = 1;
inline constexpr const char* results_schema_name = "acimsweep";

// What the caller computed from the trials.
struct ResultColumns {
    std::vector<Column> points;  // one value per point of the plan, in its order
    std::vector<Column> layers;  // the long table; needs "point" (int64) and "layer" (text)
};

// results.h5 as bytes: a pure function of its arguments. The table may be incomplete.
std::vector<std::byte> encode_results(const PlanRecord& plan, const TrialTable& table,
                                      const ResultColumns& extra);
// Replaces the file by rename. StorageError.
void write_results(const std::filesystem::path& path, const PlanRecord& plan,
                   const TrialTable& table, const ResultColumns& extra);

// Opens a results file and checks schema name and version: InputError for any other. Files of results
// travel, and anybody can compute a seal: however it ends, it is read as one of somebody else.
hdf5::Reader open_results(const std::filesystem::path& path);

// More points than a plan can have; what prints tables holds a text for each of their values.
inline constexpr std::uint64_t most_points = std::uint64_t{1} << 23;
// The number of design points, as /point says. InputError unless it is a list of at most so many.
std::uint64_t point_count(const hdf5::Reader& results);
// A column of the points, read only where it has one value for each: else InputError.
std::vector<double> point_numbers(const hdf5::Reader& results, const std::string& path);
std::vector<std::string> point_texts(const hdf5::Reader& results, const std::string& path);

}  // namespace acim
