// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path fresh_directory(const std::string& name) {
    const fs::path path = fs::path(::testing::TempDir()) / (name + "-" + unique_token());
    fs::create_directories(path);
    return path;
}

std::string text_of(const fs::path& path) {
    const auto bytes = read_whole_file(path);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::size_t entries(const fs::path& path) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

std::string storage_message(const fs::path& path, std::string_view text) {
    try {
        write_file_atomically(path, text);
    } catch (const StorageError& error) {
        return error.what();
    }
    return "no StorageError";
}

TEST(AtomicFile, ReplacesAndLeavesNothingElse) {
    const fs::path folder = fresh_directory("replace");
    write_file_atomically(folder / "a", "one");
    write_file_atomically(folder / "a", "two");
    EXPECT_EQ(text_of(folder / "a"), "two");
    EXPECT_EQ(entries(folder), 1U);
    fs::remove_all(folder);
}

TEST(AtomicFile, MissingDirectoryIsAStorageErrorWithAdvice) {
    const std::string message = storage_message("/proc/nowhere/file.h5", "x");
    EXPECT_THAT(message, HasSubstr("/proc/nowhere/file.h5: "));
    EXPECT_THAT(message, HasSubstr("No such file or directory"));
    EXPECT_THAT(message, HasSubstr("create it"));
    EXPECT_THROW(create_directories_durably("/proc/nowhere/deeper"), StorageError);
}

TEST(AtomicFile, FileSizeLimitKeepsTheOldFile) {
    const fs::path folder = fresh_directory("limit");
    write_file_atomically(folder / "a", "old");
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    const rlimit small{4096, old.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string message = storage_message(folder / "a", std::string(10000, 'x'));
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, before);
    EXPECT_THAT(message, HasSubstr("file size limit"));
    EXPECT_EQ(text_of(folder / "a"), "old");
    EXPECT_EQ(entries(folder), 1U) << "the temporary file is gone";
    fs::remove_all(folder);
}

TEST(AtomicFile, DiskFullKeepsTheOldFile) {
    const fs::path folder = fresh_directory("full");
    if (mount("acim-test", folder.c_str(), "tmpfs", 0, "size=64k") != 0) {
        fs::remove_all(folder);
        GTEST_SKIP() << "needs the right to mount a tmpfs; the size limit test stands in";
    }
    write_file_atomically(folder / "a", "old");
    const std::string message = storage_message(folder / "a", std::string(200000, 'x'));
    const std::string kept = text_of(folder / "a");
    const std::size_t left = entries(folder);
    umount(folder.c_str());
    fs::remove_all(folder);
    EXPECT_THAT(message, HasSubstr("Disk full"));
    EXPECT_THAT(message, HasSubstr("the same command resumes"));
    EXPECT_EQ(kept, "old");
    EXPECT_EQ(left, 1U);
}

TEST(AtomicFile, ReadOnlyFileSystemIsNamed) {
    const fs::path folder = fresh_directory("readonly");
    if (mount("acim-test", folder.c_str(), "tmpfs", MS_RDONLY, "size=64k") != 0) {
        fs::remove_all(folder);
        GTEST_SKIP() << "needs the right to mount a tmpfs";
    }
    const std::string message = storage_message(folder / "a", "x");
    umount(folder.c_str());
    fs::remove_all(folder);
    EXPECT_THAT(message, HasSubstr("not writable"));
}

TEST(AtomicFile, MissingInputIsTheUsersMistake) {
    EXPECT_THROW(read_whole_file("/no/such/file"), InputError);
}

TEST(AtomicFile, TokensDiffer) { EXPECT_NE(unique_token(), unique_token()); }

}  // namespace
}  // namespace acim
