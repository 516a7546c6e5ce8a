// SPDX-License-Identifier: Apache-2.0
// What batch systems and containers grant a process, in the files in which Linux says it.
#include "host/core/allotment.hpp"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A root with files of a test's own.
class Root : public ::testing::Test {
protected:
    Root() {
        std::string name = (fs::temp_directory_path() / "acim-allotment-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~Root() override { fs::remove_all(path_); }

    void write(const std::string& file, const std::string& text) const {
        fs::create_directories((path_ / file).parent_path());
        std::ofstream(path_ / file) << text;
    }
    Allotment limits() const { return group_limits(path_); }

    fs::path path_;
};

const Allotment unlimited;

TEST_F(Root, SystemsWithoutControlGroupsLimitNothing) {
    EXPECT_EQ(limits().memory, std::uint64_t{1} << 63);
    EXPECT_EQ(limits().cores, unlimited.cores);
    write("proc/self/cgroup", "nonsense\n0:\n\n:::\n");
    EXPECT_EQ(limits().memory, unlimited.memory);
}

// Version 2: a Slurm step has no limit of its own, its job has.
TEST_F(Root, TheTightestGroupAboveCounts) {
    write("proc/self/cgroup", "0::/system.slice/job_7/step_0/user\n");
    const std::string top = "sys/fs/cgroup/system.slice/";
    write("sys/fs/cgroup/memory.max", "99000000000\n");
    write(top + "job_7/memory.max", "4294967296\n");
    write(top + "job_7/step_0/memory.max", "max\n");
    write(top + "job_8/memory.max", "1\n");
    write(top + "job_7/cpu.max", "max 100000\n");
    write(top + "job_7/step_0/cpu.max", "250000 100000\n");
    EXPECT_EQ(limits().memory, 4294967296U);
    EXPECT_EQ(limits().cores, 3) << "two and a half, rounded up";
}

TEST_F(Root, VersionOneHasATreePerController) {
    write("proc/self/cgroup",
          "9:memory:/slurm/uid_1/job_7\n8:cpuacct,cpu:/slurm\n2:freezer:/x\n0::/\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("sys/fs/cgroup/memory/slurm/uid_1/job_7/memory.limit_in_bytes", "1000000\n");
    write("sys/fs/cgroup/cpu/slurm/cpu.cfs_quota_us", "400000\n");
    write("sys/fs/cgroup/cpu/slurm/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(limits().memory, 1000000U);
    EXPECT_EQ(limits().cores, 4);
    write("sys/fs/cgroup/cpu/slurm/cpu.cfs_quota_us", "-1\n");
    EXPECT_EQ(limits().cores, unlimited.cores);
}

// The group's name is the machine's, the files are the container's.
TEST_F(Root, AContainersOwnRootCountsWhereItsGroupIsNotSeen) {
    write("proc/self/cgroup", "0::/../../pod3\n");
    write("sys/fs/cgroup/memory.max", "2000000\n");
    write("sys/pod3/memory.max", "1\n");
    EXPECT_EQ(limits().memory, 2000000U);
}

TEST(Allotment, CoresFollowTheAffinityOfTheProcess) {
    cpu_set_t before, one;
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    const int all = usable_cores();
    EXPECT_GE(all, 1);
    EXPECT_LE(all, CPU_COUNT(&before));
    int first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(usable_cores(), 1);
    ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
    EXPECT_EQ(usable_cores(), all);
}

TEST(Allotment, MemoryFollowsTheLimitOfTheAddressSpace) {
    const std::uint64_t all = usable_memory();
    EXPECT_GT(all, std::uint64_t{1} << 20);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
    const rlim_t less = all - 4096;
    const rlimit lower{less, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_AS, &lower), 0);
    EXPECT_EQ(usable_memory(), less);
    ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
}

TEST(Allotment, ThreadsAreAsManyAsHaveRoom) {
    EXPECT_EQ(threads_in_memory(8, 100, "x", 350), 3);
    EXPECT_EQ(threads_in_memory(2, 100, "x", 350), 2);
    EXPECT_EQ(threads_in_memory(8, 0, "x", 350), 8);
    try {
        threads_in_memory(8, std::uint64_t{3} << 30, "one image", std::uint64_t{1} << 30);
        FAIL() << "has room";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(),
                    HasSubstr("one image takes 3072 MB, this process may use 1024 MB. Use"));
    }
}

}  // namespace
}  // namespace acim
