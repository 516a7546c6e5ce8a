// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/store/plan_json.hpp"
#include "host/store/sealed_file.hpp"
#include "host/store/segment_file.hpp"
#include "host/store/trial_table.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

using fixture::Scratch;
using fixture::small_plan;
using ::testing::HasSubstr;

void expect_equal(const StoredTrial& stored, StoredTrial given) {
    given.result.unit.point = stored.result.unit.point;
    EXPECT_EQ(stored.point_id, given.point_id);
    EXPECT_EQ(stored.result, given.result);
}

TEST(Segment, EveryFieldComesBack) {
    const Scratch scratch;
    const auto trials = fixture::all_trials(small_plan());
    const SegmentOrigin origin{~std::uint64_t{0}, -4, "data"};
    write_file_atomically(scratch / "s.h5", encode_segment(origin, trials));
    const Segment segment = read_segment(scratch / "s.h5");
    EXPECT_EQ(segment.origin, origin);
    ASSERT_EQ(segment.trials.size(), trials.size());
    for (std::size_t i = 0; i < trials.size(); ++i) {
        expect_equal(segment.trials[i], trials[i]);
    }
}

// 5 positions of each of 13 images: 65 bits, which a plan of another number of positions refuses.
TEST(Segment, PositionsComeBack) {
    const Scratch scratch;
    PlanRecord plan = small_plan();
    plan.images = plan.block_images = 13;
    plan.positions = 5;
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    EXPECT_EQ(run.plan().positions, 5U);
    EXPECT_NE(plan_sha256(plan), plan_sha256([&] {
                  PlanRecord other = plan;
                  other.positions = 1;
                  return other;
              }()));
    StoredTrial trial{plan.points[2].id, {}};
    trial.result.unit = {2, 1, 1, 0, 13};
    trial.result.correct_bits.assign(9, 0xFF);
    trial.result.correct_bits.back() = 1;
    trial.result.correct = trial.result.agree = 65;
    fixture::store(run, {&trial, 1});
    const TrialTable table = load_trials({run.path()}, plan);
    ASSERT_EQ(table.rows(), 1U);
    EXPECT_EQ(table.correct[0], 65U);
    EXPECT_EQ(table.bits_width, 9U);
    EXPECT_EQ(table.correct_bits, trial.result.correct_bits);
    plan.positions = 4;
    EXPECT_THROW(load_trials({run.path()}, plan), InputError);
    // An engine that forgets positions must not fill the store.
    trial.result.correct_bits.resize(2);
    SegmentWriter writer(run, "0");
    EXPECT_THROW(writer.append(trial), ContractError);
}

TEST(Segment, WithoutLayersComesBack) {
    const Scratch scratch;
    StoredTrial trial = fixture::all_trials(small_plan())[0];
    trial.result.layers.clear();
    write_file_atomically(scratch / "s.h5", encode_segment({1, 2, "d"}, {&trial, 1}));
    expect_equal(read_segment(scratch / "s.h5").trials.at(0), trial);
}

