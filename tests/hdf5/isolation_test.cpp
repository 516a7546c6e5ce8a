// SPDX-License-Identifier: Apache-2.0
// Readers of files that somebody else may have written, each with its child process.
#include <atomic>
#include <csignal>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/confinement.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/hdf5/row_reader.hpp"
#include "host/hdf5/walk.hpp"
#include "tests/hdf5/message_of.hpp"
#include "tests/hdf5/process_facts.hpp"

namespace acim::hdf5 {
namespace {

using ::testing::HasSubstr;

std::vector<int> counting(int count) {
    std::vector<int> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), 0);
    return values;
}

std::vector<std::byte> image_of_rows() {
    ImageWriter out;
    out.attribute("/", "title", "a text of variable length");
    out.write("/names", std::vector<std::string>(50, "name"));
    out.write("/x", counting(3000), {1000, 3});
    return out.image();
}

std::string file_of(const std::string& name, const std::vector<std::byte>& image) {
    const std::string path = ::testing::TempDir() + name;
    write_file_atomically(path, image);
    return path;
}

// Bytes of heaps and headers: the library itself crashes on many (found by fuzzing). About one such
// file in 120 makes it loop until its limit of time; these seeds have none.
TEST(Isolation, DamageThatTheLibraryDoesNotSurviveIsRefused) {
    ImageWriter out;
    out.attribute("/", "title", "a text of variable length");
    out.write("/names", std::vector<std::string>(50, "name"));
    out.write("/x", std::vector<double>(100, 1.5));
    const auto image = out.image();
    int refused = 0, read = 0, dead = 0;
    for (unsigned seed = 1; seed <= (is_sanitized ? 1U : 5U); ++seed) {
        std::mt19937_64 random(seed);
        for (int i = 0; i < 40; ++i) {
            auto damaged = image;
            for (int k = 0; k < 8; ++k) {
                damaged[random() % damaged.size()] = std::byte{0xFF};
            }
            try {
                const auto in = Reader::from_bytes(damaged, "b", std::uint64_t{64} << 20);
                walk(in, [&](const std::string& path) {
                    if (in.is_dataset(path)) {
                        read_values(in, path);
                    }
                });
                read += 1;
            } catch (const InputError& error) {
                refused += 1;
                dead += std::string(error.what()).find("the HDF5 library fails on it") !=
                        std::string::npos;
            }
        }
    }
    EXPECT_GT(refused, 10);
    EXPECT_GT(read, 0);
    RecordProperty("library_failures", dead);
    EXPECT_TRUE(children_of_this_process().empty());
}

TEST(Isolation, AKilledChildIsAnErrorAtTheNextRead) {
    const auto in = Reader::from_bytes(image_of_rows(), "in.h5");
    EXPECT_EQ(in.read_rows<int>("/x", 1, 1), (std::vector<int>{3, 4, 5}));
    const auto children = children_of_this_process();
    ASSERT_EQ(children.size(), 1U);
    ::kill(children[0], SIGKILL);
    const std::string expected =
        "in.h5: damaged: the HDF5 library fails on it (Killed). Write it again";
    EXPECT_EQ(message_of([&] { in.read_rows<int>("/x", 1, 1); }), expected);
    EXPECT_EQ(message_of([&] { in.exists("/x"); }), expected);
    EXPECT_TRUE(children_of_this_process().empty());
    const std::string path = file_of("killed.h5", image_of_rows());
    const auto rows = RowReader::open(path, "x");
    int values[3] = {};
    rows.read(2, 1, values);
    EXPECT_EQ(values[2], 8);
    for (const pid_t child : children_of_this_process()) ::kill(child, SIGKILL);
    EXPECT_THAT(message_of([&] { rows.read(2, 1, values); }), HasSubstr(path + ": damaged"));
}

TEST(Isolation, SignalsForTheWholeRunDoNotReachTheChild) {
    const auto in = Reader::from_bytes(image_of_rows(), "in.h5");
    for (const pid_t child : children_of_this_process()) {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(child, signal);
    }
    EXPECT_EQ(in.read_rows<int>("/x", 0, 1), (std::vector<int>{0, 1, 2}));
}

