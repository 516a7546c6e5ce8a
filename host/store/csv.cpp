// SPDX-License-Identifier: Apache-2.0
#include "host/store/csv.hpp"

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/core/allotment.hpp"
#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/store/results_file.hpp"

namespace acim {

namespace {

std::string quoted(const std::string& text) {
    if (text.find_first_of("\",\r\n") == std::string::npos) {
        return text;
    }
    std::string out = "\"";
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += c;
        }
    }
    return out + "\"";
}

std::vector<std::string> fields_of(const hdf5::Reader& in, const std::string& path) {
    std::vector<std::string> fields;
    switch (in.type_class(path)) {
        case hdf5::TypeClass::integer:
            for (const std::int64_t value : in.read<std::int64_t>(path)) {
                fields.push_back(fmt::format("{}", value));
            }
            break;
        case hdf5::TypeClass::floating:
            for (const double value : in.read<double>(path)) {
                fields.push_back(std::isnan(value) ? "" : fmt::format("{}", value));
            }
            break;
        case hdf5::TypeClass::text:
            for (const std::string& value : in.read_strings(path)) {
                fields.push_back(quoted(value));
            }
            break;
        case hdf5::TypeClass::other:
            break;
    }
    return fields;
}

}  // namespace

void export_csv(const std::filesystem::path& results, std::ostream& out) {
    const hdf5::Reader in = open_results(results);
    const std::uint64_t points = point_count(in);
    std::uint64_t bytes = 0;
    std::vector<std::vector<std::string>> columns;
    std::string line;
    for (const std::string& name : in.members("/")) {
        const std::string path = "/" + name;
        if (!in.is_dataset(path) || in.dims(path) != hdf5::Dims{points}) {
            continue;
        }
        columns.push_back(fields_of(in, path));
        if (columns.back().size() != points) {
            columns.pop_back();
            continue;
        }
        for (const std::string& field : columns.back()) bytes += sizeof field + field.size();
        if (bytes > usable_memory() / 2) {
            throw InputError(fmt::format(
                "{}: more values than this process has memory for. Read single columns by the "
                "Python package",
                results.string()));
        }
        const bool parameter = in.has_attribute(path, "spec_path");
        line += (columns.size() == 1 ? "" : ",") +
                quoted(parameter ? in.attribute_text(path, "spec_path") : name);
    }
    out << line << "\r\n";
    for (std::size_t row = 0; row < points; ++row) {
        line.clear();
        for (std::size_t c = 0; c < columns.size(); ++c) {
            line += (c == 0 ? "" : ",") + columns[c][row];
        }
        out << line << "\r\n";
    }
}

void export_csv(const std::filesystem::path& results, const std::filesystem::path& csv) {
    std::ostringstream text;
    export_csv(results, text);
    write_file_atomically(csv, text.str());
}

}  // namespace acim
