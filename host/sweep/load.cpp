// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/load.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/sweep/axis.hpp"
#include "host/sweep/document.hpp"
#include "host/sweep/key_values.hpp"
#include "host/sweep/macro_check.hpp"
#include "host/sweep/preset.hpp"
#include "host/sweep/rules.hpp"
#include "host/sweep/technology_check.hpp"

namespace acim {
namespace {

using nlohmann::json;

std::string resolved(const Document& document, const json& value) {
    if (value.is_null()) return {};
    const std::filesystem::path path(value.get<std::string>());
    return (document.file().parent_path() / path).lexically_normal().string();
}

std::vector<float> channel_values(const json& list) {
    std::vector<float> out;
    for (const json& value : list) out.push_back(static_cast<float>(value.get<double>()));
    return out;
}

// Reads `workload.data` or `workload.calibration`; what the latter leaves out is as in the former.
DataSpec read_data(const Document& document, const std::string& group) {
    const auto value = [&](const std::string& key) {
        const json own = document.value(group + "." + key);
        return own.is_null() ? document.value("workload.data." + key) : own;
    };
    const auto format_of = [&](const json& word) {
        return to_enum<DataFormat>(find_key("workload.data.format", in_sweep)->choices, word);
    };
    DataSpec data;
    data.format = format_of(value("format"));
    const json images = document.value(group + ".images");
    data.images = resolved(document, images.at(0));
    for (std::size_t i = 1; i < images.size(); ++i)
        data.more_images.push_back(resolved(document, images[i]));
    data.labels = resolved(document, document.value(group + ".labels"));
    // A layout belongs to a file: that of another format is another question.
    const bool same = data.format == format_of(document.value("workload.data.format"));
    const json layout = same ? value("layout") : document.value(group + ".layout");
    if (!layout.is_null())
        data.layout =
            to_enum<DataLayout>(find_key("workload.data.layout", in_sweep)->choices, layout);
    data.scale = static_cast<float>(value("scale").get<double>());
    data.mean = channel_values(value("mean"));
    data.std = channel_values(value("std"));
    return data;
}

bool has_below(const Document& document, std::string_view group) {
    return std::any_of(document.entries().begin(), document.entries().end(),
                       [&](const Entry& entry) { return entry.path.starts_with(group); });
}

bool has_axis(const SweepSpec& spec, std::string_view path) {
    return std::any_of(spec.axes.begin(), spec.axes.end(), [&](const Axis& axis) {
        return std::find(axis.paths.begin(), axis.paths.end(), path) != axis.paths.end();
    });
}

void read_calibration(const Document& document, SweepSpec& spec) {
    const std::string group = "workload.calibration";
    const bool given = has_below(document, group + ".");
    const bool needed = spec.base.quantisation.images > 0 || has_axis(spec, "quantisation.images");
    if ((given || needed) && document.find(group + ".images") == nullptr) {
        throw InputError(fmt::format(
            "{}: key 'workload.calibration.images' is missing. Name the file of the training "
            "images "
            "on which the scales are calibrated; format, scale, mean and std are those of "
            "workload.data unless given. (quantisation.images: 0 calibrates on the evaluated "
            "images "
            "instead.)",
            document.file().string()));
    }
    if (given) spec.workload.calibration = read_data(document, group);
}

WorkloadSpec read_workload(const Document& document) {
    WorkloadSpec workload;
    workload.network = resolved(document, document.value("workload.network"));
    workload.data = read_data(document, "workload.data");
    if (has_labels_file(workload.data.format) && workload.data.labels.empty())
        throw InputError(fmt::format(
            "{}: key 'workload.data.labels' is missing. Give a path (file of the labels).",
            document.file().string()));
    const json images = document.value("workload.images");
    if (!images.is_null()) workload.images = images.get<std::uint32_t>();
    return workload;
}

std::string read_name(const Document& document) {
    const json value = document.value("name");
    const std::string name =
        value.is_null() ? document.file().stem().string() : value.get<std::string>();
    if (name.size() > 100 || name.find('/') != std::string::npos) {
        throw InputError(
            fmt::format("{}: key 'name' is {}, but must have at most 100 characters and no "
                        "'/'.",
                        document.place("name"), shown(name)));
    }
    return name;
}

// A cycle cannot be wider than the activation; for signed ones check_layer() looks again.
void check_cycle(const Document& document, const PointConfig& point) {
    if (point.macro.bits_per_cycle <= point.activation_bits) return;
    throw InputError(fmt::format(
        "{}: key 'macro.bits_per_cycle' is {}, but activation_bits is {}. A cycle drives at most "
        "all bits "
        "of the activation.",
        document.place("macro.bits_per_cycle"), point.macro.bits_per_cycle, point.activation_bits));
}

// A hold time does nothing without a leakage: one of the two was forgotten.
void check_hold_time(const Document& document, const PointConfig& point, bool leakage_elsewhere) {
    if (point.macro.cell.hold_time == 0.0 || leakage_elsewhere) return;
    if (document.find("macro.cell.leakage_pA") != nullptr) return;
    throw InputError(document.place("macro.cell.hold_ns") +
                     ": key 'macro.cell.hold_ns' is given, but macro.cell.leakage_pA is not. Give "
                     "the leakage of a cell, or remove hold_ns.");
}

// Puts the preset's keys under those that are written. A macro of one-bit weights suits `mac` as it
// is; the networks of a sweep need a width of their own.
void lay_under(Document& document, const std::string& preset, const ValuePlace& where,
               KeyScope scope) {
    std::vector<Entry> entries = preset_entries(find_preset(preset, where));
    for (const Entry& entry : entries) {
        const bool one_bit = entry.path == "weight_bits" && entry.node.text == "1";
        if (scope != in_sweep || !one_bit || document.find("weight_bits") != nullptr) continue;
        throw InputError(
            fmt::format("{}: {} is {}, a macro of one-bit weights, but the weights of "
                        "a network have 2 to 8 bits. Give weight_bits in the sweep.",
                        where.place, where.subject, preset));
    }
    document.lay_under(std::move(entries));
}

// The constants of the technology under those that are written, after the macro had its say.
void lay_technology_under(Document& document) {
    const Entry* entry = document.find("technology.preset");
    const ValuePlace where{document.place("technology.preset"), "key 'technology.preset'",
                           entry != nullptr ? entry->source.folder : document.file().parent_path()};
    const auto name = document.value("technology.preset").get<std::string>();
    document.lay_under(
        preset_entries(find_preset(name, where, PresetKind::technology), PresetKind::technology));
}

void lay_presets_under(Document& document, KeyScope scope) {
    const json name = document.value("macro.preset");
    if (!name.is_null()) {
        const ValuePlace where{document.place("macro.preset"), "key 'macro.preset'",
                               document.file().parent_path()};
        lay_under(document, name.get<std::string>(), where, scope);
    }
    lay_technology_under(document);
}

// The point of the document alone, with what an axis adds to its kind.
PointConfig base_point(const Document& document, const SweepSpec& spec,
                       const std::vector<LayerRule>& layers) {
    PointConfig point;
    document.apply(point);
    point.layers = layers;
    const bool aidac = std::any_of(spec.axes.begin(), spec.axes.end(), [](const Axis& axis) {
        return std::any_of(axis.paths.begin(), axis.paths.end(), [](const std::string& path) {
            return is_at_or_below(path, "macro.aidac");
        });
    });
    if (aidac && !document.sets("macro.kind")) point.macro.kind = MacroKind::aidac;
    return point;
}

// One base for every preset of an axis; the first of them is the base of the sweep.
void read_preset_axis(const Document& written, SweepSpec& spec,
                      const std::vector<LayerRule>& layers) {
    for (const Axis& axis : spec.axes) {
        for (std::size_t i = 0; i < axis.paths.size(); ++i) {
            if (axis.paths[i] != "macro.preset") continue;
            const ValuePlace where{axis.places[i], "axis 'macro.preset'",
                                   written.file().parent_path()};
            for (const json& value : axis.values[i]) {
                Document document = written;
                const auto name = value.get<std::string>();
                lay_under(document, name, where, in_sweep);
                lay_technology_under(document);
                spec.preset_bases.insert_or_assign(name, base_point(document, spec, layers));
            }
            spec.base = spec.preset_bases.at(axis.values[i].front().get<std::string>());
        }
    }
}

}  // namespace

SweepSpec load_sweep(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
    const Document written(path, in_sweep, overrides);
    Document document = written;
    lay_presets_under(document, in_sweep);
    SweepSpec spec;
    spec.file = path;
    spec.text = document.text();
    spec.overrides = overrides;
    for (const Entry& entry : document.entries()) spec.places[entry.path] = entry.place();
    spec.axes = read_axes(document);
    std::vector<LayerRule> layers;
    if (const Entry* rules = document.find("layers")) layers = read_rules(*rules);
    spec.base = base_point(document, spec, layers);
    read_preset_axis(written, spec, layers);
    spec.name = read_name(document);
    spec.seed = document.value("seed").get<std::uint64_t>();
    spec.trials.chips = document.value("trials.chips").get<std::uint32_t>();
    spec.trials.repeats = document.value("trials.repeats").get<std::uint32_t>();
    spec.trials.predictions = document.value("trials.predictions").get<bool>();
    spec.trials.stop_half_width = document.value("trials.stop.half_width").get<double>();
    spec.trials.stop_first_chips = document.value("trials.stop.first_chips").get<std::uint32_t>();
    spec.workload = read_workload(document);
    read_calibration(document, spec);
    if (!has_axis(spec, "macro.bits_per_cycle") && !has_axis(spec, "activation_bits")) {
        check_cycle(document, spec.base);
    }
    check_hold_time(document, spec.base,
                    has_axis(spec, "macro.cell.leakage_pA") || has_axis(spec, "macro.preset") ||
                        rule_sets(spec.base, "macro.cell.leakage_pA"));
    return spec;
}

MacFile load_macro_file(const std::filesystem::path& path,
                        const std::vector<std::string>& overrides) {
    Document document(path, in_mac, overrides);
    lay_presets_under(document, in_mac);
    PointConfig point;
    document.apply(point);
    check_cycle(document, point);
    check_hold_time(document, point, false);
    MacFile out;
    out.settings = {true, point.weight_bits, point.activation_bits, point.macro, point.path};
    const auto place = [&](std::string_view key) { return document.place(key); };
    check_macro(out.settings, place);
    check_technology(point.technology, place);
    out.technology = point.technology;
    out.technology_name = point.technology_name;
    out.file = path;
    out.text = document.text();
    out.chips = document.value("chips").get<std::uint32_t>();
    out.repeats = document.value("repeats").get<std::uint32_t>();
    const json seed = document.value("seed");
    if (!seed.is_null()) out.seed = seed.get<std::uint64_t>();
    if (!out.seed && draws_random(point.macro)) {
        throw InputError(path.string() +
                         ": key 'seed' is missing, but the macro draws random numbers. "
                         "Add for example seed: 1.");
    }
    return out;
}

}  // namespace acim
