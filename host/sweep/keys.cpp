// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/keys.hpp"

#include <algorithm>
#include <array>

#include "host/sweep/key_tables.hpp"

namespace acim {
namespace {

// Keys of features that later versions bring, below which nothing is looked at.
constexpr std::array<std::string_view, 17> later_keys = {"macro.voting",
                                                         "macro.current_domain",
                                                         "macro.weight_parallel",
                                                         "macro.array",
                                                         "macro.v_ref",
                                                         "macro.cell",
                                                         "macro.switch",
                                                         "macro.input_dac",
                                                         "macro.adc_errors",
                                                         "macro.weight_encoding",
                                                         "macro.preset",
                                                         "macro.topology",
                                                         "macro.kind",
                                                         "macro.adc.percentile",
                                                         "macro.noise_streams",
                                                         "weight_encoding",
                                                         "noise_streams"};

bool below(std::string_view path, std::string_view group) {
    return path.size() > group.size() && path.starts_with(group) && path[group.size()] == '.';
}

}  // namespace

std::vector<std::string> split_words(std::string_view words) {
    std::vector<std::string> out;
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        out.emplace_back(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return out;
}

std::span<const KeyInfo> all_keys() {
    static const std::vector<KeyInfo> keys = [] {
        std::vector<KeyInfo> all(file_keys().begin(), file_keys().end());
        all.insert(all.end(), point_keys().begin(), point_keys().end());
        return all;
    }();
    return keys;
}

const KeyInfo* find_key(std::string_view path, KeyScope scope) {
    for (const KeyInfo& key : all_keys()) {
        if ((key.scopes & scope) != 0 && key.path == path) return &key;
    }
    return nullptr;
}

bool is_group(std::string_view path, KeyScope scope) {
    return std::any_of(all_keys().begin(), all_keys().end(), [&](const KeyInfo& key) {
        return (key.scopes & scope) != 0 && below(key.path, path);
    });
}

std::string later_feature(std::string_view path) {
    for (const std::string_view later : later_keys) {
        if (path == later || below(path, later)) return std::string(later);
    }
    return {};
}

}  // namespace acim
