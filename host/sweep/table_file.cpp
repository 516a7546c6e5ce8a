// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/table_file.hpp"

#include <cmath>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/hdf5/reader.hpp"
#include "host/sweep/csv_file.hpp"
#include "host/sweep/table_shelf.hpp"

namespace acim {
namespace {

using nlohmann::json;

TableShelf<AdcEdgeTable>& edge_tables() {
    static TableShelf<AdcEdgeTable> shelf;
    return shelf;
}

TableShelf<MeasuredErrorTable>& error_tables() {
    static TableShelf<MeasuredErrorTable> shelf;
    return shelf;
}

bool is_hdf5(const std::filesystem::path& file) {
    char start[8] = {};
    std::ifstream(file, std::ios::binary).read(start, sizeof start);
    return std::string_view(start, sizeof start) == std::string_view("\x89HDF\r\n\x1a\n", 8);
}

[[noreturn]] void fail_columns(const std::string& name, const CsvTable& table,
                               std::string_view wanted) {
    throw InputError(fmt::format("{}: has the columns {}, but must have {}.", name,
                                 fmt::join(table.columns, ", "), wanted));
}

// A code width: 2^B - 1 edges for B = 1 .. 14.
void check_edge_count(const std::string& name, std::size_t edges) {
    const bool valid = edges >= 1 && edges < (1U << 14) && (edges & (edges + 1)) == 0;
    if (valid) return;
    throw InputError(
        fmt::format("{}: has {} edges, but an ADC of B bits has 2^B-1, for B from 1 to "
                    "14. Give every edge once.",
                    name, edges));
}

AdcEdgeTable edges_from_csv(const std::filesystem::path& file) {
    constexpr std::string_view wanted =
        "edge, inl_lsb or, for several ADCs, edge, adc0, adc1, and so on";
    const CsvTable csv = read_csv(file, most_table_values);
    const std::size_t adcs = csv.columns.size() - 1;
    bool named = adcs > 0 && csv.columns[0] == "edge";
    for (std::size_t i = 0; named && i < adcs; ++i) {
        const std::string& column = csv.columns[i + 1];
        named = column == fmt::format("adc{}", i) || (adcs == 1 && column == "inl_lsb");
    }
    if (!named) fail_columns(file.string(), csv, wanted);
    for (std::size_t i = 0; i < csv.lines.size(); ++i) {
        if (csv.values[0][i] == static_cast<double>(i + 1)) continue;
        throw InputError(fmt::format("{}:{}: edge is {}, but must be {}: edges run from 1 upwards.",
                                     file.string(), csv.lines[i], csv.values[0][i], i + 1));
    }
    AdcEdgeTable table;
    table.adcs = static_cast<int>(adcs);
    table.edges = static_cast<int>(csv.lines.size());
    for (std::size_t i = 0; i < adcs; ++i) {
        table.inl.insert(table.inl.end(), csv.values[i + 1].begin(), csv.values[i + 1].end());
    }
    return table;
}

std::vector<double> read_dataset(const hdf5::Reader& reader, const std::string& dataset) {
    if (!reader.is_dataset(dataset)) {
        throw InputError(fmt::format("{}: has no dataset '{}'. Add it.", reader.name(), dataset));
    }
    auto values = reader.read<double>(dataset);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i])) {
            throw InputError(fmt::format("{}: {}: value {} is {}, but must be finite.",
                                         reader.name(), dataset, i, values[i]));
        }
        values[i] += 0.0;  // never -0
    }
    return values;
}

hdf5::Reader open_table(const std::filesystem::path& file) {
    return hdf5::Reader::open(file.string(), most_table_values * sizeof(double));
}

AdcEdgeTable edges_from_hdf5(const std::filesystem::path& file) {
    const auto reader = open_table(file);
    AdcEdgeTable table;
    table.inl = read_dataset(reader, "inl_lsb");
    const auto dims = reader.dims("inl_lsb");
    if (dims.empty() || dims.size() > 2 || table.inl.empty()) {
        throw InputError(
            fmt::format("{}: inl_lsb must be [edges] or [adcs][edges] with at least "
                        "one value.",
                        file.string()));
    }
    table.adcs = dims.size() == 2 ? static_cast<int>(dims[0]) : 1;
    table.edges = static_cast<int>(dims.back());
    return table;
}

