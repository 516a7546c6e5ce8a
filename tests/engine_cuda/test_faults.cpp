// SPDX-License-Identifier: Apache-2.0
// Devices that fail: at every launch, for once or for good, told at once or by the next wait, before
// and between runs. Other devices do the work; without any, what was reported is whole.
#include "cuda/engine/launch.cuh"
#include "tests/engine_cuda/fault_work.hpp"

namespace acim {
namespace {

using namespace testing_device;
using emulation::LaunchFault;
using emulation::Told;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Faults : public MachineTest {
protected:
    static const Work& work() {
        static const Work all = all_points();
        return all;
    }
};

__global__ void nothing() {}

// From now on every call on the device fails.
void break_device(int device) {
    emulation::fail_launch({.device = device, .code = cudaErrorIllegalAddress, .sticky = true});
    ASSERT_EQ(cudaSetDevice(device), cudaSuccess);
    EXPECT_THROW(launch("nothing", nothing, {}, nullptr), DeviceError);
}

// Launches of a run on one device.
std::uint64_t launches_of(const Work& work) {
    emulation::set_devices(devices(1));
    const auto engine = small_batches();
    expect_whole(run(*engine, work), work);
    return emulation::counters(0).launches;
}

TEST_F(Faults, OneDeviceOfTwoFailsOnce) {
    int struck = 0;
    for (const std::uint64_t launch : {1, 2, 7, 16, 23}) {
        emulation::set_devices(devices(2));
        emulation::fail_launch({.device = 1, .launch = launch});
        const auto engine = small_batches();
        const Outcome first = run(*engine, work());
        expect_whole(first, work());
        const std::uint64_t launches = emulation::counters(1).launches;
        if (launches < launch) continue;
        ++struck;
        EXPECT_THAT(first.warnings,
                    ElementsAre(AllOf(StartsWith("CUDA device 1 (emulated device 1) failed: "),
                                      HasSubstr("a kernel failed"), HasSubstr("other devices"))));
        // It gets no more work, and nobody is told twice.
        const Outcome second = run(*engine, work());
        expect_whole(second, work());
        EXPECT_THAT(second.warnings, IsEmpty());
        EXPECT_EQ(emulation::counters(1).launches, launches);
    }
    EXPECT_GT(struck, 0);
}

// The last part of all may come back while every other lane has nothing to do.
TEST_F(Faults, TheOnlyPartIsDoneElsewhere) {
    const Work one = work_of(work().setup, {{0, 0, 0, 0, 8}});
    for (int device = 0; device < 2; ++device) {
        for (const std::uint64_t launch : {1, 9}) {
            emulation::set_devices(devices(2));
            emulation::fail_launch({.device = device, .launch = launch});
            const auto engine = make_cuda_engine();
            expect_whole(run(*engine, one), one);
        }
    }
}

TEST_F(Faults, TheOnlyDeviceFails) {
    for (const bool sticky : {false, true}) {
        emulation::set_devices(devices(1));
        emulation::fail_launch({.launch = 40, .code = cudaErrorIllegalAddress, .sticky = sticky});
        const auto engine = small_batches();
        const Outcome outcome = run(*engine, work());
        EXPECT_THAT(outcome.failure, AllOf(StartsWith("CUDA device 0 (emulated device 0) failed: "),
                                           HasSubstr("a kernel used an invalid address")));
        EXPECT_THAT(outcome.warnings, IsEmpty());
        expect_part(outcome, work());
        EXPECT_EQ(run_prepared(*engine, work().units).failure, outcome.failure);
        EXPECT_EQ(run(*engine, work()).failure, outcome.failure);
    }
}

// As the same command later: another process does what is left.
TEST_F(Faults, ALaterEngineDoesTheRest) {
    const std::uint64_t late = launches_of(work()) * 3 / 4;
    emulation::set_devices(devices(1));
    emulation::fail_launch({.launch = late});
    auto engine = small_batches();
    Outcome first = run(*engine, work());
    EXPECT_FALSE(first.results.empty());
    engine.reset();
    emulation::set_devices(devices(1));
    engine = small_batches();
    std::vector<WorkUnit> left;
    for (const WorkUnit& unit : work().units)
        if (!first.results.contains(unit)) left.push_back(unit);
    engine->prepare(work().setup);
    Outcome rest = run_prepared(*engine, left);
    EXPECT_EQ(rest.failure, "");
    rest.results.merge(first.results);
    EXPECT_EQ(rest.results, work().expected);
}

TEST_F(Faults, OneDeviceOfThreeBreaksAtAnyLaunch) {
    const std::uint64_t all = launches_of(work());
    int struck = 0;
    for (std::uint64_t launch = 1; launch < all / 3; launch += 5) {
        const Told told = launch % 2 == 0 ? Told::by_launch : Told::by_next_wait;
        SCOPED_TRACE(launch);
        emulation::set_devices(devices(3));
        emulation::fail_launch({1, launch, cudaErrorLaunchFailure, told, true});
        const auto engine = small_batches();
        const Outcome outcome = run(*engine, work());
        expect_whole(outcome, work());
        const bool reached = emulation::counters(1).launches >= launch;
        EXPECT_EQ(outcome.warnings.size(), reached ? 1u : 0u);
        struck += reached ? 1 : 0;
    }
    EXPECT_GT(struck, 0);
}

// A batch of many parts, each with a point of its own to send: the failure may show while it is
// gathered, and all that it holds has to come back.
TEST_F(Faults, HalfGatheredBatches) {
    std::vector<WorkUnit> units;
    for (std::uint32_t chip = 0; chip < 12; ++chip) units.push_back({1, chip, 0, chip, 2});
    const Work many = work_of(work().setup, units);
    for (std::uint64_t launch = 1; launch < 20; launch += 2) {
        emulation::set_devices(devices(2));
        emulation::fail_launch({0, launch, cudaErrorLaunchFailure, Told::by_next_wait, true});
        CudaEngineOptions options;
        options.batch_images = 16;
        expect_whole(run(*make_cuda_engine(options), many), many);
    }
}

TEST_F(Faults, EveryDeviceFails) {
    for (const std::uint64_t launch : {1, 12, 25}) {
        emulation::set_devices(devices(3));
        for (int device = 0; device < 3; ++device)
            emulation::fail_launch({.device = device, .launch = launch, .sticky = device == 1});
        std::vector<WorkUnit> units;  // enough for each of them to come so far
        for (std::uint32_t repeat = 0; repeat < 60; ++repeat) units.push_back({2, 0, repeat, 0, 8});
        const Work work = work_of(this->work().setup, units);
        const auto engine = small_batches();
        const Outcome outcome = run(*engine, work);
        EXPECT_THAT(outcome.failure,
                    AllOf(HasSubstr("CUDA device 0 (emulated device 0) failed: "),
                          HasSubstr("; CUDA device 1 (emulated device 1) failed: "),
                          HasSubstr("; CUDA device 2 (emulated device 2) failed: ")));
        expect_part(outcome, work);
    }
}

// Where the failing launch says nothing, the results of its batch must not count.
TEST_F(Faults, ToldByTheNextWait) {
    const Work one = work_of(work().setup, {{1, 1, 0, 3, 8}});
    const std::uint64_t all = launches_of(one);
    for (const bool sticky : {false, true}) {
        for (std::uint64_t launch = 1; launch <= all; launch += 3) {
            const LaunchFault fault{0, launch, cudaErrorLaunchFailure, Told::by_next_wait, sticky};
            emulation::set_devices(devices(1));
            emulation::fail_launch(fault);
            auto engine = make_cuda_engine();
            const Outcome alone = run(*engine, one);
            EXPECT_THAT(alone.failure, HasSubstr("device 0 (emulated device 0) failed: "));
            EXPECT_THAT(alone.results, IsEmpty());
            engine.reset();
            emulation::set_devices(devices(2));
            emulation::fail_launch(fault);
            engine = make_cuda_engine();
            expect_whole(run(*engine, one), one);
        }
    }
}

TEST_F(Faults, BrokenBeforeItIsPrepared) {
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    break_device(0);
    const Outcome outcome = run(*engine, work());
    expect_whole(outcome, work());
    EXPECT_THAT(outcome.warnings, ElementsAre(StartsWith("CUDA device 0 (")));
    EXPECT_EQ(emulation::counters(0).allocations, 0u);
    break_device(1);
    EXPECT_THAT(run(*engine, work()).failure,
                AllOf(HasSubstr("CUDA device 0 ("), HasSubstr("; CUDA device 1 (")));
}

TEST_F(Faults, BrokenBetweenPrepareAndRun) {
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    engine->prepare(work().setup);
    break_device(1);
    const Outcome outcome = run_prepared(*engine, work().units);
    expect_whole(outcome, work());
    EXPECT_THAT(outcome.warnings, ElementsAre(StartsWith("CUDA device 1 (")));
    break_device(0);
    EXPECT_THAT(run_prepared(*engine, work().units).failure, HasSubstr("CUDA device 0 ("));
}

// One line that names CUDA and what to do.
TEST_F(Faults, NoDriver) {
    emulation::set_devices(devices(2));
    const auto engine = small_batches();
    engine->prepare(work().setup);
    for (const cudaError_t code : {cudaErrorInsufficientDriver, cudaErrorInitializationError,
                                   cudaErrorNoDevice, cudaErrorUnknown}) {
        emulation::set_driver_failure(code);
        const CudaStatus status = cuda_status();
        EXPECT_TRUE(status.devices.empty());
        EXPECT_THAT(status.missing, AllOf(HasSubstr("CUDA"), HasSubstr("--engine cpu")));
        EXPECT_EQ(status.missing.find('\n'), std::string::npos);
        try {
            make_cuda_engine();
            FAIL();
        } catch (const std::runtime_error& error) {
            EXPECT_EQ(error.what(), status.missing);
        }
    }
    EXPECT_THAT(run_prepared(*engine, work().units).failure, HasSubstr("CUDA device 1 ("));
    emulation::set_driver_failure(cudaSuccess);
}

TEST_F(Faults, NoUsableDevice) {
    emulation::set_devices({});
    EXPECT_THAT(cuda_status().missing, HasSubstr("no CUDA device"));
    emulation::set_devices({{.major = 7, .minor = 5}});
    EXPECT_THAT(cuda_status().missing, HasSubstr("compute capability 8.0"));
    EXPECT_THROW(make_cuda_engine(), std::runtime_error);
    emulation::set_devices({{.major = 7, .minor = 5}, {}});
    EXPECT_EQ(make_cuda_engine()->name(), "cuda, 1 device: emulated device 1");
    CudaEngineOptions options;
    options.devices = {0, 5};
    EXPECT_THROW(make_cuda_engine(options), std::runtime_error);
}

}  // namespace
}  // namespace acim
