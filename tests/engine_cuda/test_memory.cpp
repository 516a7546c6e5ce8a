// SPDX-License-Identifier: Apache-2.0
// Devices with little memory: batches shrink as far as 8 images, lanes give way to each other, and
// where that does not help the engine says what it needs.
#include <algorithm>
#include <cstdlib>

#include "cuda/engine/runtime.hpp"
#include "tests/engine_cuda/fault_work.hpp"

namespace acim {
namespace {

using namespace testing_device;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::size_t kibibyte = 1024;

class Memory : public MachineTest {
protected:
    static const Work& work() {
        static const Work all =
            work_of(tiny_setup(64), {{0, 0, 0, 0, 48}, {1, 1, 0, 7, 20}, {2, 0, 0, 0, 30}});
        return all;
    }
    static const Work& small_work() {
        static const Work few = work_of(tiny_setup(16), {{0, 0, 0, 0, 12}, {1, 0, 0, 0, 16}});
        return few;
    }
};

// Memory that another process takes.
using Other = DeviceArray<std::byte>;

// Runs with that much memory left after prepare().
Outcome run_with(std::size_t free, const Work& work) {
    emulation::set_devices({{.memory = std::size_t{8} << 20}});
    const auto engine = make_cuda_engine();
    engine->prepare(work.setup);
    std::size_t now = 0, all = 0;
    EXPECT_EQ(cudaMemGetInfo(&now, &all), cudaSuccess);
    const Other other(now - free);
    return run_prepared(*engine, work.units);
}

// The number that follows `word`, "1.5 MiB", in bytes.
double bytes_behind(const std::string& text, const std::string& word) {
    const std::size_t at = text.find(word);
    EXPECT_NE(at, std::string::npos) << text;
    char* rest = nullptr;
    const double value = std::strtod(text.c_str() + at + word.size(), &rest);
    return value * (std::string(rest).starts_with(" MiB") ? kibibyte * kibibyte : kibibyte);
}

TEST_F(Memory, BatchesShrinkWhenMemoryIsTaken) {
    const Outcome plenty = run_with(std::size_t{7} << 20, work());
    expect_whole(plenty, work());
    const std::uint64_t launches = emulation::counters(0).launches;
    std::uint64_t most = launches;
    Outcome outcome;
    for (std::size_t free = 800 * kibibyte; outcome.failure.empty(); free = free * 3 / 4) {
        ASSERT_GT(free, kibibyte);
        outcome = run_with(free, work());
        if (outcome.failure.empty()) {
            expect_whole(outcome, work());
            most = std::max(most, emulation::counters(0).launches);
        }
    }
    expect_part(outcome, work());
    EXPECT_GT(most, 2 * launches) << "no batch has been halved";
}

// Down to the last byte: what is enough for a batch of 8 images is enough for the run.
TEST_F(Memory, TheSmallestThatWorksIsWhatTheMessageSays) {
    std::size_t works = 1024 * kibibyte, fails = 8 * kibibyte;
    std::string message = run_with(fails, small_work()).failure;
    while (works - fails > 64) {
        const std::size_t free = (works + fails) / 2;
        const Outcome outcome = run_with(free, small_work());
        if (outcome.failure.empty()) {
            expect_whole(outcome, small_work());
            works = free;
        } else {
            expect_part(outcome, small_work());
            message = outcome.failure;
            fails = free;
        }
    }
    EXPECT_THAT(message, AllOf(StartsWith("CUDA device 0 (emulated device 0) is short of memory: "),
                               HasSubstr("a batch of 8 images needs "), HasSubstr(" are free"),
                               HasSubstr("cudaMalloc of ")));
    EXPECT_NEAR(bytes_behind(message, "needs "), static_cast<double>(works), 1000.0);
    EXPECT_NEAR(bytes_behind(message, "KiB, "), static_cast<double>(fails), 1000.0);
}

TEST_F(Memory, DevicesOfManySizes) {
    std::size_t worked = 0, failed = 0;
    for (std::size_t size = 32; size < 4096; size += size / 3) {
        SCOPED_TRACE(size);
        emulation::set_devices({{.memory = size * kibibyte}});
        const auto engine = make_cuda_engine();
        const Outcome outcome = run(*engine, small_work());
        if (outcome.failure.empty()) {
            expect_whole(outcome, small_work());
            ++worked;
        } else {
            EXPECT_EQ(worked, 0u) << "less has been enough";
            EXPECT_THAT(outcome.failure, HasSubstr("is short of memory: "));
            ++failed;
        }
    }
    EXPECT_GT(worked, 3u);
    EXPECT_GT(failed, 1u);
}

TEST_F(Memory, NotEvenTheNetworkFits) {
    emulation::set_devices({{.memory = kibibyte}});
    EXPECT_THAT(run(*make_cuda_engine(), small_work()).failure,
                AllOf(StartsWith("CUDA device 0 (emulated device 0) is short of memory: "),
                      HasSubstr("cudaMalloc of ")));
    // Another device does the work.
    emulation::set_devices({{.memory = kibibyte}, {}});
    const Outcome outcome = run(*make_cuda_engine(), small_work());
    expect_whole(outcome, small_work());
    EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("device 0 (emulated device 0) is short")));
}

