// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/site_profile.hpp"

#include "host/cluster/batch_script.hpp"
#include "tests/cluster/cluster_fixture.hpp"

namespace acim {
namespace {

TEST(SiteProfile, StandsAsWrittenBelowTheFirstLine) {
    const test::Folder folder;
    const std::string text = "#SBATCH --constraint=\"a100\"\n\nmodule load cuda\nexport X='1 2'";
    ArrayJob job = test::example_job();
    job.profile = read_site_profile(folder.write("site.sh", text));
    for (const std::string& script : {task_script(job), merge_script(job)})
        EXPECT_TRUE(script.starts_with("#!/bin/bash\n" + text + "\n")) << script;
}

TEST(SiteProfile, WhatCannotWorkIsRefused) {
    const test::Folder folder;
    const auto refused = [&](const std::string& text, const std::string& expected) {
        const auto file = folder.write("site.sh", text);
        test::expect_refusal([&] { (void)read_site_profile(file); }, expected);
    };
    refused("module load x\n#SBATCH --mem=1G\n", "line 2: '#SBATCH --mem=1G' stands behind");
    refused("module load x\r\n", "carriage return");
    refused(std::string("a\0b\n", 4), "NUL");
    refused(std::string((1 << 20) + 1, '#'), "above 1 MiB");
    test::expect_refusal([&] { (void)read_site_profile(folder.path()); }, "no such file");
}

}  // namespace
}  // namespace acim
