// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
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

// Opens a results file and checks schema name and version: InputError for any other.
hdf5::Reader open_results(const std::filesystem::path& path);

}  // namespace acim