// A seal shows damage, not malice: what makes no sense behind it is damage all the same, and takes no
// memory.
TEST(Segment, ColumnsThatDoNotFitAreDamage) {
    const Scratch scratch;
    const auto message = [&](const std::function<void(hdf5::ImageWriter&)>& fill,
                             std::uint32_t point, std::uint32_t layer_count, std::size_t rows) {
        hdf5::ImageWriter out;
        out.attribute("/", "schema_name", "acimsweep-segment");
        out.attribute("/", "schema_version", std::int64_t{1});
        out.attribute("/", "seed", std::uint64_t{1});
        out.attribute("/", "model_version", std::int64_t{1});
        out.attribute("/", "data_hash", "d");
        out.write("/point_id", std::vector<std::string>{"id"});
        out.group("/trials");
        out.write("/trials/point", std::vector<std::uint32_t>{point, 0});
        out.write("/trials/layer_count", std::vector<std::uint32_t>{layer_count, 0});
        out.write("/trials/cross_entropy", std::vector<std::int64_t>(rows));
        for (const char* name : {"chip", "repeat", "first_image", "images", "correct", "agree"}) {
            out.write(std::string("/trials/") + name, std::vector<std::uint32_t>(2, 8));
        }
        fill(out);
        auto image = out.image();
        seal(image);
        write_file_atomically(scratch / "s.h5", image);
        try {
            read_segment(scratch / "s.h5");
        } catch (const DamagedFile& error) {
            return std::string(error.what());
        }
        return std::string("no DamagedFile");
    };
    const auto bits = [](hdf5::ImageWriter& out) {
        out.write("/trials/correct_bits", std::vector<std::uint8_t>(2, 255), {2, 1});
    };
    const auto other_bits = [](hdf5::ImageWriter& out) {
        out.write("/trials/correct_bits", std::vector<std::uint8_t>{255, 254}, {2, 1});
    };
    const auto flat = [](hdf5::ImageWriter& out) {
        out.write("/trials/correct_bits", std::vector<std::uint8_t>(2));
    };
    const auto narrow = [](hdf5::ImageWriter& out) {
        out.write("/trials/correct_bits", std::vector<std::uint8_t>(), {2, 0});
    };
    EXPECT_EQ(message(bits, 0, 0, 2), "no DamagedFile");
    EXPECT_THAT(message(bits, 1, 0, 2), HasSubstr("/trials/point names no point"));
    EXPECT_THAT(message(bits, 0, ~0U, 2), HasSubstr("/trials/layer_count is more than"));
    EXPECT_THAT(message(bits, 0, 0, 3), HasSubstr("/trials/cross_entropy has another length"));
    EXPECT_THAT(message(other_bits, 0, 0, 2), HasSubstr("/trials/correct or /trials/agree is not"));
    EXPECT_THAT(message(flat, 0, 0, 2), HasSubstr("has not two axes"));
    EXPECT_THAT(message(narrow, 0, 0, 2), HasSubstr("is too narrow"));
    EXPECT_THAT(message([](hdf5::ImageWriter&) {}, 0, 0, 2),
                HasSubstr("s.h5: damaged segment (/trials/correct_bits: no such dataset"));
}

// 1000 damages of four kinds: none may be read, whatever byte it hits (the seal covers all).
TEST(Segment, DamageIsAlwaysFound) {
    const Scratch scratch;
    const auto good = encode_segment({1, 2, "d"}, fixture::all_trials(small_plan()));
    std::mt19937_64 random(11);
    for (int i = 0; i < 1000; ++i) {
        auto bytes = good;
        const std::size_t at = random() % bytes.size();
        switch (i % 4) {
            case 0:
                bytes[at] ^= std::byte{1} << (random() % 8);
                break;
            case 1:
                bytes.resize(at);
                break;
            case 2:
                std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(),
                          std::byte{0});
                break;
            case 3:
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::byte{7});
                break;
        }
        std::ofstream(scratch / "s.h5", std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        EXPECT_THROW(read_segment(scratch / "s.h5"), DamagedFile)
            << "kind " << i % 4 << " at " << at;
    }
}

TEST(SegmentWriter, FlushesByCountAndByTime) {
    const Scratch scratch;
    const auto run = RunDirectory::create_or_open(scratch / "run", small_plan());
    const auto trials = fixture::all_trials(small_plan());
    SegmentWriter by_count(run, "2/3", {3, std::chrono::hours(1)});
    EXPECT_EQ(by_count.append(trials[0]), 0U);
    EXPECT_EQ(by_count.append(trials[1]), 0U);
    EXPECT_EQ(by_count.flush_if_due(), 0U);
    EXPECT_EQ(by_count.append(trials[2]), 3U);
    EXPECT_EQ(by_count.flush(), 3U) << "nothing waits, no empty file";
    SegmentWriter by_time(run, "2/3", {100, std::chrono::milliseconds(20)});
    EXPECT_EQ(by_time.append(trials[3]), 0U);
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
    EXPECT_EQ(by_time.flush_if_due(), 1U);
    EXPECT_NE(by_time.token(), by_count.token());
    const auto files = fixture::files_in(run.segments());
    EXPECT_EQ(files.size(), 2U);
    EXPECT_THAT(files[0].filename().string(), HasSubstr("seg-2_3-"));
    EXPECT_EQ(load_trials({run.path()}, run.plan()).rows(), 4U);
}

