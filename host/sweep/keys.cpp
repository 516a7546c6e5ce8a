// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/keys.hpp"

#include <algorithm>

#include "host/sweep/key_tables.hpp"

namespace acim {
namespace {

bool is_below(std::string_view path, std::string_view group) {
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
        std::vector<KeyInfo> all;
        for (const auto keys_of_a_kind : {file_keys(), point_keys(), converter_keys(),
                                          circuit_keys(), aidac_keys(), technology_keys()}) {
            all.insert(all.end(), keys_of_a_kind.begin(), keys_of_a_kind.end());
        }
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
        return (key.scopes & scope) != 0 && is_below(key.path, path);
    });
}

bool is_at_or_below(std::string_view path, std::string_view group) {
    return path == group || is_below(path, group);
}

}  // namespace acim
