// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/preset.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"
#include "host/core/project_files.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;
using Kind = YamlNode::Kind;

const char* folder_of(PresetKind kind) {
    return kind == PresetKind::macro ? "macros" : "technology";
}

std::vector<fs::path> preset_folders(PresetKind kind) {
    std::vector<fs::path> folders = {data_folder() / folder_of(kind)};
    if (const fs::path own = project_files(); !own.empty())
        folders.push_back(own / "data" / folder_of(kind));
    return folders;
}

// Files by the name of their preset; an earlier folder hides a later one.
std::map<std::string, fs::path> preset_files(PresetKind kind) {
    std::map<std::string, fs::path> files;
    for (const fs::path& folder : preset_folders(kind)) {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(folder, none)) {
            if (entry.path().extension() != ".yaml") continue;
            files.try_emplace(entry.path().stem().string(), entry.path());
        }
    }
    return files;
}

// Keys whose values a preset sets.
bool is_preset_key(std::string_view path, PresetKind kind) {
    if (path.starts_with("technology.")) return true;
    return kind == PresetKind::macro &&
           (path == "weight_bits" || path == "activation_bits" || path.starts_with("macro."));
}

// Those that have to name a source.
bool needs_source(std::string_view path, PresetKind kind) {
    return is_preset_key(path, kind) &&
           (path.starts_with("macro.") || path.starts_with("technology."));
}

// Reads the block `preset` of one document.
struct MetadataReader {
    const Document& document;
    const Entry& block;
    PresetKind preset_kind;

    [[noreturn]] void fail(int line, const std::string& what) const {
        throw InputError(block.source.at(line) + ": " + what);
    }

    std::string text(const YamlNode& node, int line, std::string_view subject) const {
        if (node.kind == Kind::scalar && !node.text.empty()) return node.text;
        fail(line, fmt::format("{} is {}, but must be a text.", subject, shown(node)));
    }

    SourceKind kind(const YamlNode& node, int line, std::string_view subject) const {
        constexpr std::string_view words = "published derived assumed";
        const auto all = split_words(words);
        const auto found = std::find(all.begin(), all.end(), node.text);
        if (node.kind != Kind::scalar || found == all.end()) {
            fail(line, fmt::format("{} has the kind {}, but must be one of: {}.", subject,
                                   shown(node), fmt::join(all, ", ")));
        }
        return static_cast<SourceKind>(found - all.begin());
    }

    PresetSource source(const YamlKey& key, const YamlNode& node) const {
        const std::string subject = "the source of " + shown(key.text);
        PresetSource out;
        out.path = key.text;
        bool has_kind = false;
        for (std::size_t i = 0; node.kind == Kind::map && i < node.keys.size(); ++i) {
            const auto& [word, line] = node.keys[i];
            if (word == "kind") {
                out.kind = kind(node.items[i], line, subject);
                has_kind = true;
            } else if (word == "source") {
                out.text = text(node.items[i], line, subject);
            } else {
                fail(line, fmt::format("{} has the unknown key {}.", subject, shown(word)));
            }
        }
        if (!has_kind || out.text.empty()) {
            fail(key.line,
                 subject + " must be {kind: published, derived or assumed, source: text}.");
        }
        const Entry* set = document.find(key.text);
        if (set == nullptr || !is_preset_key(key.text, preset_kind)) {
            fail(key.line, subject + " stands alone: the preset does not set that key.");
        }
        return out;
    }

    std::vector<std::string> gaps(const YamlNode& node, int line) const {
        std::vector<std::string> out;
        if (node.kind != Kind::sequence) {
            fail(line, fmt::format("preset.gaps is {}, but must be a list of texts.", shown(node)));
        }
        for (const YamlNode& item : node.items) {
            out.push_back(text(item, item.line, "an entry of preset.gaps"));
        }
        return out;
    }

