// SPDX-License-Identifier: Apache-2.0
#include "host/store/column.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "host/core/error.hpp"

namespace acim {

namespace {

using nlohmann::json;

// The narrowest column kind that holds a value; a column takes the widest of its values.
enum class Kind { boolean, integer, number, text };

bool fits_int64(const json& value) {
    return value.is_number_integer() &&
           (!value.is_number_unsigned() ||
            value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
}

Kind widest(Kind a, Kind b) {
    if (a == b) {
        return a;
    }
    const bool numbers =
        (a == Kind::integer || a == Kind::number) && (b == Kind::integer || b == Kind::number);
    return numbers ? Kind::number : Kind::text;
}

Kind kind_of(const json& value) {
    if (value.is_boolean()) {
        return Kind::boolean;
    }
    if (value.is_number()) {
        return fits_int64(value) ? Kind::integer : Kind::number;
    }
    return Kind::text;
}

std::string text_of(const json* value) {
    if (value == nullptr) {
        return "";
    }
    return value->is_string() ? value->get<std::string>() : value->dump();
}

// Values of one parameter over all points; a null pointer where a point has none.
hdf5::ColumnValues column_values(const std::vector<const json*>& values) {
    bool complete = true;
    bool any = false;
    Kind kind = Kind::number;
    for (const json* value : values) {
        complete = complete && value != nullptr;
        if (value != nullptr) {
            kind = any ? widest(kind, kind_of(*value)) : kind_of(*value);
            any = true;
        }
    }
    if (!complete && (kind == Kind::integer || kind == Kind::boolean)) {
        kind = Kind::number;
    }
    std::vector<std::int64_t> integers;
    std::vector<double> numbers;
    std::vector<std::string> texts;
    for (const json* value : values) {
        if (kind == Kind::text) {
            texts.push_back(text_of(value));
        } else if (kind == Kind::number) {
            numbers.push_back(value == nullptr      ? std::numeric_limits<double>::quiet_NaN()
                              : value->is_boolean() ? (value->get<bool>() ? 1.0 : 0.0)
                                                    : value->get<double>());
        } else {
            integers.push_back(kind == Kind::boolean ? std::int64_t{value->get<bool>()}
                                                     : value->get<std::int64_t>());
        }
    }
    if (kind == Kind::text) {
        return texts;
    }
    return kind == Kind::number ? hdf5::ColumnValues(numbers) : hdf5::ColumnValues(integers);
}

const json* find_parameter(const PlanPoint& point, const std::string& path) {
    const auto found = std::find_if(point.parameters.begin(), point.parameters.end(),
                                    [&](const auto& entry) { return entry.first == path; });
    return found == point.parameters.end() || found->second.is_null() ? nullptr : &found->second;
}

}  // namespace

std::size_t column_length(const Column& column) {
    return std::visit([](const auto& values) { return values.size(); }, column.values);
}

std::vector<Column> parameter_columns(const PlanRecord& plan) {
    std::vector<std::string> paths;
    std::set<std::string> seen;
    for (const PlanPoint& point : plan.points) {
        for (const auto& [path, value] : point.parameters) {
            if (seen.insert(path).second) {
                paths.push_back(path);
            }
        }
    }
    std::vector<Column> columns;
    for (const std::string& path : paths) {
        std::vector<const json*> values;
        for (const PlanPoint& point : plan.points) {
            values.push_back(find_parameter(point, path));
        }
        const auto unit = plan.parameter_units.find(path);
        columns.push_back({path, unit == plan.parameter_units.end() ? "" : unit->second,
                           "swept parameter " + path, column_values(values)});
    }
    return columns;
}

std::string dataset_name(const std::string& column_name) {
    std::string name = column_name;
    std::replace(name.begin(), name.end(), '/', '|');
    return name;
}

void write_column(hdf5::ImageWriter& out, const std::string& group, const Column& column,
                  const std::string& dimension) {
    const std::string path = group + "/" + dataset_name(column.name);
    std::visit([&](const auto& values) { out.write(path, values); }, column.values);
    if (!column.units.empty()) {
        out.attribute(path, "units", column.units);
    }
    if (!column.long_name.empty()) {
        out.attribute(path, "long_name", column.long_name);
    }
    out.attach(path, 0, group + "/" + dimension);
}

}  // namespace acim
