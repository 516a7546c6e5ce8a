// SPDX-License-Identifier: Apache-2.0
#include "host/core/nearest_word.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace acim {
namespace {

TEST(NearestWord, EditsAreCounted) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("run", "run"), 0U);
    EXPECT_EQ(edit_distance("rum", "run"), 1U);
    EXPECT_EQ(edit_distance("", "run"), 3U);
    EXPECT_EQ(edit_distance("threads", "thread"), 1U);
    EXPECT_EQ(edit_distance("versoin", "version"), 1U) << "neighbours that are swapped";
    EXPECT_EQ(edit_distance("plan", "validate"), 6U);
}

TEST(NearestWord, OnlyNearWordsAreMeant) {
    const std::vector<std::string> commands = {"validate", "plan", "run", "mac", "merge"};
    EXPECT_EQ(nearest_word("rum", commands), "run");
    EXPECT_EQ(nearest_word("validat", commands), "validate");
    EXPECT_EQ(nearest_word("map", commands), "mac") << "one edit, before two to 'plan'";
    EXPECT_EQ(nearest_word("bogus", commands), "");
    EXPECT_EQ(nearest_word("elaborate", commands), "") << "more than a third is another word";
    EXPECT_EQ(nearest_word("run", {}), "");
}

}  // namespace
}  // namespace acim
