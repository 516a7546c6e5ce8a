// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/job_record.hpp"

#include "tests/cluster/cluster_fixture.hpp"

namespace acim {
namespace {

JobRecord example(std::uint64_t job, const std::string& time) {
    return {"tiny", job, job + 1, "acim-x", 8, "0-7", "login", time};
}

TEST(JobRecord, ComesBackInTheOrderOfTime) {
    const test::Folder folder;
    EXPECT_TRUE(read_job_records(folder.path()).empty());
    write_job_record(folder.path(), example(9, "2026-01-01T00:00:00Z"));
    write_job_record(folder.path(), example(3, "2026-01-02T00:00:00Z"));
    JobRecord renewed = example(9, "2026-01-01T00:00:00Z");
    renewed.merge = 0;
    write_job_record(folder.path(), renewed);
    const auto records = read_job_records(folder.path());
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].job, 9U);
    EXPECT_EQ(records[0].merge, 0U);
    EXPECT_EQ(records[1].job, 3U);
    EXPECT_EQ(records[1].merge, 4U);
    EXPECT_EQ(records[1].cluster, "tiny");
    EXPECT_EQ(records[1].name, "acim-x");
    EXPECT_EQ(records[1].shards, 8U);
    EXPECT_EQ(records[1].tasks, "0-7");
    EXPECT_EQ(records[1].host, "login");
}

TEST(JobRecord, ANameOfAClusterStaysInItsFolder) {
    const test::Folder folder;
    JobRecord record = example(9, "t");
    record.cluster = "../../x";
    write_job_record(folder.path(), record);
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "jobs" / "..-..-x-9.json"));
    ASSERT_EQ(read_job_records(folder.path()).size(), 1U);
}

TEST(JobRecord, AnythingElseIsPassedOver) {
    const test::Folder folder;
    write_job_record(folder.path(), example(9, "t"));
    const std::string good =
        R"({"cluster":"c","job":1,"merge":2,"name":"n","shards":1,"tasks":"0","host":"h","time":"t"})";
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    folder.write("jobs/good.json", good);
    folder.write("jobs/empty.json", "");
    folder.write("jobs/list.json", "[1]");
    folder.write("jobs/text.json", with(R"("job":1)", R"("job":"1")"));
    folder.write("jobs/zero.json", with(R"("shards":1)", R"("shards":0)"));
    folder.write("jobs/many.json", with(R"("shards":1)", R"("shards":4000000000)"));
    folder.write("jobs/escape.json", with(R"("host":"h")", R"("host":"\u001b[2J")"));
    folder.write("jobs/lacking.json", with(R"("host":"h",)", ""));
    folder.write("jobs/huge.json", good + std::string(1 << 20, ' '));
    std::filesystem::create_directory(folder.path() / "jobs" / "folder.json");
    EXPECT_EQ(read_job_records(folder.path()).size(), 2U);
}

}  // namespace
}  // namespace acim
