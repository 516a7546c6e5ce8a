// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/equal_points.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/sweep/keys.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

// One layer for each set of rules that match together: all others have the settings of one of them.
std::vector<std::string> unlike_layers(const PointConfig& point,
                                       std::span<const std::string> names) {
    std::set<std::vector<bool>> seen;
    std::vector<std::string> out;
    for (const std::string& name : names) {
        std::vector<bool> matches;
        for (const LayerRule& rule : point.layers) matches.push_back(glob_match(rule.match, name));
        if (seen.insert(std::move(matches)).second) out.push_back(name);
    }
    return out;
}

// A layer that no rule touches has the point's own settings, in which all points differ (expand()).
bool has_layer_without_rule(const PointConfig& point, std::span<const std::string> names) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return std::none_of(point.layers.begin(), point.layers.end(),
                            [&](const LayerRule& rule) { return glob_match(rule.match, name); });
    });
}

// Everything in which a point can differ from another one of its sweep, once rules have spoken.
std::string effective_settings(const PointConfig& point, std::span<const std::string> layers) {
    std::string text = point.canonical_costs().dump();
    for (const LayerSettings& layer : resolve_layers(point, layers)) {
        PointConfig own;
        own.quantisation = point.quantisation;
        own.weight_bits = layer.weight_bits;
        own.activation_bits = layer.activation_bits;
        if (layer.analog) {
            own.macro = layer.macro;
            own.path = layer.path;
        }
        text += (layer.analog ? "analog" : "digital") + own.canonical().dump();
    }
    return sha256_hex(text);
}

using Parameters = std::vector<std::pair<std::string, nlohmann::json>>;

std::string describe(const Parameters& parameters) {
    std::vector<std::string> parts;
    for (const auto& [path, value] : parameters)
        parts.push_back(path + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
    return fmt::format("{}", fmt::join(parts, ", "));
}

bool touches(const LayerRule& rule, std::string_view path) {
    return std::any_of(rule.settings.begin(), rule.settings.end(), [&](const auto& setting) {
        if (setting.first == "analog") return setting.second == false;
        return path == "macro.preset" || is_at_or_below(setting.first, path) ||
               is_at_or_below(path, setting.first);
    });
}

// "the rule for 'fc*' (s.yaml:12)", each rule that says something of one of the axes.
std::string rules_over(const PointConfig& point, const std::vector<std::string>& axes) {
    std::vector<std::string> parts;
    for (const LayerRule& rule : point.layers) {
        const bool over = std::any_of(axes.begin(), axes.end(),
                                      [&](const std::string& path) { return touches(rule, path); });
        if (over) parts.push_back(fmt::format("'{}' ({})", rule.match, rule.place));
    }
    return parts.empty()
               ? "rules of 'layers' decide these settings"
               : fmt::format("the rule{} for {} decide{} instead", parts.size() > 1 ? "s" : "",
                             fmt::join(parts, ", "), parts.size() > 1 ? "" : "s");
}

std::string place_of_axis(const SweepSpec& spec, std::string_view path) {
    for (const Axis& axis : spec.axes)
        for (std::size_t i = 0; i < axis.paths.size(); ++i)
            if (axis.paths[i] == path) return axis.places[i];
    return spec.file.string();
}

}  // namespace

void check_equal_points(const SweepSpec& spec, std::span<const PointConfig> points,
                        std::span<const std::string> mac_layer_names) {
    if (points.empty() || points.front().layers.empty()) return;
    resolve_layers(points.front(), mac_layer_names);
    if (has_layer_without_rule(points.front(), mac_layer_names)) return;
    const auto layers = unlike_layers(points.front(), mac_layer_names);
    std::unordered_map<std::string, std::size_t> seen;
    std::vector<std::string> idle;  // axes, in the order of their discovery
    std::optional<std::pair<std::size_t, std::size_t>> first;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const auto [other, is_new] = seen.emplace(effective_settings(points[i], layers), i);
        if (is_new) continue;
        if (!first) first = {other->second, i};
        const Parameters& a = points[other->second].parameters;
        const Parameters& b = points[i].parameters;
        for (std::size_t k = 0; k < b.size(); ++k)
            if (a[k] != b[k] && std::find(idle.begin(), idle.end(), b[k].first) == idle.end())
                idle.push_back(b[k].first);
    }
    if (!first) return;
    throw InputError(fmt::format(
        "{}: ax{}s '{}' make{} no difference: points {} ({}) and {} ({}) have the same settings in "
        "every layer, because {}. Remove the axis, or what the rule sets.",
        place_of_axis(spec, idle.front()), idle.size() > 1 ? "e" : "i", fmt::join(idle, "', '"),
        idle.size() > 1 ? "" : "s", first->first, describe(points[first->first].parameters),
        first->second, describe(points[first->second].parameters),
        rules_over(points.front(), idle)));
}

}  // namespace acim