TEST(Isolation, ThreadsShareAReader) {
    const auto in = Reader::from_bytes(image_of_rows(), "in.h5");
    const auto rows = RowReader::open(file_of("shared.h5", image_of_rows()), "x");
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = t; i < 400; i += 4) {
                const std::vector<int> expected{3 * i, 3 * i + 1, 3 * i + 2};
                std::vector<int> got(3);
                rows.read(static_cast<std::uint64_t>(i), 1, got.data());
                wrong += got != expected;
                wrong += in.read_rows<int>("/x", static_cast<std::uint64_t>(i), 1) != expected;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(Isolation, AReaderOutlivesTheThreadThatOpenedIt) {
    std::optional<Reader> in;
    std::thread([&] { in.emplace(Reader::from_bytes(image_of_rows(), "in.h5")); }).join();
    EXPECT_EQ(in->read<int>("/x"), counting(3000));
}

TEST(Isolation, ReadersOpenWhileOtherThreadsUseTheLibrary) {
    const auto image = image_of_rows();
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            while (!stop) {
                const auto written = image_of_rows();
                const auto in =
                    Reader::from_bytes(written, "own", default_read_cap, Origin::sealed);
                in.read<int>("/x");
            }
        });
    }
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(Reader::from_bytes(image, "in.h5").read<int>("/x"), counting(3000));
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
}

TEST(Isolation, NothingIsLeftOfAThousandReaders) {
    const auto image = image_of_rows();
    const std::string path = file_of("many.h5", image);
    const std::size_t before = descriptors_of(getpid());
    for (int i = 0; i < (is_sanitized ? 50 : 500); ++i) {
        EXPECT_TRUE(Reader::open(path).exists("/x"));
        EXPECT_FALSE(Reader::from_bytes(image, "in.h5").exists("/y"));
    }
    EXPECT_EQ(descriptors_of(getpid()), before);
    EXPECT_TRUE(children_of_this_process().empty());
}

TEST(Isolation, AFileNamesNoOtherFiles) {
    const std::string other = file_of("other.h5", image_of_rows());
    const std::string path = ::testing::TempDir() + "names_others.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external(other.c_str(), "/x", file, "linked", H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t size = 8;
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t outside = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(outside, "/etc/passwd", 0, size);
    H5Dclose(
        H5Dcreate2(file, "outside", H5T_NATIVE_UINT8, space, H5P_DEFAULT, outside, H5P_DEFAULT));
    const hid_t mapped = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(mapped, space, other.c_str(), "/x", space);
    H5Dclose(H5Dcreate2(file, "mapped", H5T_NATIVE_INT, space, H5P_DEFAULT, mapped, H5P_DEFAULT));
    H5Pclose(mapped);
    H5Pclose(outside);
    H5Sclose(space);
    H5Fclose(file);
    const auto in = Reader::open(path);
    if (!is_sanitized) {
        EXPECT_THAT(message_of([&] { in.read<int>("/linked"); }), HasSubstr("no such dataset"));
    }
    for (const char* name : {"/outside", "/mapped"}) {
        EXPECT_THAT(message_of([&] { in.read<int>(name); }),
                    HasSubstr("keeps its values in other files"));
        EXPECT_THAT(message_of([&] { in.read_rows<int>(name, 0, 1); }),
                    HasSubstr("keeps its values in other files"));
    }
}

// Groups that are each linked twice from the one before: 2^13 paths in a kilobyte.
TEST(Isolation, PathsThatDoubleAtEachGroupAreRefusedInTime) {
    const std::string path = ::testing::TempDir() + "doubling.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t from = H5Gopen2(file, "/", H5P_DEFAULT);
    for (int depth = 0; depth < 13; ++depth) {
        const hid_t next = H5Gcreate2(from, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_hard(from, "a", from, "b", H5P_DEFAULT, H5P_DEFAULT);
        H5Gclose(from);
        from = next;
    }
    H5Gclose(from);
    H5Fclose(file);
    const auto in = Reader::open(path);
    EXPECT_THAT(message_of([&] { walk(in, [](const std::string&) {}); }),
                HasSubstr("more than 4096 links to follow"));
}

}  // namespace
}  // namespace acim::hdf5
