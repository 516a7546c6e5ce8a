// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/sweep/spec.hpp"

namespace acim {

enum class KeyType {
    whole,        // whole number in [low, high]
    seed,         // any unsigned 64-bit number
    real,         // finite number in [low, high], or (low, high] where `above` is set
    boolean,      // true or false
    choice,       // one of a list of words
    text,         // any text
    path,         // a path, relative to the file's directory
    paths,        // one path or a list of paths
    numbers,      // one number or a list of numbers, each like `real`
    adc_range,    // a word, {percentile: p} or [lo, hi]
    normals,      // [n1, n2]
    edge_table,   // a path of measured ADC edges
    error_table,  // a path of measured conversion errors
    chip_file,    // a path of measured chips
    metadata,     // what a preset says about itself
    rules,        // the list of layer rules
    axes          // a map from dotted paths to axes
};

// Where a key may stand.
enum KeyScope : unsigned {
    in_sweep = 1,  // in a sweep file
    in_mac = 2,    // in the file of `acimsweep mac`
    in_rule = 4,   // in an entry of `layers`
    on_axis = 8    // in `grid` and `zip`
};

// One key of the YAML: the single place of its range, default and meaning. Parser, suggestions,
// canonical JSON and the table of docs/sweep_format.md are derived from it.
struct KeyInfo {
    std::string_view path;
    KeyType type = KeyType::whole;
    unsigned scopes = 0;
    double low = 0.0;
    double high = 0.0;
    bool above = false;              // the value must be greater than `low`
    std::string_view choices = {};   // separated by spaces
    std::string_view fallback = {};  // JSON of the default, which is also the off value; "": none
    bool required = false;
    bool always = false;   // stands in canonical JSON even at its default
    bool is_cost = false;  // decides costs and no result: no part of canonical JSON
    std::string_view unit = {};
    std::string_view help = {};
    // Only keys that decide results or costs: how the value enters and leaves a point.
    void (*set)(PointConfig&, const nlohmann::json&) = nullptr;
    nlohmann::json (*get)(const PointConfig&) = nullptr;
    // Where present and false, the value has no effect and stays out of canonical JSON.
    bool (*applies)(const PointConfig&) = nullptr;
};

std::span<const KeyInfo> all_keys();

// The key of that path in that scope, or null.
const KeyInfo* find_key(std::string_view path, KeyScope scope);

// True where keys of that scope stand below the path.
bool is_group(std::string_view path, KeyScope scope);

bool is_at_or_below(std::string_view path, std::string_view group);

// "Did you mean 'macro.adc.bits'?", or the valid keys beside it where nothing is near.
std::string key_advice(std::string_view path, KeyScope scope);

// "a whole number from 1 to 4096"
std::string expectation(const KeyInfo& key);

// The table of docs/sweep_format.md.
std::string key_table_markdown();

std::vector<std::string> split_words(std::string_view words);

}  // namespace acim
