// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "cuda/engine/launch.cuh"
#include "tests/cuda_emulation/emulation_fixture.hpp"

namespace acim {
namespace {

using emulation::counters;
using emulation::DeviceModel;
using emulation::Told;

// Every test begins with one device of 1 MiB and has to give everything back.
class Runtime : public testing::Test {
protected:
    void SetUp() override { emulation::set_devices({{.memory = 1 << 20}}); }
    void TearDown() override {
        EXPECT_EQ(emulation::leftovers(), emulation::Leftovers{});
        emulation::set_devices({{}});
        ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
        static_cast<void>(cudaGetLastError());
    }
};

__global__ void add_one(std::uint32_t* values, unsigned n) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) ++values[i];
}

void launch_one(std::uint32_t* values, unsigned n = 1, cudaStream_t stream = nullptr) {
    launch("add_one", add_one, {blocks_for(n, 32), 1, 32}, stream, values, n);
}

TEST_F(Runtime, FreshMemoryIsPoisoned) {
    const DeviceArray<std::uint32_t> values(1000);
    EXPECT_EQ(downloaded(values), std::vector<std::uint32_t>(1000, emulation::poison_word));
}

TEST_F(Runtime, CopiesAndClears) {
    const std::vector<std::uint32_t> values{1, 2, 3, 4, 5, 6};
    DeviceArray<std::uint32_t> a{values}, b(4);
    b.clear(nullptr);
    // Columns 1 and 2 of two rows of 3 become the first columns of two rows of 2.
    ASSERT_EQ(cudaMemcpy2DAsync(b.data(), 8, a.data() + 1, 12, 4, 2, cudaMemcpyDeviceToDevice),
              cudaSuccess);
    EXPECT_EQ(downloaded(b), (std::vector<std::uint32_t>{2, 0, 5, 0}));
    EXPECT_EQ(downloaded(a), values);
}

TEST_F(Runtime, MemoryIsCountedAndEnds) {
    EXPECT_EQ(counters(0).bytes, 0u);
    std::size_t free = 0, total = 0;
    {
        const DeviceArray<char> most((1 << 20) - 100);
        ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
        EXPECT_EQ(free, 100u);
        EXPECT_EQ(total, 1u << 20);
        void* memory = nullptr;
        EXPECT_EQ(cudaMalloc(&memory, 101), cudaErrorMemoryAllocation);
        EXPECT_EQ(memory, nullptr);
        EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
        EXPECT_EQ(cudaGetLastError(), cudaSuccess);
        EXPECT_THROW(DeviceArray<char>(101), DeviceError);
        EXPECT_NO_THROW(DeviceArray<char>(100));
        EXPECT_EQ(emulation::leftovers().device_bytes, (1u << 20) - 100);
    }
    EXPECT_EQ(counters(0).bytes, 0u);
    EXPECT_EQ(counters(0).most_bytes, 1u << 20);
    EXPECT_EQ(counters(0).allocations, 2u);
}

TEST_F(Runtime, PinnedMemoryIsTheHosts) {
    std::uint32_t* values = nullptr;
    ASSERT_EQ(cudaMallocHost(&values, 4), cudaSuccess);
    values[0] = 5;
    const DeviceArray<std::uint32_t> device(1);
    EXPECT_EQ(cudaMemcpy(device.data(), values, 4, cudaMemcpyHostToDevice), cudaSuccess);
    EXPECT_EQ(downloaded(device)[0], 5u);
    EXPECT_EQ(counters(0).bytes, 4u);
    EXPECT_EQ(emulation::leftovers().pinned_bytes, 4u);
    EXPECT_EQ(cudaFreeHost(values), cudaSuccess);
}

TEST_F(Runtime, EveryDeviceHasItsOwnMemoryStreamsAndCounters) {
    emulation::set_devices({{.memory = 100}, {.memory = 200, .major = 8, .minor = 0}});
    int count = 0, major = 0;
    ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
    EXPECT_EQ(count, 2);
    EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
    std::thread([&] {  // the choice of a device is the thread's
        ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
        cudaDeviceProp properties;
        ASSERT_EQ(cudaGetDeviceProperties(&properties, 1), cudaSuccess);
        EXPECT_EQ(properties.totalGlobalMem, 200u);
        EXPECT_EQ(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 1),
                  cudaSuccess);
        EXPECT_EQ(major, 8);
        DeviceArray<std::uint32_t> values(50);
        values.clear(nullptr);
        launch_one(values.data(), 50);
        EXPECT_EQ(downloaded(values), std::vector<std::uint32_t>(50, 1));
    })
        .join();
    int device = -1;
    ASSERT_EQ(cudaGetDevice(&device), cudaSuccess);
    EXPECT_EQ(device, 0);
    EXPECT_THROW(DeviceArray<std::uint32_t>(50), DeviceError);
    EXPECT_EQ(counters(0).launches, 0u);
    EXPECT_EQ(counters(1).launches, 1u);
    EXPECT_EQ(counters(1).blocks, 2u);

    const Stream of_device_0;
    const DeviceArray<std::uint32_t> values(1);
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    EXPECT_THROW(launch_one(values.data(), 1, of_device_0), DeviceError);
}

TEST_F(Runtime, LaunchesThatCudaRefuses) {
    const DeviceArray<std::uint32_t> values(1);
    auto refused = [&](const Grid& grid) {
        try {
            launch("add_one", add_one, grid, nullptr, values.data(), 0);
            return false;
        } catch (const DeviceError&) {
            return true;
        }
    };
    EXPECT_FALSE(refused({1, 1, 1024, 227 << 10}));
    EXPECT_TRUE(refused({1, 1, 1024, (227 << 10) + 1}));
    EXPECT_TRUE(refused({1, 1, 1025}));
    EXPECT_TRUE(refused({0, 1, 32}));
    EXPECT_TRUE(refused({1, 65536, 32}));
}