MeasuredErrorTable errors_from_csv(const std::filesystem::path& file) {
    CsvTable csv = read_csv(file, most_table_values);
    if (csv.columns != std::vector<std::string>{"sum", "mean_lsb", "sigma_lsb"}) {
        fail_columns(file.string(), csv, "sum, mean_lsb, sigma_lsb");
    }
    MeasuredErrorTable table;
    table.sum = std::move(csv.values[0]);
    table.mean = std::move(csv.values[1]);
    table.sigma = std::move(csv.values[2]);
    return table;
}

MeasuredErrorTable errors_from_hdf5(const std::filesystem::path& file) {
    const auto reader = open_table(file);
    MeasuredErrorTable table;
    table.sum = read_dataset(reader, "sum");
    table.mean = read_dataset(reader, "mean_lsb");
    table.sigma = read_dataset(reader, "sigma_lsb");
    if (table.sum.size() != table.mean.size() || table.sum.size() != table.sigma.size()) {
        throw InputError(
            fmt::format("{}: sum, mean_lsb and sigma_lsb have {}, {} and {} values, "
                        "but must have equally many.",
                        file.string(), table.sum.size(), table.mean.size(), table.sigma.size()));
    }
    return table;
}

void check_errors(const std::string& name, const MeasuredErrorTable& table) {
    if (table.sum.empty() || table.sum.front() != 0.0) {
        throw InputError(fmt::format(
            "{}: sum starts at {}, but must start at 0, the empty sum. Add that row.", name,
            table.sum.empty() ? "nothing" : fmt::format("{}", table.sum.front())));
    }
    for (std::size_t i = 0; i < table.sum.size(); ++i) {
        if (i > 0 && table.sum[i] <= table.sum[i - 1]) {
            throw InputError(fmt::format(
                "{}: sum is {} after {}, but must ascend. Sort the rows and give each sum once.",
                name, table.sum[i], table.sum[i - 1]));
        }
        if (table.sigma[i] < 0.0) {
            throw InputError(fmt::format("{}: sigma_lsb is {} at sum {}, but must not be negative.",
                                         name, table.sigma[i], table.sum[i]));
        }
    }
}

AdcEdgeTable load_edges(const std::filesystem::path& file) {
    expect_file(file);
    AdcEdgeTable table = is_hdf5(file) ? edges_from_hdf5(file) : edges_from_csv(file);
    check_edge_count(file.string(), static_cast<std::size_t>(table.edges));
    Sha256 hash;
    hash.update_value(static_cast<double>(table.adcs));
    hash.update_value(static_cast<double>(table.edges));
    hash_values(hash, table.inl);
    table.hash = hash.hex();
    return table;
}

MeasuredErrorTable load_errors(const std::filesystem::path& file) {
    expect_file(file);
    MeasuredErrorTable table = is_hdf5(file) ? errors_from_hdf5(file) : errors_from_csv(file);
    check_errors(file.string(), table);
    Sha256 hash;
    hash.update_value(static_cast<double>(table.sum.size()));
    for (const auto* values : {&table.sum, &table.mean, &table.sigma}) hash_values(hash, *values);
    table.hash = hash.hex();
    return table;
}

}  // namespace

json read_edge_table(const std::filesystem::path& file, const std::string& written,
                     const ValuePlace& where) {
    AdcEdgeTable table = load_for(where, [&] { return load_edges(file); });
    json value = {{"file", written}, {"sha256", table.hash}};
    table.file = written;
    edge_tables().put(std::move(table));
    return value;
}

json read_error_table(const std::filesystem::path& file, const std::string& written,
                      const ValuePlace& where) {
    MeasuredErrorTable table = load_for(where, [&] { return load_errors(file); });
    json value = {{"file", written}, {"sha256", table.hash}};
    table.file = written;
    error_tables().put(std::move(table));
    return value;
}

std::shared_ptr<const AdcEdgeTable> edge_table(const json& value) {
    return edge_tables().take(value);
}

std::shared_ptr<const MeasuredErrorTable> error_table(const json& value) {
    return error_tables().take(value);
}

}  // namespace acim
