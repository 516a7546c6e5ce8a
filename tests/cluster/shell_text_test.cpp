// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/shell_text.hpp"

#include <gtest/gtest.h>

#include "host/cluster/program.hpp"

namespace acim {
namespace {

// A real shell is the judge: what it reads must be the word, byte for byte.
TEST(ShellText, AnyWordSurvivesAShell) {
    std::string bytes;
    for (int byte = 1; byte < 256; ++byte) bytes += static_cast<char>(byte);
    for (const std::string& word :
         {bytes, std::string(""), std::string("-n"), std::string("it's"),
          std::string("$(exit 9)`x`"), std::string("a\n#SBATCH --hold\n"), std::string("~"),
          std::string("a=b"), std::string("\\"), std::string("''"), std::string("*?[x]{a,b}!!"),
          std::string("plain")}) {
        for (const char* shell : {"sh", "bash"}) {
            const auto result = run_program({shell, "-c", "printf %s " + shell_quote(word) + " x"});
            ASSERT_TRUE(result);
            EXPECT_EQ(result->output, word + "x") << shell;
            EXPECT_EQ(result->exit_code, 0);
        }
    }
}

TEST(ShellText, PlainWordsStayReadable) {
    EXPECT_EQ(command_line({"run", "/a/b.yaml", "--set", "a.b=1", "x y", ""}),
              "run /a/b.yaml --set a.b=1 'x y' ''");
}

TEST(ShellText, JobNamesHoldNothingSpecial) {
    EXPECT_EQ(job_name("adc_bits-1.5"), "acim-adc_bits-1.5");
    EXPECT_EQ(job_name("a b'[1]%$(x)\n"), "acim-a-b--1----x--");
    EXPECT_EQ(job_name(std::string(100, 'x')).size(), 48U);
}

TEST(ShellText, IndexListsJoinNeighbours) {
    EXPECT_EQ(index_list({}), "");
    EXPECT_EQ(index_list({3}), "3");
    EXPECT_EQ(index_list({0, 1, 2, 7, 9, 10}), "0-2,7,9-10");
}

}  // namespace
}  // namespace acim
