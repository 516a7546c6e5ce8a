// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "host/sweep/keys.hpp"

namespace acim {
namespace {

const std::string page_path = std::string(ACIM_SOURCE_DIR) + "/docs/sweep_format.md";
const std::string table_start = "<!-- keys: start -->\n";
const std::string table_end = "<!-- keys: end -->\n";

std::string read_page() {
    std::ostringstream out;
    out << std::ifstream(page_path).rdbuf();
    return out.str();
}

TEST(Keys, EachStandsOncePerScope) {
    std::set<std::pair<std::string, unsigned>> seen;
    for (const KeyInfo& key : all_keys()) {
        for (const KeyScope scope : {in_sweep, in_mac, in_rule, on_axis}) {
            if ((key.scopes & scope) == 0) continue;
            EXPECT_TRUE(seen.insert({std::string(key.path), scope}).second) << key.path;
            EXPECT_EQ(find_key(key.path, scope), &key);
        }
        EXPECT_FALSE(key.help.empty()) << key.path;
    }
}

TEST(Keys, WhatDecidesResultsGoesInAndComesBack) {
    for (const KeyInfo& key : all_keys()) {
        // A preset stands for the keys that it sets.
        if ((key.scopes & on_axis) == 0 || key.path == "macro.preset") continue;
        ASSERT_NE(key.set, nullptr) << key.path;
        ASSERT_NE(key.get, nullptr) << key.path;
        const auto fallback = nlohmann::json::parse(key.fallback);
        PointConfig point;
        key.set(point, fallback);
        EXPECT_EQ(key.get(point), fallback) << key.path;
        for (const std::string& word : split_words(key.choices)) {
            key.set(point, word);
            EXPECT_EQ(key.get(point), word) << key.path;
        }
    }
}

TEST(Keys, DefaultsOfTheTableAreThoseOfTheStructs) {
    PointConfig point;
    for (const KeyInfo& key : all_keys()) {
        // The quantisation struct leaves these two without a value of the user's.
        const bool own =
            key.path == "quantisation.images" || key.path == "quantisation.activations";
        if (key.get == nullptr || own) continue;
        EXPECT_EQ(key.get(point), nlohmann::json::parse(key.fallback)) << key.path;
    }
}

// ACIM_UPDATE_DOCS=1 writes the table into the page instead.
TEST(Keys, TheFormatPageHoldsTheTable) {
    const std::string page = read_page();
    const std::size_t start = page.find(table_start);
    const std::size_t end = page.find(table_end);
    ASSERT_NE(start, std::string::npos);
    ASSERT_NE(end, std::string::npos);
    const std::size_t from = start + table_start.size();
    if (std::getenv("ACIM_UPDATE_DOCS") != nullptr) {
        std::ofstream(page_path) << page.substr(0, from) << key_table_markdown()
                                 << page.substr(end);
        GTEST_SKIP() << "table written";
    }
    EXPECT_EQ(page.substr(from, end - from), key_table_markdown())
        << "Run ACIM_UPDATE_DOCS=1 test_sweep --gtest_filter=Keys.*";
}

}  // namespace
}  // namespace acim