// A device that cannot hold any batch ends without doing harm; the one that can does the work.
TEST_F(Memory, ADeviceThatIsShortGivesItsWorkToOthers) {
    std::size_t lost = 0;
    for (const std::size_t left : {10, 30, 50, 60, 70}) {
        emulation::set_devices({{.memory = std::size_t{1} << 20}, {}});
        const auto engine = small_batches();
        engine->prepare(work().setup);
        const std::size_t taken = emulation::counters(0).bytes;
        ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
        const Other other((std::size_t{1} << 20) - taken - left * kibibyte);
        const Outcome outcome = run_prepared(*engine, work().units);
        expect_whole(outcome, work());
        for (const std::string& line : outcome.warnings)
            EXPECT_THAT(line, HasSubstr("device 0 (emulated device 0) is short of memory"));
        lost += outcome.warnings.size();
    }
    EXPECT_GT(lost, 0u);
}

// Memory is short for one network, not for all.
TEST_F(Memory, ASmallerNetworkWorksLater) {
    emulation::set_devices({{.memory = 700 * kibibyte}});
    const auto engine = make_cuda_engine();
    Work large = small_work();
    large.setup = tiny_setup(16, 200);
    for (int i = 0; i < 2; ++i) {
        EXPECT_THAT(run(*engine, large).failure, HasSubstr("is short of memory"));
        expect_whole(run(*engine, small_work()), small_work());
    }
}

// What the engine takes stays below the limit, whatever batches and points it holds.
TEST_F(Memory, LimitHolds) {
    for (std::size_t limit = 1200; limit <= 8000; limit += 1300) {
        emulation::set_devices(devices(1));
        CudaEngineOptions options;
        options.memory_limit = limit * kibibyte;
        const auto engine = make_cuda_engine(options);
        expect_whole(run(*engine, work()), work());
        EXPECT_LE(emulation::counters(0).most_bytes, limit * kibibyte);
        EXPECT_LE(engine->memory(work().units), limit * kibibyte);
    }
}

// Batches of one size take their memory once.
TEST_F(Memory, BuffersAreKept) {
    const Work equal = work_of(tiny_setup(320), {{0, 0, 0, 0, 320}});
    emulation::set_devices(devices(1));
    expect_whole(run(*small_batches(), equal), equal);
    EXPECT_LT(emulation::counters(0).allocations, 80u);
}

// Below what a batch of 8 images needs the limit is no error: that much is always taken.
TEST_F(Memory, ALimitBelowTheLeastIsPassedOver) {
    emulation::set_devices(devices(1));
    CudaEngineOptions options;
    options.memory_limit = 1;
    const auto engine = make_cuda_engine(options);
    expect_whole(run(*engine, small_work()), small_work());
}

// Images that do not fit into the cache's share are sent with every batch.
TEST_F(Memory, ImagesBesideTheCache) {
    const Work many = work_of(tiny_setup(4000), {{0, 0, 0, 3990, 10}, {0, 0, 0, 5, 20}});
    emulation::set_devices(devices(1));
    expect_whole(run(*make_cuda_engine(), many), many);
    const std::size_t cached = emulation::counters(0).most_bytes;
    EXPECT_GT(cached, 4000u * 16 * sizeof(float));
    CudaEngineOptions options;
    options.memory_limit = 1000 * kibibyte;
    emulation::set_devices(devices(1));
    expect_whole(run(*make_cuda_engine(options), many), many);
    EXPECT_LT(emulation::counters(0).most_bytes, cached);
}

}  // namespace
}  // namespace acim