    Preset read() const {
        Preset out;
        out.name = document.file().stem().string();
        out.file = document.file();
        const YamlNode& node = block.node;
        if (node.kind != Kind::map) {
            fail(block.line, fmt::format("key 'preset' is {}, but must be a map.", shown(node)));
        }
        for (std::size_t i = 0; i < node.keys.size(); ++i) {
            const auto& [word, line] = node.keys[i];
            const YamlNode& value = node.items[i];
            if (word == "title") {
                out.title = text(value, line, "preset.title");
            } else if (word == "gaps") {
                out.gaps = gaps(value, line);
            } else if (word == "sources" && value.kind == Kind::map) {
                for (std::size_t k = 0; k < value.keys.size(); ++k) {
                    out.sources.push_back(source(value.keys[k], value.items[k]));
                }
            } else {
                fail(line, fmt::format("key {} is unknown or no map. Valid keys here: title, gaps, "
                                       "sources.",
                                       shown("preset." + word)));
            }
        }
        if (out.title.empty()) fail(block.line, "key 'preset.title' is missing. Name the design.");
        return out;
    }
};

// All keys without a source at once: somebody who writes a preset has forgotten more than one.
void expect_sources(const Document& document, const Preset& preset, PresetKind kind) {
    std::vector<const Entry*> missing;
    for (const Entry& entry : document.entries()) {
        const bool found =
            std::any_of(preset.sources.begin(), preset.sources.end(),
                        [&](const PresetSource& source) { return source.path == entry.path; });
        if (!found && needs_source(entry.path, kind)) missing.push_back(&entry);
    }
    if (missing.empty()) return;
    std::string others;
    for (std::size_t i = 1; i < missing.size(); ++i)
        others += fmt::format("{} '{}' (line {})", i + 1 < missing.size() ? "," : " and",
                              missing[i]->path, missing[i]->line);
    throw InputError(fmt::format(
        "{}: key{} '{}'{} ha{} no entry in preset.sources. Say where {} from, as in {}: {{kind: "
        "published, source: \"paper, table\"}}.",
        missing.front()->place(), others.empty() ? "" : "s", missing.front()->path, others,
        others.empty() ? "s" : "ve", others.empty() ? "its value comes" : "their values come",
        missing.front()->path));
}

Preset preset_of(const Document& document, PresetKind kind) {
    const char* own = kind == PresetKind::macro ? "macro.preset" : "technology.preset";
    if (const Entry* nested = document.find(own)) {
        throw InputError(fmt::format("{}: key '{}' cannot stand in a preset. Write its keys out.",
                                     nested->place(), own));
    }
    const Entry* block = document.find("preset");
    if (block == nullptr) {
        throw InputError(document.file().string() +
                         ": key 'preset' is missing, so that this is no preset. Add title and "
                         "sources.");
    }
    Preset preset = MetadataReader{document, *block, kind}.read();
    expect_sources(document, preset, kind);
    return preset;
}

}  // namespace

Preset read_preset(const fs::path& file, PresetKind kind) {
    return preset_of(Document(file, in_mac, {}), kind);
}

std::vector<Preset> list_presets(PresetKind kind) {
    std::vector<Preset> out;
    for (const auto& [name, file] : preset_files(kind)) out.push_back(read_preset(file, kind));
    return out;
}

fs::path find_preset(const std::string& name, const ValuePlace& where, PresetKind kind) {
    if (name.find('/') != std::string::npos || name.ends_with(".yaml")) {
        const fs::path file = (where.folder / name).lexically_normal();
        std::error_code none;
        if (fs::is_regular_file(file, none)) return file;
        throw InputError(fmt::format("{}: {} names {}, but there is no such file. Check the path.",
                                     where.place, where.subject, file.string()));
    }
    const auto files = preset_files(kind);
    if (const auto found = files.find(name); found != files.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, file] : files) names.push_back(known);
    if (names.empty()) {
        throw InputError(fmt::format(
            "{}: {} is {}, but there are no presets in {}. Set ACIMSWEEP_DATA to the "
            "folder data of the sources, or give the path of a file.",
            where.place, where.subject, shown(name), preset_folders(kind).front().string()));
    }
    throw InputError(fmt::format(
        "{}: {} is {}, which is no preset. There are: {}. Give one of these or the path of a file.",
        where.place, where.subject, shown(name), fmt::join(names, ", ")));
}

std::vector<Entry> preset_entries(const fs::path& file, PresetKind kind) {
    const Document document(file, in_mac, {});
    preset_of(document, kind);
    std::vector<Entry> out;
    for (const Entry& entry : document.entries()) {
        if (is_preset_key(entry.path, kind)) out.push_back(entry);
    }
    return out;
}

}  // namespace acim
