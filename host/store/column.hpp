// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/hdf5/element.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/store/plan_record.hpp"

namespace acim {

// A column of a table in results.h5. Units are "1" for ratios and counts, "" for text.
struct Column {
    std::string name;
    std::string units;
    std::string long_name;
    hdf5::ColumnValues values;
};

std::size_t column_length(const Column& column);

// The swept parameters of all points, named by YAML path: integers, else numbers (NaN where a point
// has none), else text ("" where a point has none; booleans are 0 and 1).
std::vector<Column> parameter_columns(const PlanRecord& plan);

// HDF5 has no "/" in names: a YAML path keeps its dots, and "/" becomes "|".
std::string dataset_name(const std::string& column_name);

// Writes one column into a group and attaches it to the dimension.
void write_column(hdf5::ImageWriter& out, const std::string& group, const Column& column,
                  const std::string& dimension);

}  // namespace acim
