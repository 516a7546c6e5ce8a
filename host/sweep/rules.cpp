// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/rules.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/sweep/macro_check.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

LayerRule read_rule(const YamlNode& node, const YamlSource& source) {
    LayerRule rule;
    rule.place = source.at(node.line);
    if (node.kind != YamlNode::Kind::map) {
        throw InputError(
            fmt::format("{}: an entry of 'layers' is {}, but must be a map, as in "
                        "{{match: \"conv1\", analog: false}}.",
                        rule.place, shown(node)));
    }
    for (const Entry& entry : flatten(node, in_rule, source)) {
        const KeyInfo& key = *find_key(entry.path, in_rule);
        auto value =
            read_value(key, entry.node,
                       {entry.place(), "key " + shown("layers." + entry.path), source.folder});
        if (entry.path == "match") {
            rule.match = value.get<std::string>();
        } else {
            rule.settings.emplace_back(entry.path, std::move(value));
        }
    }
    if (rule.match.empty()) {
        throw InputError(rule.place +
                         ": an entry of 'layers' has no key 'match'. Name its layers, for "
                         "example match: \"conv1\".");
    }
    const auto sets = [&](std::string_view path) {
        return std::any_of(rule.settings.begin(), rule.settings.end(), [&](const auto& setting) {
            return is_at_or_below(setting.first, path);
        });
    };
    if (sets("macro.aidac") && !sets("macro.kind")) {
        rule.settings.emplace_back("macro.kind", "aidac");
    }
    if (rule.settings.empty()) {
        throw InputError(
            fmt::format("{}: the rule for '{}' sets nothing. Add for example analog: "
                        "false, or remove it.",
                        rule.place, rule.match));
    }
    return rule;
}

void apply_rule(const LayerRule& rule, PointConfig& layer, bool& analog) {
    for (const auto& [path, value] : rule.settings) {
        if (path == "analog") {
            analog = value.get<bool>();
        } else if (const KeyInfo* key = find_key(path, in_rule);
                   key != nullptr && key->set != nullptr) {
            key->set(layer, value);
        }
    }
}

// Where a layer got a key from: the last rule that sets it, else the last rule for the layer.
std::string place_of(const PointConfig& point, const std::string& name, std::string_view path) {
    const LayerRule* last = nullptr;
    const LayerRule* setter = nullptr;
    for (const LayerRule& rule : point.layers) {
        if (!glob_match(rule.match, name)) continue;
        last = &rule;
        const bool sets = std::any_of(rule.settings.begin(), rule.settings.end(),
                                      [&](const auto& setting) { return setting.first == path; });
        if (sets) setter = &rule;
    }
    const LayerRule* rule = setter != nullptr ? setter : last;
    return fmt::format("{}layer '{}'", rule == nullptr ? "" : rule->place + ": ", name);
}

LayerSettings settings_of(const PointConfig& point, const std::string& name) {
    PointConfig layer = point;
    bool analog = true;
    for (const LayerRule& rule : point.layers) {
        if (glob_match(rule.match, name)) apply_rule(rule, layer, analog);
    }
    LayerSettings settings = {analog, layer.weight_bits, layer.activation_bits, layer.macro,
                              layer.path};
    check_macro(settings, [&](std::string_view path) { return place_of(point, name, path); });
    return settings;
}

void expect_match(const LayerRule& rule, std::span<const std::string> names) {
    const bool any = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return glob_match(rule.match, name);
    });
    if (any) return;
    throw InputError(
        fmt::format("{}: 'layers' entry '{}' matches no layer. The network's layers are: "
                    "{}.",
                    rule.place, rule.match, fmt::join(names, ", ")));
}

}  // namespace

std::vector<LayerRule> read_rules(const Entry& layers) {
    if (layers.node.kind == YamlNode::Kind::null) return {};
    if (layers.node.kind != YamlNode::Kind::sequence) {
        throw InputError(
            fmt::format("{}: key 'layers' is {}, but must be a list of maps, as in "
                        "[{{match: \"conv1\", analog: false}}].",
                        layers.place(), shown(layers.node)));
    }
    std::vector<LayerRule> rules;
    for (const YamlNode& node : layers.node.items) rules.push_back(read_rule(node, layers.source));
    return rules;
}

bool glob_match(std::string_view pattern, std::string_view name) {
    // After a mismatch the last star takes one character more; earlier stars never need to.
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<LayerSettings> resolve_layers(const PointConfig& point,
                                          std::span<const std::string> mac_layer_names) {
    for (const LayerRule& rule : point.layers) expect_match(rule, mac_layer_names);
    std::vector<LayerSettings> out;
    out.reserve(mac_layer_names.size());
    for (const std::string& name : mac_layer_names) out.push_back(settings_of(point, name));
    return out;
}

void check_layer(const LayerSettings& settings, bool is_signed, std::string_view layer) {
    if (!settings.analog) return;
    const int widest = settings.activation_bits - (is_signed ? 1 : 0);
    const int bits = settings.macro.bits_per_cycle;
    if (is_signed && settings.activation_bits < 2) {
        throw InputError(
            fmt::format("layer '{}': activation_bits is 1, but its activations are signed "
                        "and need 2 or more. Raise activation_bits.",
                        layer));
    }
    if (bits <= widest) return;
    throw InputError(
        fmt::format("layer '{}': macro.bits_per_cycle is {}, but its {} activations of {} bits "
                    "take at most {}{}. "
                    "Lower macro.bits_per_cycle or raise activation_bits.",
                    layer, bits, is_signed ? "signed" : "unsigned", settings.activation_bits,
                    widest, is_signed ? " (the sign bit is a cycle of its own)" : ""));
}

}  // namespace acim