TEST_F(Runtime, MuchSharedMemoryWantsAskingOnEveryDevice) {
    emulation::set_devices({{}, {}});
    cudaLaunchConfig_t config;
    config.dynamicSmemBytes = (48 << 10) + 4;
    auto launched = [&] { return cudaLaunchKernelEx(&config, add_one, nullptr, 0); };
    EXPECT_EQ(launched(), cudaErrorInvalidValue);
    ASSERT_EQ(cudaFuncSetAttribute(add_one, cudaFuncAttributeMaxDynamicSharedMemorySize, 50 << 10),
              cudaSuccess);
    EXPECT_EQ(launched(), cudaSuccess);
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    EXPECT_EQ(launched(), cudaErrorInvalidValue);
}

TEST_F(Runtime, NoDeviceAndNoDriver) {
    int count = -1;
    emulation::set_devices({});
    EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
    EXPECT_EQ(count, 0);
    EXPECT_THROW(DeviceArray<char>(1), DeviceError);
    emulation::set_devices({{}});
    emulation::set_driver_failure(cudaErrorInsufficientDriver);
    EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
    EXPECT_EQ(count, 0);
    EXPECT_EQ(cudaDriverGetVersion(&count), cudaSuccess);
    EXPECT_EQ(count, 0);
    EXPECT_THROW(Stream(), DeviceError);
    emulation::set_driver_failure(cudaSuccess);
}

TEST_F(Runtime, ALaunchFailsOnceWhereAsked) {
    DeviceArray<std::uint32_t> values(1);
    values.clear(nullptr);
    emulation::fail_launch({.launch = 2, .code = cudaErrorIllegalAddress});
    EXPECT_NO_THROW(launch_one(values.data()));
    EXPECT_THROW(launch_one(values.data()), DeviceError);
    EXPECT_NO_THROW(launch_one(values.data()));
    EXPECT_EQ(downloaded(values)[0], 2u);
    EXPECT_EQ(counters(0).launches, 3u);
    EXPECT_EQ(counters(0).blocks, 2u);
}

TEST_F(Runtime, AStickyFailureStays) {
    emulation::set_devices({{}, {}});
    {
        DeviceArray<std::uint32_t> values(1);
        emulation::fail_launch({.sticky = true});
        EXPECT_THROW(launch_one(values.data()), DeviceError);
        EXPECT_THROW(launch_one(values.data()), DeviceError);
        EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
        EXPECT_THROW(downloaded(values), DeviceError);
    }
    EXPECT_EQ(emulation::leftovers(), emulation::Leftovers{});  // freed all the same
    ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
    EXPECT_NO_THROW(launch_one(DeviceArray<std::uint32_t>(1).data()));
}

TEST_F(Runtime, AFailureIsToldByTheNextWait) {
    const Stream stream;
    DeviceArray<std::uint32_t> values(1);
    values.clear(nullptr);
    emulation::fail_launch({.told = Told::by_next_wait});
    EXPECT_NO_THROW(launch_one(values.data(), 1, stream));
    EXPECT_NO_THROW(launch_one(values.data(), 1, stream));  // does not run either
    EXPECT_THROW(stream.wait(), DeviceError);
    EXPECT_NO_THROW(stream.wait());
    EXPECT_EQ(downloaded(values)[0], 0u);

    emulation::fail_launch({.told = Told::by_next_wait, .sticky = true});
    EXPECT_NO_THROW(launch_one(values.data(), 1, stream));
    EXPECT_THROW(stream.wait(), DeviceError);
    EXPECT_THROW(stream.wait(), DeviceError);
}

TEST_F(Runtime, EventsAndStreamsAreHandles) {
    cudaEvent_t from, to;
    ASSERT_EQ(cudaEventCreate(&from), cudaSuccess);
    ASSERT_EQ(cudaEventCreateWithFlags(&to, cudaEventDisableTiming), cudaSuccess);
    {
        const Stream stream;
        EXPECT_EQ(cudaEventRecord(from, stream), cudaSuccess);
        EXPECT_EQ(cudaEventRecord(to, stream), cudaSuccess);
        EXPECT_EQ(cudaStreamWaitEvent(stream, to), cudaSuccess);
        EXPECT_EQ(emulation::leftovers().streams, 1u);
    }
    float milliseconds = -1;
    EXPECT_EQ(cudaEventElapsedTime(&milliseconds, from, to), cudaSuccess);
    EXPECT_GE(milliseconds, 0);
    EXPECT_EQ(emulation::leftovers().events, 2u);
    EXPECT_EQ(cudaEventDestroy(from), cudaSuccess);
    EXPECT_EQ(cudaEventDestroy(to), cudaSuccess);
    EXPECT_EQ(cudaEventSynchronize(to), cudaErrorInvalidResourceHandle);
}

TEST_F(Runtime, ErrorsHaveNames) {
    EXPECT_STREQ(cudaGetErrorName(cudaErrorNoDevice), "cudaErrorNoDevice");
    EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "not enough memory");
}

// Several host threads may launch at once; grids follow each other.
TEST_F(Runtime, HostThreadsShareADevice) {
    DeviceArray<std::uint32_t> values(64);
    values.clear(nullptr);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            const Stream stream;
            for (int round = 0; round < 50; ++round) {
                launch_one(values.data(), 64, stream);
                const DeviceArray<std::uint32_t> other(100);
            }
        });
    threads.clear();
    EXPECT_EQ(downloaded(values), std::vector<std::uint32_t>(64, 200));
}

}  // namespace
}  // namespace acim
