// SPDX-License-Identifier: Apache-2.0
#include "host/store/results_file.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/store/plan_json.hpp"
#include "host/store/sealed_file.hpp"

namespace acim {

namespace {

using hdf5::ImageWriter;

void write_root(ImageWriter& out, const PlanRecord& plan, const TrialTable& table) {
    out.attribute("/", "Conventions", "CF-1.10");
    out.attribute("/", "title", plan.sweep_name);
    out.attribute("/", "schema_name", results_schema_name);
    out.attribute("/", "schema_version", results_schema_version);
    out.attribute("/", "sweep_name", plan.sweep_name);
    const bool complete = table.missing() == 0;
    out.attribute("/", "sweep_complete", static_cast<std::int8_t>(complete ? 1 : 0));
    out.attribute("/", "seed", plan.seed);
    out.attribute("/", "chips", std::int64_t{plan.chips});
    out.attribute("/", "repeats", std::int64_t{plan.repeats});
    if (plan.stop.active()) {
        out.attribute("/", "stop_half_width", plan.stop.half_width);
        out.attribute("/", "stop_first_chips", std::int64_t{plan.stop.first_chips});
    }
    out.attribute("/", "images", std::int64_t{plan.images});
    if (plan.positions != 1) {
        out.attribute("/", "positions", std::int64_t{plan.positions});
    }
    out.attribute("/", "plan_sha256", plan_sha256(plan));
    out.attribute("/", "sweep_sha256", sha256_hex(plan.sweep_text));
    out.attribute("/", "data_hash", plan.data_hash);
    out.attribute("/", "model_version", plan.model_version);
    out.attribute("/", "code_version", plan.code_version);
}

std::vector<Column> identity_columns(const PlanRecord& plan) {
    std::vector<std::string> ids;
    std::vector<std::string> jsons;
    std::vector<std::string> networks;
    for (const PlanPoint& point : plan.points) {
        ids.push_back(point.id);
        jsons.push_back(point.canonical_json);
        networks.push_back(point.network_hash);
    }
    return {{"point_id", "", "SHA-256 of point_json", ids},
            {"network_hash", "", "hash of the calibrated integer network", networks},
            {"point_json", "", "complete resolved parameters of the point", jsons}};
}

std::vector<std::int64_t> counting(std::size_t count) {
    std::vector<std::int64_t> values(count);
    std::iota(values.begin(), values.end(), 0);
    return values;
}

// Point columns stand in the root, so that xarray.open_dataset(file) shows them.
void write_points(ImageWriter& out, const PlanRecord& plan, const ResultColumns& extra) {
    out.write("/point", counting(plan.points.size()));
    out.attribute("/point", "long_name", "index of the design point");
    out.make_scale("/point");
    std::vector<std::pair<std::string, hdf5::ColumnValues>> mirror;
    const auto write = [&](const Column& column, const char* role, bool mirrored) {
        ACIM_EXPECT(column_length(column) == plan.points.size());
        write_column(out, "", column, "point");
        const std::string path = "/" + dataset_name(column.name);
        out.attribute(path, "role", role);
        if (std::string_view(role) == "parameter") {
            out.attribute(path, "spec_path", column.name);
        }
        if (mirrored) {
            mirror.emplace_back(dataset_name(column.name), column.values);
        }
    };
    mirror.emplace_back("point", counting(plan.points.size()));
    for (const Column& column : parameter_columns(plan)) {
        write(column, "parameter", true);
    }
    for (const Column& column : identity_columns(plan)) {
        write(column, "identity", column.name == "point_id");
    }
    for (const Column& column : extra.points) {
        write(column, "aggregate", true);
    }
    out.group("/tables");
    out.write_table("/tables/points", mirror);
}

template <class T, class Get>
void write_trial_column(ImageWriter& out, const std::vector<T>& rows, const char* name,
                        const char* units, const char* long_name, const Get& get) {
    std::vector<std::int64_t> values(rows.size());
    std::transform(rows.begin(), rows.end(), values.begin(), get);
    write_column(out, "/trials", {name, units, long_name, std::move(values)}, "row");
}

// One column after the other, so that only one is held besides the table.
void write_trials(ImageWriter& out, const TrialTable& table, bool is_image) {
    out.group("/trials");
    out.dimension("/trials/row", table.rows());
    out.dimension("/trials/byte", table.bits_width);
    const auto unit = [&](const char* name, const char* long_name, auto field) {
        write_trial_column(out, table.units, name, "1", long_name,
                           [field](const WorkUnit& u) -> std::int64_t { return u.*field; });
    };
    const auto plain = [](auto value) -> std::int64_t { return value; };
    unit("point", "index of the design point", &WorkUnit::point);
    unit("chip", "simulated chip", &WorkUnit::chip);
    unit("repeat", "repeat with new temporal noise", &WorkUnit::repeat);
    unit("first_image", "index of the first image", &WorkUnit::first_image);
    unit("n_images", "images of this row", &WorkUnit::images);
    const auto count = [&](const auto& values, const char* name, const char* units,
                           const char* of_images, const char* of_positions) {
        write_trial_column(out, values, name, units, is_image ? of_images : of_positions, plain);
    };
    count(table.correct, "correct", "1", "images classified correctly (top-1)",
          "positions classified correctly (top-1)");
    count(table.agree, "agree", "1", "images with the class of the noise-free quantised network",
          "positions with the class of the noise-free quantised network");
    count(table.cross_entropy, "cross_entropy", "2^-32 nat", "sum over images of the loss",
          "sum over positions of the loss");
    out.write("/trials/correct_bits", table.correct_bits, {table.rows(), table.bits_width});
    out.attribute("/trials/correct_bits", "long_name",
                  is_image ? "image first_image + k is correct: bit k%8 of byte k/8"
                           : "position p of image first_image + k is correct: bit i%8 of byte i/8, "
                             "i = k*positions + p");
    out.attach("/trials/correct_bits", 0, "/trials/row");
    out.attach("/trials/correct_bits", 1, "/trials/byte");
}

// What every trial said of every item, and what would have been right.
void write_predictions(ImageWriter& out, const PlanRecord& plan, const TrialTable& table) {
    out.dimension("/trials/item", table.predictions_width);
    out.write("/trials/predictions", table.predictions, {table.rows(), table.predictions_width});
    out.attribute("/trials/predictions", "long_name",
                  "class given to position p of image first_image + k (top-1): column "
                  "k*positions + p");
    out.attach("/trials/predictions", 0, "/trials/row");
    out.attach("/trials/predictions", 1, "/trials/item");
    out.group("/items");
    out.dimension("/items/item", plan.labels.size());
    write_column(out, "/items",
                 {"label", "1", "class of position p of image i: row i*positions + p",
                  std::vector<std::int64_t>(plan.labels.begin(), plan.labels.end())},
                 "item");
}

void write_layers(ImageWriter& out, const ResultColumns& extra) {
    out.group("/layers");
    if (extra.layers.empty()) {
        return;
    }
    const std::size_t rows = column_length(extra.layers.front());
    out.dimension("/layers/row", rows);
    for (const Column& column : extra.layers) {
        ACIM_EXPECT(column_length(column) == rows);
        write_column(out, "/layers", column, "row");
    }
}

void expect_point_column(const hdf5::Reader& results, const std::string& path) {
    const std::uint64_t points = point_count(results);
    const hdf5::Dims dims = results.dims(path);
    if (dims != hdf5::Dims{points}) {
        throw InputError(
            fmt::format("{}: {} of shape [{}] has not one value for each of {} points. Merge the "
                        "run directory again",
                        results.name(), path, fmt::join(dims, ", "), points));
    }
}

}  // namespace

std::vector<std::byte> encode_results(const PlanRecord& plan, const TrialTable& table,
                                      const ResultColumns& extra) {
    ImageWriter out;
    write_root(out, plan, table);
    write_points(out, plan, extra);
    write_trials(out, table, plan.positions == 1);
    if (plan.keeps_predictions()) {
        write_predictions(out, plan, table);
    }
    write_layers(out, extra);
    out.group("/provenance");
    out.write_text("/provenance/sweep_yaml", plan.sweep_text);
    out.write_text("/provenance/plan_json", plan_head_to_json(plan));
    std::vector<std::byte> image = out.image();
    seal(image);
    return image;
}

void write_results(const std::filesystem::path& path, const PlanRecord& plan,
                   const TrialTable& table, const ResultColumns& extra) {
    write_file_atomically(path, encode_results(plan, table, extra));
}

hdf5::Reader open_results(const std::filesystem::path& path) {
    const std::vector<std::byte> bytes = read_whole_file(path);
    const SealedImage sealed = check_seal(bytes);
    if (sealed.state == SealState::broken) {
        throw InputError(
            fmt::format("{}: damaged (its SHA-256 differs). Merge the run directory "
                        "again",
                        path.string()));
    }
    hdf5::Reader in = hdf5::Reader::from_bytes(sealed.image, path.string());
    if (!in.has_attribute("/", "schema_name") || !in.has_attribute("/", "schema_version") ||
        in.attribute_text("/", "schema_name") != results_schema_name) {
        throw InputError(
            fmt::format("{}: not a results file of acimsweep (schema_name). Give a "
                        "file that acimsweep run or merge wrote",
                        path.string()));
    }
    const std::int64_t version = in.attribute<std::int64_t>("/", "schema_version");
    if (version != results_schema_version) {
        throw InputError(
            fmt::format("{}: schema_version {} (this program reads {}). Use the "
                        "program that wrote the file",
                        path.string(), version, results_schema_version));
    }
    return in;
}

std::uint64_t point_count(const hdf5::Reader& results) {
    const hdf5::Dims dims = results.dims("/point");
    if (dims.size() != 1 || dims[0] > most_points) {
        throw InputError(fmt::format(
            "{}: /point of shape [{}] is no list of at most {} points. Give a file that "
            "acimsweep run or merge wrote",
            results.name(), fmt::join(dims, ", "), most_points));
    }
    return dims[0];
}

std::vector<double> point_numbers(const hdf5::Reader& results, const std::string& path) {
    expect_point_column(results, path);
    return results.read<double>(path);
}

std::vector<std::string> point_texts(const hdf5::Reader& results, const std::string& path) {
    expect_point_column(results, path);
    return results.read_strings(path);
}

}  // namespace acim
