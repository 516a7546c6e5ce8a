// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/sweep/chip_file.hpp"
#include "host/sweep/table_file.hpp"
#include "host/sweep/unit_advice.hpp"

namespace acim {
namespace {

using nlohmann::json;

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// An unsigned number with its base written in front, or decimal.
std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
    int base = 10;
    if (text.starts_with('+')) text.remove_prefix(1);
    if (text.starts_with("0x") || text.starts_with("0X")) base = 16;
    if (text.starts_with("0o")) base = 8;
    if (base != 10) text.remove_prefix(2);
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
    return value;
}

bool is_number_text(const YamlNode& node) {
    return node.kind == YamlNode::Kind::scalar && !node.quoted;
}

double read_number(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    const auto value = is_number_text(node) ? parse_number(node.text) : std::nullopt;
    if (!value)
        fail_value(key, shown(node), where,
                   node.kind == YamlNode::Kind::scalar ? unit_advice(key, node.text) : "");
    return *value;
}

json read_seed(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    if (!is_number_text(node)) fail_value(key, shown(node), where);
    if (const auto value = parse_unsigned(node.text)) return *value;
    const auto number = parse_number(node.text);
    const bool exact =
        number && *number >= 0.0 && *number <= 9007199254740992.0 && *number == std::floor(*number);
    if (!exact) fail_value(key, shown(node), where);
    return static_cast<std::uint64_t>(*number);
}

json read_boolean(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    const std::string word = lower_case(node.text);
    const bool valid = is_number_text(node) && (word == "true" || word == "false");
    if (!valid) fail_value(key, shown(node), where);
    return word == "true";
}

std::string read_word(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    const auto words = split_words(key.choices);
    const bool valid = node.kind == YamlNode::Kind::scalar &&
                       std::find(words.begin(), words.end(), node.text) != words.end();
    if (!valid) fail_value(key, shown(node), where, unit_advice(key, node.text));
    return node.text;
}

std::string read_text(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    const bool printable = std::all_of(node.text.begin(), node.text.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    });
    if (node.kind != YamlNode::Kind::scalar || node.text.empty() || !printable) {
        fail_value(key, shown(node), where);
    }
    return node.text;
}

json read_pair(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    if (node.kind != YamlNode::Kind::sequence) fail_value(key, shown(node), where);
    if (node.items.size() != 2) {
        fail_value(key, fmt::format("a list of {} values", node.items.size()), where);
    }
    json pair = json::array();
    for (const YamlNode& item : node.items) {
        pair.push_back(check_number(key, read_number(key, item, where), where));
    }
    return pair;
}

// {percentile: p}; the bare word means the default of the struct.
json read_percentile(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    double percentile = AdcParams().percentile;
    if (node.kind == YamlNode::Kind::map) {
        if (node.keys.size() != 1 || node.keys.front().text != "percentile") {
            fail_value(key, shown(node), where);
        }
        percentile = read_number(key, node.items.front(), where);
    }
    if (!(percentile > 0.0 && percentile <= 100.0)) {
        fail_value(key, fmt::format("{{percentile: {}}}, not above 0 and at most 100", percentile),
                   where);
    }
    return {{"percentile", percentile}};
}

json read_adc_range(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    const bool percentile = node.kind == YamlNode::Kind::scalar && node.text == "percentile";
    if (percentile || node.kind == YamlNode::Kind::map) return read_percentile(key, node, where);
    if (node.kind != YamlNode::Kind::sequence) return read_word(key, node, where);
    const json pair = read_pair(key, node, where);
    PointConfig probe;
    key.set(probe, pair);
    if (probe.macro.adc.hi <= probe.macro.adc.lo) {
        fail_value(key,
                   fmt::format("[{}, {}], an empty window in steps of 2^-16", pair[0].get<double>(),
                               pair[1].get<double>()),
                   where);
    }
    return pair;
}