TEST(SegmentWriter, RefusesResultsThatContradictThemselves) {
    const Scratch scratch;
    const auto run = RunDirectory::create_or_open(scratch / "run", small_plan());
    SegmentWriter writer(run, "0/1");
    StoredTrial trial = fixture::all_trials(small_plan())[0];
    trial.result.correct += 1;
    EXPECT_THROW(writer.append(trial), ContractError);
    trial.result.correct -= 1;
    trial.result.correct_bits.push_back(0);
    EXPECT_THROW(writer.append(trial), ContractError);
}

TEST(SegmentWriter, AfterAFullDiskNothingStoredIsLostAndFlushResumes) {
    const Scratch scratch;
    const auto folder = scratch / "mount";
    std::filesystem::create_directory(folder);
    if (mount("acim-test", folder.c_str(), "tmpfs", 0, "size=256k") != 0) {
        GTEST_SKIP() << "needs the right to mount a tmpfs";
    }
    const PlanRecord plan = small_plan();
    const auto trials = fixture::all_trials(plan);
    std::string message;
    {
        const auto run = RunDirectory::create_or_open(folder / "run", plan);
        SegmentWriter writer(run, "0/1", {4, std::chrono::hours(1)});
        std::uint64_t complete = 0;
        for (const StoredTrial& trial : trials) {
            try {
                complete = writer.append(trial);
            } catch (const StorageError& error) {
                message = error.what();
                break;
            }
        }
        EXPECT_EQ(load_trials({run.path()}, plan).rows(), complete);
        mount("acim-test", folder.c_str(), "tmpfs", MS_REMOUNT, "size=4m");
        const std::size_t waiting = writer.waiting();
        EXPECT_EQ(writer.flush(), complete + waiting);
        EXPECT_EQ(load_trials({run.path()}, plan).rows(), complete + waiting);
    }
    umount(folder.c_str());
    EXPECT_THAT(message, HasSubstr("Disk full"));
}

TEST(SegmentWriter, FoldsItsOwnFilesWhenTheyAreMany) {
    const fixture::Scratch scratch;
    const PlanRecord plan = fixture::small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);  // 72
    SegmentWriter other(run, "1/2", {1, std::chrono::hours(1), 100});
    other.append(trials[0]);
    SegmentWriter writer(run, "0/2", {1, std::chrono::hours(1), 4});
    for (std::size_t i = 0; i < trials.size(); ++i) {
        EXPECT_EQ(writer.append(trials[i]), i + 1);
        EXPECT_EQ(load_trials({run.path()}, plan).rows(), i + 1);
    }
    // 72 = 1 * 64 + 0 * 16 + 2 * 4 + 0 trials in files of their own, and the other writer's.
    EXPECT_EQ(fixture::files_in(run.segments()).size(), 1U + 2U + 1U);
    EXPECT_TRUE(fixture::missing_units(plan, load_trials({run.path()}, plan)).empty());
}

TEST(SegmentWriter, LeavesLargeOrDamagedSegmentsAlone) {
    const fixture::Scratch scratch;
    const PlanRecord plan = fixture::small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    SegmentWriter small(run, "0/1", {1, std::chrono::hours(1), 4, 1000});
    for (std::size_t i = 0; i < 8; ++i) {
        small.append(trials[i]);
    }
    EXPECT_EQ(fixture::files_in(run.segments()).size(), 8U);
    SegmentWriter writer(run, "0/1", {1, std::chrono::hours(1), 4});
    for (std::size_t i = 8; i < 11; ++i) {
        writer.append(trials[i]);
    }
    const auto victim = run.segments() / ("seg-0_1-" + writer.token() + "-1.h5");
    write_file_atomically(victim, std::string_view("damaged"));
    EXPECT_EQ(writer.append(trials[11]), 4U);
    EXPECT_EQ(fixture::files_in(run.segments()).size(), 12U);
    EXPECT_EQ(load_trials({run.path()}, plan).rows(), 11U);
}

}  // namespace
}  // namespace acim
