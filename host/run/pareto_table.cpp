// SPDX-License-Identifier: Apache-2.0
#include "host/run/pareto_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "host/core/error.hpp"
#include "host/stats/pareto_front.hpp"
#include "host/store/results_file.hpp"

namespace acim {
namespace {

// One printed column: header and cells, all text.
struct TextColumn {
    std::string header;
    std::vector<std::string> cells;

    std::size_t width() const {
        std::size_t w = header.size();
        for (const std::string& cell : cells) w = std::max(w, cell.size());
        return w;
    }
};

std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.6g}", value); }

TextColumn parameter_column(const hdf5::Reader& in, const std::string& dataset) {
    TextColumn column{in.attribute_text("/" + dataset, "spec_path"), {}};
    if (in.type_class("/" + dataset) == hdf5::TypeClass::text)
        column.cells = point_texts(in, "/" + dataset);
    else
        for (const double v : point_numbers(in, "/" + dataset)) column.cells.push_back(number(v));
    return column;
}

std::vector<TextColumn> parameter_columns(const hdf5::Reader& in) {
    std::vector<TextColumn> columns;
    for (const std::string& name : in.members("/"))
        if (in.is_dataset("/" + name) && in.has_attribute("/" + name, "role") &&
            in.attribute_text("/" + name, "role") == "parameter")
            columns.push_back(parameter_column(in, name));
    return columns;
}

std::string interval(double low, double high) {
    return std::isnan(low) ? "one chip: none"
                           : fmt::format("{:.2f} .. {:.2f}", 100.0 * low, 100.0 * high);
}

// Where the network predicts at several positions, as a language model does.
std::vector<TextColumn> perplexity_columns(const hdf5::Reader& in) {
    if (!in.is_dataset("/perplexity")) return {};
    const auto mean = point_numbers(in, "/perplexity");
    const auto low = point_numbers(in, "/perplexity_ci_low"),
               high = point_numbers(in, "/perplexity_ci_high");
    TextColumn value{"perplexity", {}}, ci{"95 % over chips", {}};
    for (std::size_t p = 0; p < mean.size(); ++p) {
        value.cells.push_back(fmt::format("{:.4g}", mean[p]));
        ci.cells.push_back(std::isnan(low[p]) ? "one chip: none"
                                              : fmt::format("{:.4g} .. {:.4g}", low[p], high[p]));
    }
    return {value, ci};
}

std::vector<TextColumn> result_columns(const hdf5::Reader& in, const std::vector<bool>& front) {
    const auto accuracy = point_numbers(in, "/accuracy");
    const auto low = point_numbers(in, "/accuracy_ci_low"),
               high = point_numbers(in, "/accuracy_ci_high");
    const auto images = point_numbers(in, "/accuracy_image_half_width");
    const auto energy = point_numbers(in, "/energy"), tops = point_numbers(in, "/tops_per_watt");
    TextColumn mark{"front", {}}, acc{"accuracy %", {}}, ci{"95 % over chips", {}},
        half{"+- images %", {}}, joule{"energy nJ", {}}, top{"TOPS/W", {}};
    for (std::size_t p = 0; p < accuracy.size(); ++p) {
        mark.cells.emplace_back(front[p] ? "*" : "");
        acc.cells.push_back(fmt::format("{:.2f}", 100.0 * accuracy[p]));
        ci.cells.push_back(interval(low[p], high[p]));
        half.cells.push_back(fmt::format("{:.1f}", 100.0 * images[p]));
        joule.cells.push_back(fmt::format("{:.1f}", 1e9 * energy[p]));
        top.cells.push_back(fmt::format("{:.2f}", tops[p]));
    }
    std::vector<TextColumn> columns = perplexity_columns(in);
    columns.insert(columns.end(), {acc, ci, half, joule, top, mark});
    return columns;
}

// What the noise-free quantised networks of the points reach.
std::string baseline_text(const hdf5::Reader& in) {
    const auto range = [&](const char* column, double factor, const char* decimals) {
        const auto values = point_numbers(in, column);
        if (values.empty()) return std::string("unknown");
        const auto [least, most] = std::minmax_element(values.begin(), values.end());
        std::string text;
        if (*least != *most) text = fmt::format(fmt::runtime(decimals), factor * *least) + " to ";
        return text + fmt::format(fmt::runtime(decimals), factor * *most);
    };
    std::string text = range("/baseline_accuracy", 100.0, "{:.2f}") + " %";
    if (in.is_dataset("/baseline_perplexity"))
        text += ", perplexity " + range("/baseline_perplexity", 1.0, "{:.4g}");
    return text;
}

std::string line(const std::vector<TextColumn>& columns, const std::vector<std::size_t>& widths,
                 std::ptrdiff_t row) {
    std::string text;
    for (std::size_t c = 0; c < columns.size(); ++c)
        text += fmt::format("{}{:>{}}", c > 0 ? "  " : "",
                            row < 0 ? columns[c].header : columns[c].cells[row], widths[c]);
    return text + "\n";
}

}  // namespace

std::string pareto_table(const std::filesystem::path& results) {
    const hdf5::Reader in = open_results(results);
    const auto accuracy = point_numbers(in, "/accuracy");
    const auto tops = point_numbers(in, "/tops_per_watt");
    const std::vector<bool> front = pareto_front(accuracy, tops);
    std::vector<TextColumn> columns = {{"point", {}}};
    for (std::size_t p = 0; p < accuracy.size(); ++p)
        columns.front().cells.push_back(std::to_string(p));
    for (TextColumn& column : parameter_columns(in)) columns.push_back(std::move(column));
    for (TextColumn& column : result_columns(in, front)) columns.push_back(std::move(column));
    std::vector<std::size_t> order(accuracy.size());
    std::iota(order.begin(), order.end(), 0);
    std::erase_if(order, [&](std::size_t p) { return std::isnan(accuracy[p]); });
    if (order.empty())
        throw InputError(results.string() + ": no finished point yet. Run the sweep on");
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return tops[a] != tops[b] ? tops[a] > tops[b] : accuracy[a] > accuracy[b];
    });
    std::vector<std::size_t> widths;
    for (const TextColumn& column : columns) widths.push_back(column.width());
    std::string text = fmt::format("{}: {} of {} points, noise-free quantised network {}\n",
                                   in.attribute_text("/", "sweep_name"), order.size(),
                                   accuracy.size(), baseline_text(in));
    text += line(columns, widths, -1);
    for (const std::size_t p : order) text += line(columns, widths, static_cast<std::ptrdiff_t>(p));
    return text;
}

}  // namespace acim
