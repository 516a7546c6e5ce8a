// SPDX-License-Identifier: Apache-2.0
// Each misuse ends the process with a message that says who and where.
#include <cuda_runtime.h>

#include <cstdint>
#include <cub/block/block_reduce.cuh>
#include <stdexcept>

#include "cuda/engine/launch.cuh"
#include "cuda/engine/mma.cuh"
#include "tests/cuda_emulation/emulation_fixture.hpp"
#include "tests/cuda_emulation/sanitizer.hpp"

namespace acim {

extern __shared__ std::uint32_t acim_shared[];

namespace {

constexpr unsigned all = 0xffffffffu;

template <class F>
__global__ void call_in_threads(F f) {
    f(static_cast<int>(threadIdx.x));
}

template <class F>
void run(F f, unsigned threads = 64, std::size_t shared_bytes = 0) {
    launch("call_in_threads", call_in_threads<F>, {1, 1, threads, shared_bytes}, nullptr, f);
}

// Commas of lambdas would split the macro's arguments.
#define EXPECT_MISUSE(message, ...) EXPECT_DEATH((__VA_ARGS__), message)

TEST(Misuse, NamesBlockThreadAndPlace) {
    const std::string place = "test_misuse.cpp:" + std::to_string(__LINE__ + 1);
    auto kernel = [](int t) { t == 5 ? __syncwarp(1) : void(); };
    EXPECT_MISUSE("CUDA emulation: .*" + place +
                      ": __syncwarp: the calling lane is not in the "
                      "mask; block \\(0,0,0\\), thread \\(5,0,0\\)",
                  run(kernel));
}

TEST(Misuse, BarriersOfDifferentPlaces) {
    auto kernel = [](int t) {
        if (t < 32)
            __syncthreads();
        else
            __syncthreads();
    };
    EXPECT_MISUSE("__syncthreads: other threads of the block wait at __syncthreads", run(kernel));
}

TEST(Misuse, LaneOfTheMaskExits) {
    const char* message = "exits, the others wait for it|has exited";
    for_every_schedule([&] {
        EXPECT_MISUSE(message, run([](int t) { t == 7 ? void() : __syncwarp(); }));
        EXPECT_MISUSE(message, run([](int t) { t >= 40 ? 0u : __ballot_sync(all, 1); }));
    });
    EXPECT_MISUSE("has exited or never was", run([](int) { __syncwarp(); }, 48));
}

TEST(Misuse, LanesOfAMaskAtDifferentCollectives) {
    EXPECT_MISUSE("other lanes of its mask wait at ",
                  run([](int t) { t % 2 ? __syncwarp() : static_cast<void>(__any_sync(all, t)); }));
    EXPECT_MISUSE("with another mask",
                  run([](int t) { t % 32 < 16 ? __syncwarp(0x1ffffu) : __syncwarp(); }));
}

TEST(Misuse, WaitsForEver) {
    for_every_schedule([] {
        EXPECT_MISUSE("wait for others for ever: thread 0 at ",
                      run([](int t) { t == 0 ? __syncthreads() : __syncwarp(); }));
    });
}

TEST(Misuse, ShuffleFromOutsideOfTheMask) {
    EXPECT_MISUSE("__shfl_sync: a lane reads lane 16, which is not in the mask", run([](int t) {
                      if (t % 32 < 16) __shfl_sync(0xffffu, t, 16);
                  }));
}

TEST(Misuse, PartOfAWarpAtATensorCore) {
    EXPECT_MISUSE("mma_s8: a lane of the mask has exited or never was",
                  run(
                      [](int) {
                          std::int32_t c[4] = {};
                          const std::uint32_t a[4] = {};
                          mma_s8(c, a, 0, 0);
                      },
                      16));
}

template <int threads, bool with_barrier>
__global__ void reduce_twice() {
    using Reduce = cub::BlockReduce<int, threads>;
    __shared__ typename Reduce::TempStorage temp;
    for (int i = 0; i < 2; ++i) {
        Reduce(temp).Sum(1);
        if (with_barrier) __syncthreads();
    }
}

TEST(Misuse, BlockReduce) {
    const Grid grid{1, 1, 64};
    EXPECT_NO_THROW(launch("reduce_twice", reduce_twice<64, true>, grid, nullptr));
    EXPECT_MISUSE("no __syncthreads since the storage was used",
                  launch("reduce_twice", reduce_twice<64, false>, grid, nullptr));
    EXPECT_MISUSE("the block has not 128 threads",
                  launch("reduce_twice", reduce_twice<128, true>, grid, nullptr));
    EXPECT_MISUSE("a thread of the block (has exited|exits before it)", run([](int t) {
                      using Reduce = cub::BlockReduce<int, 64>;
                      Reduce::TempStorage temp;
                      if (t != 33) Reduce(temp).Sum(1);
                  }));
}

TEST(Misuse, OutsideOfAKernel) {
    EXPECT_MISUSE("__syncthreads: called outside of a kernel; no kernel runs", __syncthreads());
}

TEST(Misuse, AnExceptionInAKernel) {
    EXPECT_MISUSE("it threw too far; block .0,0,0., thread .3,0,0.", run([](int t) {
                      if (t == 3) throw std::out_of_range("too far");
                  }));
}

TEST(Misuse, WritesBesideMemory) {
    const DeviceArray<char> memory(10);
    char* const data = memory.data();
    const char* behind =
        emulation::address_sanitizer ? "heap-buffer-overflow" : "written behind 10 bytes";
    const char* before =
        emulation::address_sanitizer ? "heap-buffer-overflow" : "written before 10 bytes";
    EXPECT_NO_THROW(run([data](int t) { data[t % 10] = 1; }));
    EXPECT_MISUSE(behind, run([data](int t) { data[t % 11] = 1; }));
    EXPECT_MISUSE(before, run([data](int t) { data[t % 11 - 1] = 1; }));
}

TEST(Misuse, WritesBehindSharedMemory) {
    const char* message =
        emulation::address_sanitizer ? "use-after-poison" : "written behind the 256 bytes";
    EXPECT_NO_THROW(run([](int t) { acim_shared[t] = 1; }, 64, 256));
    EXPECT_MISUSE(message, run([](int t) { acim_shared[t] = 1; }, 65, 256));
}

TEST(Misuse, CopiesBeyondMemory) {
    const DeviceArray<char> memory(10);
    char host[20] = {};
    auto copy = [&](void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
        static_cast<void>(cudaMemcpy(to, from, bytes, kind));
    };
    EXPECT_MISUSE("11 bytes at 0x[0-9a-f]+ go beyond their allocation",
                  copy(memory.data(), host, 11, cudaMemcpyHostToDevice));
    EXPECT_MISUSE("are not device memory", copy(host, host + 10, 10, cudaMemcpyDeviceToHost));
    EXPECT_MISUSE("are device memory, not the host's",
                  copy(host, memory.data(), 10, cudaMemcpyHostToHost));
    EXPECT_MISUSE("go beyond", static_cast<void>(cudaMemset(memory.data() + 5, 0, 6)));
    EXPECT_MISUSE("nothing of its kind is allocated",
                  static_cast<void>(cudaFree(memory.data() + 1)));
    EXPECT_MISUSE("nothing of its kind is allocated",
                  static_cast<void>(cudaFreeHost(memory.data())));
}

TEST(Misuse, LeaksShowWhereDevicesChange) {
    const DeviceArray<char> memory(10);
    EXPECT_MISUSE("something is still allocated", emulation::set_devices({{}}));
}

}  // namespace
}  // namespace acim
