// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "host/sweep/yaml_tree.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;

class YamlLimitTest : public SweepTest {
protected:
    // The message; fails where the text takes longer than any honest sweep file could.
    std::string error(const std::string& text) const {
        const auto start = std::chrono::steady_clock::now();
        const std::string out = message([&] { load_sweep(write(text)); });
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        EXPECT_LT(taken.count(), 10.0) << text.substr(0, 20);
        return out;
    }
};

std::string repeated(const std::string& part, std::size_t bytes) {
    std::string out;
    while (out.size() + part.size() <= bytes) out += part;
    return out;
}

TEST_F(YamlLimitTest, DeepNestingIsRefused) {
    constexpr std::size_t bytes = 4'000'000;
    EXPECT_THAT(error("a: " + repeated("[", bytes)), HasSubstr("nested deeper than 32 levels"));
    EXPECT_THAT(error("a: " + repeated("{a: ", bytes)), HasSubstr("nested deeper than 32 levels"));
    EXPECT_THAT(error(repeated("- ", bytes)), HasSubstr("nested deeper than 32 levels"));
    EXPECT_NE(error(repeated("? ", bytes)), "");
    EXPECT_NE(error(repeated("&a ", bytes)), "");
    EXPECT_NE(error(repeated("\"", bytes)), "");
    EXPECT_NE(error(repeated("!a ", bytes)), "");
}

TEST_F(YamlLimitTest, LongListsAndFilesAreRefused) {
    EXPECT_THAT(error("a: [" + repeated("1,", 4'000'000) + "]"),
                HasSubstr("more than 250000 values"));
    EXPECT_THAT(error(repeated("- 1\n", 4'000'000)), HasSubstr("more than 250000 values"));
    EXPECT_THAT(error(std::string((4U << 20) + 1, '#')), HasSubstr("is larger than 4 MiB"));
    EXPECT_THAT(error("/dev/null"), HasSubstr("must be a map"));
    EXPECT_THAT(message([] { load_sweep("/dev/zero"); }), HasSubstr("is larger than 4 MiB"));
}

TEST_F(YamlLimitTest, AliasesCountAsOftenAsTheyAreUsed) {
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 20; ++i) {
        laughs += fmt::format("a{}: &a{} [", i, i);
        for (int k = 0; k < 10; ++k) laughs += fmt::format("{}*a{}", k == 0 ? "" : ", ", i - 1);
        laughs += "]\n";
    }
    EXPECT_THAT(error(laughs), HasSubstr("once aliases are followed"));
    EXPECT_THAT(error("a: &a " + std::string(1'000'000, 'x') + "\nb: [" +
                      repeated("*a ,", 1'000'000) + "]\n"),
                HasSubstr("16 MiB of text once aliases are followed"));
}

TEST_F(YamlLimitTest, ManyKeysAreFast) {
    std::string keys;
    for (int i = 0; i < 100'000; ++i) keys += fmt::format("key{}: 1\n", i);
    EXPECT_THAT(error(keys), HasSubstr("s.yaml:1: key 'key0' is unknown"));
}

}  // namespace
}  // namespace acim
