// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/sweep/key_values.hpp"
#include "host/sweep/keys.hpp"
#include "host/sweep/macro_check.hpp"
#include "host/sweep/point.hpp"
#include "host/sweep/technology_check.hpp"

namespace acim {
namespace {

using nlohmann::json;

std::size_t count_points(const SweepSpec& spec) {
    std::size_t points = 1;
    for (const Axis& axis : spec.axes) {
        ACIM_EXPECT(axis.size() > 0);
        if (axis.size() > most_points / points) {
            throw InputError(
                fmt::format("{}: the axes make more than {} points. Shorten axis '{}' or "
                            "split the sweep.",
                            axis.places.front(), most_points, axis.paths.front()));
        }
        points *= axis.size();
    }
    return points;
}

std::string describe(const PointConfig& point) {
    std::vector<std::string> parts;
    for (const auto& [path, value] : point.parameters) {
        parts.push_back(fmt::format("{}={}", path,
                                    value.is_string() ? value.get<std::string>() : value.dump()));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

void apply_axis(const Axis& axis, std::size_t step, PointConfig& point) {
    for (std::size_t i = 0; i < axis.paths.size(); ++i) {
        const KeyInfo* key = find_key(axis.paths[i], on_axis);
        ACIM_EXPECT(key != nullptr);
        const json& value = axis.values[i].at(step);
        if (key->set != nullptr) key->set(point, value);
        const bool is_table = value.is_object() && value.contains("file");
        point.parameters.emplace_back(axis.paths[i], is_table ? value.at("file") : value);
    }
}

// The keys that are written, on top of the preset that the steps choose.
const PointConfig& base_of(const SweepSpec& spec, const std::vector<std::size_t>& steps) {
    for (std::size_t a = 0; a < steps.size(); ++a) {
        const Axis& axis = spec.axes[a];
        const auto found = std::find(axis.paths.begin(), axis.paths.end(), "macro.preset");
        if (found == axis.paths.end()) continue;
        const auto path = static_cast<std::size_t>(found - axis.paths.begin());
        return spec.preset_bases.at(axis.values[path].at(steps[a]).get<std::string>());
    }
    return spec.base;
}

PointConfig point_at(const SweepSpec& spec, std::size_t index) {
    std::vector<std::size_t> steps(spec.axes.size());
    for (std::size_t a = spec.axes.size(); a-- > 0;) {
        steps[a] = index % spec.axes[a].size();
        index /= spec.axes[a].size();
    }
    PointConfig point = base_of(spec, steps);
    for (std::size_t a = 0; a < steps.size(); ++a) apply_axis(spec.axes[a], steps[a], point);
    return point;
}

std::string place_of_axis(const SweepSpec& spec, std::string_view path) {
    for (const Axis& axis : spec.axes) {
        const auto found = std::find(axis.paths.begin(), axis.paths.end(), path);
        if (found != axis.paths.end())
            return axis.places[static_cast<std::size_t>(found - axis.paths.begin())];
    }
    return {};
}

// Where the point has a key from: an axis, a line, or the file as a whole.
std::string place_of_key(const SweepSpec& spec, const PointConfig& point, std::string_view path) {
    const std::string axis = place_of_axis(spec, path);
    if (!axis.empty()) return axis + fmt::format(": at the point {}", describe(point));
    return spec.place(std::string(path));
}

// Keys that hold for every layer; those that rules may complete are checked per layer.
void check_keys(const SweepSpec& spec, const PointConfig& point) {
    const auto place = [&](std::string_view path) { return place_of_key(spec, point, path); };
    check_technology(point.technology, place);
    if (rule_sets(point, "macro") || rule_sets(point, "weight_bits")) return;
    check_macro({true, point.weight_bits, point.activation_bits, point.macro, point.path}, place);
}

void check_point(const SweepSpec& spec, const PointConfig& point) {
    check_keys(spec, point);
    if (point.macro.bits_per_cycle <= point.activation_bits) return;
    std::string place = place_of_axis(spec, "macro.bits_per_cycle");
    if (place.empty()) place = place_of_axis(spec, "activation_bits");
    if (place.empty()) place = spec.file.string();
    throw InputError(
        fmt::format("{}: at the point {} macro.bits_per_cycle is {}, but activation_bits is {}. "
                    "A cycle drives at most all bits of the activation.",
                    place, describe(point), point.macro.bits_per_cycle, point.activation_bits));
}

}  // namespace

std::vector<PointConfig> expand(const SweepSpec& spec) {
    const std::size_t count = count_points(spec);
    std::vector<PointConfig> points;
    points.reserve(count);
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < count; ++i) {
        points.push_back(point_at(spec, i));
        check_point(spec, points.back());
        const auto [other, is_new] = seen.emplace(sha256_hex(points.back().canonical().dump()), i);
        if (!is_new && points.back().canonical_costs() != points[other->second].canonical_costs()) {
            throw InputError(fmt::format(
                "{}: points {} ({}) and {} ({}) differ in their technology only, so that their "
                "trials are the same. Step technology together with the macro in `zip`, or give "
                "each technology a run of its own.",
                spec.file.string(), other->second, describe(points[other->second]), i,
                describe(points[i])));
        }
        if (!is_new) {
            throw InputError(
                fmt::format("{}: points {} ({}) and {} ({}) are the same configuration. Remove "
                            "the axis value that repeats.",
                            spec.file.string(), other->second, describe(points[other->second]), i,
                            describe(points[i])));
        }
    }
    return points;
}

}  // namespace acim
