// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/document.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

// A path with its scope: below `grid` and `zip` stand the paths of axes.
struct Located {
    std::string_view path;
    KeyScope scope;
    std::string_view word;  // "key" or "axis"
};

Located locate(std::string_view path, KeyScope scope) {
    for (const std::string_view axes : {"grid.", "zip."}) {
        if (scope == in_sweep && path.starts_with(axes)) {
            return {path.substr(axes.size()), on_axis, "axis"};
        }
    }
    return {path, scope, "key"};
}

[[noreturn]] void fail_unknown(const Located& at, const std::string& place) {
    const std::string start = fmt::format("{}: {} {}", place, at.word, shown(at.path));
    for (const KeyScope other : {in_sweep, in_mac}) {
        const bool known = find_key(at.path, other) != nullptr || is_group(at.path, other);
        if (known && at.scope == on_axis) {
            throw InputError(fmt::format("{} cannot be swept. {}", start,
                                         "Axes are keys of quantisation, weight_bits, "
                                         "activation_bits, macro and path."));
        }
        if (known && at.scope != other) {
            const bool preset = other == in_mac && is_at_or_below(at.path, "preset");
            throw InputError(fmt::format(
                "{} belongs into {}. {}", start,
                preset              ? "the file of a preset"
                : other == in_sweep ? "a sweep file"
                                    : "the file of mac",
                preset ? "To name one write macro: {preset: NAME}." : "Remove it here."));
        }
    }
    throw InputError(fmt::format("{} is unknown. {}", start, key_advice(at.path, at.scope)));
}

// A preset is no sweep, however well its keys are known: says what takes it.
void refuse_preset(const YamlNode& root, const YamlSource& source,
                   const std::filesystem::path& file) {
    const auto line_of = [&](std::string_view word) {
        const auto found = std::find_if(root.keys.begin(), root.keys.end(),
                                        [&](const YamlKey& key) { return key.text == word; });
        return found == root.keys.end() ? 0 : found->line;
    };
    const int line = line_of("preset");
    if (line == 0 || line_of("workload") != 0) return;
    const std::string name = "./" + file.filename().string();
    if (line_of("macro") == 0 && line_of("technology") != 0) {
        throw InputError(fmt::format(
            "{}: this is the preset of a technology, not a sweep. A sweep names it as "
            "technology: {{preset: {}}}; acimsweep cost M.yaml --set technology.preset={} shows "
            "what it makes of a macro.",
            source.at(line), name, file.string()));
    }
    throw InputError(fmt::format(
        "{}: this is the preset of a macro, not a sweep. acimsweep cost {} gives its data sheet, "
        "acimsweep mac IN.h5 --macro {} computes a layer with it, and a sweep names it as "
        "macro: {{preset: {}}}.",
        source.at(line), file.string(), file.string(), name));
}

bool is_leaf(const Located& at) {
    const KeyInfo* key = find_key(at.path, at.scope);
    return key != nullptr && key->type != KeyType::axes;
}

bool is_inner(const Located& at) {
    const KeyInfo* key = find_key(at.path, at.scope);
    return (key != nullptr && key->type == KeyType::axes) || is_group(at.path, at.scope);
}

void walk(const YamlNode& map, KeyScope scope, const YamlSource& source, const std::string& prefix,
          std::vector<Entry>& out) {
    for (std::size_t i = 0; i < map.keys.size(); ++i) {
        const YamlNode& node = map.items[i];
        const std::string path =
            prefix.empty() ? map.keys[i].text : prefix + "." + map.keys[i].text;
        const std::string place = source.at(map.keys[i].line);
        const Located at = locate(path, scope);
        if (is_leaf(at)) {
            out.push_back({path, node, source, map.keys[i].line});
        } else if (!is_inner(at)) {
            fail_unknown(at, place);
        } else if (node.kind == YamlNode::Kind::map) {
            walk(node, scope, source, path, out);
        } else if (node.kind != YamlNode::Kind::null) {
            throw InputError(fmt::format("{}: {} {} is {}, but must be a map of keys. {}", place,
                                         at.word, shown(at.path), shown(node),
                                         at.word == "axis"
                                             ? "Sweep one of its keys."
                                             : "Write its "
                                               "keys below it, indented, or in braces."));
        }
    }
}

}  // namespace

