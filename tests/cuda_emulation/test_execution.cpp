// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cub/block/block_reduce.cuh>
#include <vector>

#include "cuda/engine/launch.cuh"
#include "tests/cuda_emulation/emulation.hpp"
#include "tests/cuda_emulation/emulation_fixture.hpp"

namespace acim {

extern __shared__ std::uint32_t acim_shared[];

namespace {

using emulation::Order;

__device__ int thread_index() {
    return static_cast<int>((threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x);
}

__global__ void write_indices(uint4* out) {
    const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    out[block * blockDim.x * blockDim.y * blockDim.z + thread_index()] =
        make_uint4(blockIdx.x, blockIdx.y, threadIdx.x, threadIdx.z);
}

TEST(Execution, EveryThreadOfEveryBlockRunsOnceUnderEveryOrder) {
    for_every_schedule([] {
        const dim3 grid(3, 2, 2), block(5, 2, 4);
        const int n = 12 * 40;
        DeviceArray<uint4> out(n);
        cudaLaunchConfig_t config;
        config.gridDim = grid;
        config.blockDim = block;
        ASSERT_EQ(cudaLaunchKernelEx(&config, write_indices, out.data()), cudaSuccess);
        const std::vector<uint4> got = downloaded(out);
        for (unsigned i = 0; i < n; ++i) {
            const unsigned b = i / 40, t = i % 40;
            EXPECT_EQ(got[i].x, b % 3);
            EXPECT_EQ(got[i].y, b / 3 % 2);
            EXPECT_EQ(got[i].z, t % 5);
            EXPECT_EQ(got[i].w, t / 10);
        }
    });
}

// out[t] = in[t + distance mod threads], through shared memory.
template <bool with_barrier>
__global__ void rotate(const std::uint32_t* in, std::uint32_t* out, int distance) {
    const unsigned t = threadIdx.x;
    acim_shared[t] = in[t];
    if (with_barrier) __syncthreads();
    out[t] = acim_shared[(t + distance) % blockDim.x];
}

template <bool with_barrier>
bool rotation_works(int distance) {
    constexpr unsigned threads = 96;
    std::vector<std::uint32_t> values(threads), expected(threads);
    for (unsigned t = 0; t < threads; ++t) values[t] = 1000 + t;
    for (unsigned t = 0; t < threads; ++t) expected[t] = values[(t + distance) % threads];
    const DeviceArray<std::uint32_t> in{values};
    const DeviceArray<std::uint32_t> out(threads);
    launch("rotate", rotate<with_barrier>, {1, 1, threads, threads * 4}, nullptr, in.data(),
           out.data(), distance);
    return downloaded(out) == expected;
}

TEST(Execution, ABarrierOrdersWritesBeforeReads) {
    for_every_schedule([] {
        for (const int distance : {0, 1, 40, 95}) EXPECT_TRUE(rotation_works<true>(distance));
    });
}

TEST(Execution, AMissingBarrierShowsInSomeOrder) {
    for (const int distance : {1, 95}) {
        int failures = 0;
        for_every_schedule([&] { failures += !rotation_works<false>(distance); });
        EXPECT_GE(failures, 1) << distance;
    }
}

// Every thread passes its number on `rounds` times; two barriers a round.
__global__ void pass_round(int rounds, std::uint32_t* out) {
    const unsigned t = threadIdx.x, next = (t + 1) % blockDim.x;
    std::uint32_t own = t;
    for (int round = 0; round < rounds; ++round) {
        acim_shared[next] = own;
        __syncthreads();
        own = acim_shared[t];
        __syncthreads();
    }
    out[blockIdx.x * blockDim.x + t] = own;
}

TEST(Execution, ManyBarriersInManyBlocks) {
    for_every_schedule([] {
        constexpr unsigned blocks = 7, threads = 1024, rounds = 5;
        const DeviceArray<std::uint32_t> out(blocks * threads);
        launch("pass_round", pass_round, {blocks, 1, threads, 4 * threads}, nullptr, rounds,
               out.data());
        const std::vector<std::uint32_t> got = downloaded(out);
        for (unsigned i = 0; i < blocks * threads; ++i)
            ASSERT_EQ(got[i], (i + threads - rounds) % threads);
    });
}

__global__ void leave_early(std::uint32_t* out) {
    if (threadIdx.x % 2 == 1) return;
    acim_shared[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = acim_shared[(threadIdx.x + 2) % blockDim.x];
}

TEST(Execution, ExitedThreadsDoNotCountAtABarrier) {
    for_every_schedule([] {
        const DeviceArray<std::uint32_t> out(64);
        launch("leave_early", leave_early, {1, 1, 64, 256}, nullptr, out.data());
        const std::vector<std::uint32_t> got = downloaded(out);
        for (unsigned t = 0; t < 64; t += 2) EXPECT_EQ(got[t], (t + 2) % 64);
    });
}

__global__ void read_unwritten(std::uint32_t* out) {
    out[blockIdx.x] = acim_shared[7];
    acim_shared[7] = 1;
}

TEST(Execution, SharedMemoryBeginsPoisonedInEveryBlock) {
    const DeviceArray<std::uint32_t> out(2);
    launch("read_unwritten", read_unwritten, {2, 1, 1, 32}, nullptr, out.data());
    EXPECT_EQ(downloaded(out), std::vector<std::uint32_t>(2, emulation::poison_word));
}

__global__ void block_sums(const long long* in, long long* sums, long long* elsewhere) {
    using Reduce = cub::BlockReduce<long long, 128>;
    __shared__ typename Reduce::TempStorage temp;
    for (int round = 0; round < 2; ++round) {
        const long long sum = Reduce(temp).Sum(in[round * 128 + threadIdx.x]);
        if (threadIdx.x == 0) sums[round] = sum;
        if (threadIdx.x == 1) elsewhere[round] = sum;
        __syncthreads();
    }
}

TEST(Execution, BlockReduceSumsInThread0Only) {
    for_every_schedule([] {
        std::vector<long long> values(256);
        for (int i = 0; i < 256; ++i) values[i] = i - 3LL * (1LL << 33);
        const DeviceArray<long long> in{values}, sums(2), elsewhere(2);
        launch("block_sums", block_sums, {1, 1, 128}, nullptr, in.data(), sums.data(),
               elsewhere.data());
        const long long base = -3LL * (1LL << 33) * 128;
        EXPECT_EQ(downloaded(sums),
                  (std::vector<long long>{base + 127 * 64, base + 127 * 64 + 128 * 128}));
        const auto poison = static_cast<long long>(emulation::poison_word * 0x100000001ull);
        EXPECT_EQ(downloaded(elsewhere), std::vector<long long>(2, poison));
    });
}

struct Totals {
    int sum, largest, smallest;
    unsigned bits, kept;
    unsigned long long wide;
};

__global__ void add_up(Totals* totals) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    atomicAdd(&totals->sum, -i);
    atomicMax(&totals->largest, i - 100);
    atomicMin(&totals->smallest, i - 100);
    atomicOr(&totals->bits, 1u << (i % 5));
    atomicAnd(&totals->kept, ~(1u << (i % 3)));
    atomicAdd(&totals->wide, 1ull << 32);
}

TEST(Execution, AtomicsOfAllBlocksAdd) {
    for_every_schedule([] {
        const Totals start{0, -1000, 1000, 0, 0xffu, 0};
        const DeviceArray<Totals> totals{std::span<const Totals>(&start, 1)};
        launch("add_up", add_up, {4, 1, 64}, nullptr, totals.data());
        const Totals got = downloaded(totals)[0];
        EXPECT_EQ(got.sum, -255 * 128);
        EXPECT_EQ(got.largest, 155);
        EXPECT_EQ(got.smallest, -100);
        EXPECT_EQ(got.bits, 0x1fu);
        EXPECT_EQ(got.kept, 0xf8u);
        EXPECT_EQ(got.wide, 256ull << 32);
    });
}

__global__ void arrival(std::uint32_t* order, std::uint32_t* count) {
    order[(*count)++] = blockIdx.x * blockDim.x + threadIdx.x;
}

std::vector<std::uint32_t> arrivals(const emulation::Schedule& schedule) {
    emulation::set_schedule(schedule);
    DeviceArray<std::uint32_t> order(64), count(1);
    count.clear(nullptr);
    launch("arrival", arrival, {4, 1, 16}, nullptr, order.data(), count.data());
    return downloaded(order);
}

TEST(Execution, OrdersAreWhatTheySay) {
    const ScheduleGuard guard;
    std::vector<std::uint32_t> up(64), down(64);
    for (unsigned i = 0; i < 64; ++i) up[i] = i, down[i] = 63 - i;
    EXPECT_EQ(arrivals({Order::ascending, 0}), up);
    EXPECT_EQ(arrivals({Order::descending, 0}), down);
    const auto shuffled = arrivals({Order::shuffled, 5});
    EXPECT_NE(shuffled, up);
    EXPECT_EQ(shuffled, arrivals({Order::shuffled, 5}));
    EXPECT_NE(shuffled, arrivals({Order::shuffled, 6}));
    EXPECT_THAT(shuffled, testing::UnorderedElementsAreArray(up));
}

}  // namespace
}  // namespace acim
