// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/sweep/keys.hpp"
#include "host/sweep/value.hpp"
#include "host/sweep/yaml_tree.hpp"

namespace acim {

// One key with its value as written, by full dotted path.
struct Entry {
    std::string path;
    YamlNode node;
    YamlSource source;
    int line = 0;

    std::string place() const { return source.at(line); }
};

// The map as a flat list of known keys in the order written. Maps may be nested or spelt with dots.
// Throws InputError for keys that are unknown or repeated.
std::vector<Entry> flatten(const YamlNode& map, KeyScope scope, const YamlSource& source,
                           const std::string& prefix = {});

// The entries of `grid.` and `zip.` carry keys that may stand on an axis.
bool is_axis_path(std::string_view path);

// A sweep file or a mac file as flat entries, with overrides applied.
class Document {
public:
    Document(const std::filesystem::path& file, KeyScope scope,
             const std::vector<std::string>& overrides);

    const Entry* find(std::string_view path) const;
    // The checked value, else the default; null for a key without either.
    nlohmann::json value(std::string_view path) const;
    // The place of a key, or the file where the key is not written.
    std::string place(std::string_view path) const;
    // True where a key at or below the path is written.
    bool sets(std::string_view path) const;
    // Adds the keys of a preset that are not written.
    void lay_under(const std::vector<Entry>& preset);
    // Every key that decides results, applied to the point.
    void apply(PointConfig& point) const;

    const std::vector<Entry>& entries() const { return entries_; }
    const std::string& text() const { return text_; }
    const std::filesystem::path& file() const { return file_; }

private:
    void override_with(const std::string& argument);

    std::filesystem::path file_;
    KeyScope scope_;
    std::string text_;
    std::vector<Entry> entries_;
};

}  // namespace acim
