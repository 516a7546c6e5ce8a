// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace acim {

// Where a YAML text comes from, for messages: a file with lines, or one --set argument without.
struct YamlSource {
    std::string name;
    bool has_lines = true;
    std::filesystem::path folder = {};  // paths in the text are relative to it

    std::string at(int line) const {
        return has_lines && line > 0 ? name + ":" + std::to_string(line) : name;
    }
};

struct YamlKey {
    std::string text;
    int line = 0;
};

// A YAML value with its line. yaml-cpp's own nodes are not used, because they merge duplicate keys
// and follow aliases without a bound.
struct YamlNode {
    enum class Kind { null, scalar, sequence, map };

    Kind kind = Kind::null;
    std::string text;             // scalar only
    bool quoted = false;          // scalar only: '8' is text, 8 is a number
    int line = 0;                 // from 1
    std::vector<YamlKey> keys;    // map only
    std::vector<YamlNode> items;  // elements, or the values that belong to the keys
};

// Bounds within which a text is read; beyond them it is refused.
struct YamlLimits {
    static constexpr std::size_t bytes = 4U << 20;
    static constexpr std::size_t nodes = 250'000;  // aliases count as often as they are used
    static constexpr std::size_t copied_bytes = 16U << 20;
    static constexpr std::size_t depth = 32;
};

// The content of a text file of at most YamlLimits::bytes. Throws InputError.
std::string read_yaml_file(const std::filesystem::path& path);

// Parses one YAML document. Throws InputError with the line for bad syntax, duplicate keys, keys
// that are not scalars, a second document and anything beyond the limits. Empty text gives null.
YamlNode parse_yaml(const std::string& text, const YamlSource& source);

// A short printable form of what the user wrote, for messages.
std::string shown(std::string_view text);
std::string shown(const YamlNode& node);

}  // namespace acim