json read_numbers(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    json list = json::array();
    // A key that decides results may be switched off again, for instance over a preset.
    if (node.kind == YamlNode::Kind::null && key.set != nullptr) return list;
    if (node.kind != YamlNode::Kind::sequence) {
        list.push_back(check_number(key, read_number(key, node, where), where));
        return list;
    }
    for (const YamlNode& item : node.items) {
        list.push_back(check_number(key, read_number(key, item, where), where));
    }
    if (list.empty()) fail_value(key, "an empty list", where);
    return list;
}

json read_paths(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    json list = json::array();
    if (node.kind != YamlNode::Kind::sequence) {
        list.push_back(read_text(key, node, where));
        return list;
    }
    for (const YamlNode& item : node.items) list.push_back(read_text(key, item, where));
    if (list.empty()) fail_value(key, "an empty list", where);
    return list;
}

json read_table(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    if (node.kind == YamlNode::Kind::null) return nullptr;
    const std::string written = read_text(key, node, where);
    const auto file = (where.folder / written).lexically_normal();
    if (key.type == KeyType::chip_file) return read_chip_file(file, written, where);
    return key.type == KeyType::edge_table ? read_edge_table(file, written, where)
                                           : read_error_table(file, written, where);
}

}  // namespace

void fail_value(const KeyInfo& key, const std::string& is, const ValuePlace& where,
                const std::string& advice) {
    const std::string unit = key.unit.empty() ? "" : fmt::format(" [{}]", key.unit);
    throw InputError(fmt::format("{}: {} is {}, but must be {}{}: {}.{}", where.place,
                                 where.subject, is, expectation(key), unit, key.help, advice));
}

std::optional<double> parse_number(std::string_view text) {
    if (text.size() > 400) return std::nullopt;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const double sign = negative ? -1.0 : 1.0;
    const std::string word = lower_case(text);
    if (word == ".inf" || word == "inf") return sign * std::numeric_limits<double>::infinity();
    if (word == ".nan" || word == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (text.empty() || !((text[0] >= '0' && text[0] <= '9') || text[0] == '.'))
        return std::nullopt;
    if (const auto whole = parse_unsigned(text)) return sign * static_cast<double>(*whole);
    double value = 0.0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
    // Too large or too small for a double: no finite number stands for it.
    if (error != std::errc()) return sign * std::numeric_limits<double>::infinity();
    return sign * value;
}

json check_number(const KeyInfo& key, double value, const ValuePlace& where) {
    const bool in_range = value >= key.low && value <= key.high && !(key.above && value == key.low);
    const bool whole = key.type == KeyType::whole;
    if (!in_range || (whole && value != std::floor(value))) {
        fail_value(key, fmt::format("{}", value), where);
    }
    if (whole) return static_cast<std::int64_t>(value);
    return value + 0.0;  // never -0
}

json read_value(const KeyInfo& key, const YamlNode& node, const ValuePlace& where) {
    switch (key.type) {
        case KeyType::whole:
        case KeyType::real:
            return check_number(key, read_number(key, node, where), where);
        case KeyType::seed:
            return read_seed(key, node, where);
        case KeyType::boolean:
            return read_boolean(key, node, where);
        case KeyType::choice:
            return read_word(key, node, where);
        case KeyType::text:
        case KeyType::path:
            return read_text(key, node, where);
        case KeyType::paths:
            return read_paths(key, node, where);
        case KeyType::numbers:
            return read_numbers(key, node, where);
        case KeyType::adc_range:
            return read_adc_range(key, node, where);
        case KeyType::normals:
            if (node.kind == YamlNode::Kind::null) return nullptr;
            return read_pair(key, node, where);
        case KeyType::edge_table:
        case KeyType::error_table:
        case KeyType::chip_file:
            return read_table(key, node, where);
        case KeyType::metadata:
        case KeyType::rules:
        case KeyType::axes:
            break;
    }
    fail_value(key, shown(node), where);
}

}  // namespace acim