std::vector<Entry> flatten(const YamlNode& map, KeyScope scope, const YamlSource& source,
                           const std::string& prefix) {
    std::vector<Entry> out;
    walk(map, scope, source, prefix, out);
    std::map<std::string_view, int> seen;  // and their lines
    for (const Entry& entry : out) {
        const auto [first, fresh] = seen.emplace(entry.path, entry.line);
        if (fresh) continue;
        throw InputError(fmt::format(
            "{}: key {} stands twice{}. Remove one of the two.", entry.place(), shown(entry.path),
            source.has_lines ? fmt::format(", first in line {}", first->second) : ""));
    }
    return out;
}

bool is_axis_path(std::string_view path) {
    return path.starts_with("grid.") || path.starts_with("zip.");
}

Document::Document(const std::filesystem::path& file, KeyScope scope,
                   const std::vector<std::string>& overrides)
    : file_(file), scope_(scope), text_(read_yaml_file(file)) {
    const YamlSource source{file.string(), true, file.parent_path()};
    const YamlNode root = parse_yaml(text_, source);
    if (root.kind == YamlNode::Kind::null) {
        throw InputError(source.name + ": is empty. See docs/sweep_format.md for an example.");
    }
    if (root.kind != YamlNode::Kind::map) {
        throw InputError(
            fmt::format("{}: holds {}, but must be a map of keys, as in 'macro:'. See "
                        "docs/sweep_format.md.",
                        source.at(root.line), shown(root)));
    }
    if (scope == in_sweep) refuse_preset(root, source, file);
    entries_ = flatten(root, scope, source);
    for (const std::string& argument : overrides) override_with(argument);
}

void Document::override_with(const std::string& argument) {
    const YamlSource source{"--set " + argument.substr(0, 100), false, file_.parent_path()};
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw InputError(source.name + ": is not key=value. Write for example macro.rows=128.");
    }
    const std::string path = argument.substr(0, equals);
    const YamlNode node = parse_yaml(argument.substr(equals + 1), source);
    const Located at = locate(path, scope_);
    if (!is_leaf(at)) {
        // A group is replaced as a whole, by nothing or by the map given.
        YamlNode map;
        map.kind = YamlNode::Kind::map;
        map.keys.push_back({path, 0});
        map.items.push_back(node);
        auto added = flatten(map, scope_, source);
        std::erase_if(entries_, [&](const Entry& e) { return e.path.starts_with(path + "."); });
        std::move(added.begin(), added.end(), std::back_inserter(entries_));
        return;
    }
    Entry entry{path, node, source, 0};
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& e) { return e.path == path; });
    if (found == entries_.end()) {
        entries_.push_back(std::move(entry));
    } else {
        *found = std::move(entry);
    }
}

const Entry* Document::find(std::string_view path) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& e) { return e.path == path; });
    return found == entries_.end() ? nullptr : &*found;
}

std::string Document::place(std::string_view path) const {
    const Entry* entry = find(path);
    return entry == nullptr ? file_.string() : entry->place();
}

nlohmann::json Document::value(std::string_view path) const {
    const KeyInfo* key = find_key(path, scope_);
    ACIM_EXPECT(key != nullptr);
    if (const Entry* entry = find(path)) {
        return read_value(*key, entry->node,
                          {entry->place(), "key " + shown(path), entry->source.folder});
    }
    if (key->required) {
        throw InputError(fmt::format("{}: key '{}' is missing. Give {} ({}).", file_.string(), path,
                                     expectation(*key), key->help));
    }
    if (key->fallback.empty()) return nullptr;
    return nlohmann::json::parse(key->fallback);
}

bool Document::sets(std::string_view path) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& e) { return is_at_or_below(e.path, path); });
}

void Document::lay_under(const std::vector<Entry>& preset) {
    for (const Entry& entry : preset) {
        if (find(entry.path) == nullptr) entries_.push_back(entry);
    }
}

void Document::apply(PointConfig& point) const {
    for (const KeyInfo& key : all_keys()) {
        const bool has_value = key.type != KeyType::rules && key.type != KeyType::axes &&
                               key.type != KeyType::metadata;
        if ((key.scopes & scope_) == 0 || !has_value) continue;
        const nlohmann::json checked = value(key.path);
        if (key.set != nullptr) key.set(point, checked);
    }
    if (sets("macro.aidac") && !sets("macro.kind")) point.macro.kind = MacroKind::aidac;
}

}  // namespace acim
