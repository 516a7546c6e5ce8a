// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "host/sweep/keys.hpp"
#include "host/sweep/yaml_tree.hpp"

namespace acim {

// Says where a value stands: "file:line" and "key 'macro.rows'" or "axis 'macro.rows'".
struct ValuePlace {
    std::string place;
    std::string subject;
    std::filesystem::path folder = {};  // paths are relative to it
};

// The typed value of a key, checked against the key's type and range. Whole numbers become JSON
// integers and reals JSON doubles, however they were spelt. Throws InputError.
nlohmann::json read_value(const KeyInfo& key, const YamlNode& node, const ValuePlace& where);

// The same for a number that an axis generated.
nlohmann::json check_number(const KeyInfo& key, double value, const ValuePlace& where);

// A decimal, hexadecimal (0x), octal (0o) number, .inf or .nan; nothing if the text is none.
std::optional<double> parse_number(std::string_view text);

// The advice follows what the key says of its values.
[[noreturn]] void fail_value(const KeyInfo& key, const std::string& is, const ValuePlace& where,
                             const std::string& advice = {});

}  // namespace acim
