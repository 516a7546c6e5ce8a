// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "host/core/nearest_word.hpp"
#include "host/sweep/keys.hpp"

namespace acim {
namespace {

std::string_view parent_of(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view last_of(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

// Every key and group of the scope.
std::set<std::string> valid_paths(KeyScope scope) {
    std::set<std::string> out;
    for (const KeyInfo& key : all_keys()) {
        if ((key.scopes & scope) == 0) continue;
        for (std::string_view path = key.path; !path.empty(); path = parent_of(path)) {
            out.emplace(path);
        }
    }
    return out;
}

std::string number(double value) { return fmt::format("{}", value); }

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::string key_advice(std::string_view path, KeyScope scope) {
    const std::string_view wrong = path.substr(0, 100);
    const auto candidates = valid_paths(scope);
    std::string best;
    std::size_t least = std::max<std::size_t>(2, last_of(wrong).size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        // A key of the right name in the wrong place is as near as two typing errors.
        const std::size_t moved = edit_distance(last_of(wrong), last_of(candidate)) + 2;
        const std::size_t distance = std::min(edit_distance(wrong, candidate), moved);
        if (distance < least) {
            least = distance;
            best = candidate;
        }
    }
    if (!best.empty()) return fmt::format("Did you mean '{}'?", best);
    std::string_view group = parent_of(wrong);
    while (!group.empty() && !candidates.contains(std::string(group))) group = parent_of(group);
    std::vector<std::string> beside;
    for (const std::string& candidate : candidates) {
        if (parent_of(candidate) == group) beside.push_back(candidate);
    }
    return fmt::format("Valid keys here: {}.", joined(beside));
}

std::string expectation(const KeyInfo& key) {
    const std::string start = key.above ? "above " + number(key.low) + " and at most "
                                        : "from " + number(key.low) + " to ";
    switch (key.type) {
        case KeyType::whole:
            if (key.low == key.high) return number(key.low);
            return fmt::format("a whole number from {:.0f} to {:.0f}", key.low, key.high);
        case KeyType::seed:
            return "a whole number from 0 to 18446744073709551615";
        case KeyType::real:
            return "a number " + start + number(key.high);
        case KeyType::boolean:
            return "true or false";
        case KeyType::choice: {
            const auto words = split_words(key.choices);
            return words.size() == 1 ? words.front() : "one of: " + joined(words);
        }
        case KeyType::text:
            return "a text";
        case KeyType::path:
        case KeyType::edge_table:
        case KeyType::error_table:
        case KeyType::chip_file:
            return "a path";
        case KeyType::paths:
            return "a path or a list of paths";
        case KeyType::metadata:
            return "a map";
        case KeyType::numbers:
            return "a number or a list of numbers " + start + number(key.high);
        case KeyType::adc_range:
            return "full, counts, percentile, {percentile: p}, csnr or a list [lo, hi] with 0 <= "
                   "lo < "
                   "hi <= 1";
        case KeyType::normals:
            return "a list of two numbers " + start + number(key.high);
        case KeyType::rules:
            return "a list of maps";
        case KeyType::axes:
            return "a map from keys to lists of values";
    }
    return {};
}

std::string key_table_markdown() {
    std::string out =
        "| key | value | default | unit | stands in | meaning |\n|---|---|---|---|---|---|\n";
    constexpr std::array<std::pair<KeyScope, std::string_view>, 4> names = {
        {{in_sweep, "sweep"}, {in_mac, "mac"}, {in_rule, "layers"}, {on_axis, "axis"}}};
    for (const KeyInfo& key : all_keys()) {
        std::vector<std::string> scopes;
        for (const auto& [scope, name] : names) {
            if ((key.scopes & scope) != 0) scopes.emplace_back(name);
        }
        std::string fallback = key.required ? "required" : std::string(key.fallback);
        if (fallback == "null" || fallback == "[]") fallback = "off";
        std::erase(fallback, '"');
        out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key.path, expectation(key),
                           fallback, key.unit, joined(scopes), key.help);
    }
    return out;
}

}  // namespace acim
