// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

#include "cuda/engine/launch.cuh"
#include "tests/cuda_emulation/emulation_fixture.hpp"

namespace acim {
namespace {

constexpr unsigned all = 0xffffffffu;

// Runs f(lane) in the lanes of two warps and gives what it returned in each thread.
template <class T, class F>
__global__ void call_in_threads(T* out, F f) {
    out[threadIdx.x] = f(static_cast<int>(threadIdx.x % 32));
}

template <class T, class F>
void expect_lanes(F in_kernel, T (*expected)(int lane)) {
    for_every_schedule([&] {
        const DeviceArray<T> out(64);
        launch("call_in_threads", call_in_threads<T, F>, {1, 1, 64}, nullptr, out.data(),
               in_kernel);
        const std::vector<T> got = downloaded(out);
        for (int t = 0; t < 64; ++t) EXPECT_EQ(got[t], expected(t % 32)) << t;
    });
}

TEST(Collectives, ShuffleReadsALaneModuloTheWidth) {
    expect_lanes<int>([](int lane) { return __shfl_sync(all, 10 * lane, 35); },
                      [](int) { return 30; });
    expect_lanes<int>([](int lane) { return __shfl_sync(all, lane, lane + 1, 8); },
                      [](int lane) { return lane / 8 * 8 + (lane + 1) % 8; });
}

TEST(Collectives, ShuffleCarries64BitsAndReals) {
    expect_lanes<std::int64_t>(
        [](int lane) { return __shfl_xor_sync(all, std::int64_t{lane} << 40, 5); },
        [](int lane) { return std::int64_t{lane ^ 5} << 40; });
    expect_lanes<double>([](int lane) { return __shfl_sync(all, 0.1 * lane, 31 - lane); },
                         [](int lane) { return 0.1 * (31 - lane); });
    expect_lanes<float>(
        [](int lane) { return __shfl_down_sync(all, static_cast<float>(lane) / 4, 1); },
        [](int lane) { return static_cast<float>(lane < 31 ? lane + 1 : 31) / 4; });
}

TEST(Collectives, ShuffleKeepsTheOwnValueBeyondItsPart) {
    expect_lanes<int>([](int lane) { return __shfl_up_sync(all, lane, 3, 16); },
                      [](int lane) { return lane % 16 < 3 ? lane : lane - 3; });
    expect_lanes<int>([](int lane) { return __shfl_down_sync(all, lane, 3, 16); },
                      [](int lane) { return lane % 16 > 12 ? lane : lane + 3; });
    // Earlier parts may be read, later ones not; PTX ISA, "shfl.sync".
    expect_lanes<int>([](int lane) { return __shfl_xor_sync(all, lane, 16, 16); },
                      [](int lane) { return lane < 16 ? lane : lane - 16; });
}

TEST(Collectives, Votes) {
    expect_lanes<unsigned>([](int lane) { return __ballot_sync(all, lane % 3 == 0); },
                           [](int) { return 0x49249249u; });
    expect_lanes<int>([](int lane) { return __any_sync(all, lane == 31); }, [](int) { return 1; });
    expect_lanes<int>([](int) { return __any_sync(all, 0); }, [](int) { return 0; });
    expect_lanes<int>([](int lane) { return __all_sync(all, lane != 31); }, [](int) { return 0; });
    expect_lanes<int>([](int lane) { return __all_sync(all, lane + 1); }, [](int) { return 1; });
}

TEST(Collectives, Reductions) {
    expect_lanes<int>([](int lane) { return __reduce_add_sync(all, lane - 20); },
                      [](int) { return 31 * 16 - 640; });
    expect_lanes<unsigned>(
        [](int lane) { return __reduce_add_sync(all, 0x90000000u + static_cast<unsigned>(lane)); },
        [](int) { return 31u * 16; });
    expect_lanes<int>([](int lane) { return __reduce_min_sync(all, 5 - lane); },
                      [](int) { return -26; });
    expect_lanes<unsigned>([](int lane) { return __reduce_or_sync(all, 1u << lane / 2); },
                           [](int) { return 0xffffu; });
}

TEST(Collectives, PartsOfAWarpMeetOnTheirOwn) {
    expect_lanes<unsigned>(
        [](int lane) {
            const unsigned low = 0x000000ffu;
            if (lane < 8) {
                const unsigned votes = __ballot_sync(low, lane != 2);
                __syncwarp(low);
                return votes + __reduce_add_sync(low, 1u);
            }
            return __ballot_sync(~low, lane % 2);
        },
        [](int lane) { return lane < 8 ? 0xfbu + 8u : 0xaaaaaa00u; });
}

// A sum over a warp by halving, many times over, in warps that run at different paces.
TEST(Collectives, ResultsOfOneMeetingSurviveTheNext) {
    expect_lanes<int>(
        [](int lane) {
            int total = 0;
            for (int round = 0; round < 20; ++round) {
                int sum = lane * round;
                for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(all, sum, step);
                total += sum;
            }
            return total;
        },
        [](int) { return 496 * 190; });
}

TEST(Intrinsics, FollowTheMathApi) {
    EXPECT_EQ(__popc(0xf0f0u), 8);
    EXPECT_EQ(__popcll(~0ull), 64);
    EXPECT_EQ(__clz(1), 31);
    EXPECT_EQ(__clz(0), 32);
    EXPECT_EQ(__clzll(1), 63);
    EXPECT_EQ(__ffs(0), 0);
    EXPECT_EQ(__ffs(8), 4);
    EXPECT_EQ(__brev(1u), 0x80000000u);
    EXPECT_EQ(__mulhi(-2, 3), -1);
    EXPECT_EQ(__umulhi(0x80000000u, 6u), 3u);
    EXPECT_EQ(__umul64hi(1ull << 63, 6), 3u);
    EXPECT_EQ(__byte_perm(0x33221100u, 0x77665544u, 0x7041u), 0x77004411u);
    EXPECT_EQ(__byte_perm(0x00000080u, 0, 0x0008u), 0x808080ffu);
    EXPECT_EQ(__funnelshift_l(0x80000001u, 2u, 1), 5u);
    EXPECT_EQ(__funnelshift_r(0x80000001u, 2u, 33), 0x40000000u);
    EXPECT_EQ(__dp4a(static_cast<int>(0xff80017fu), 0x02020202, 10), 10 + 2 * (127 + 1 - 128 - 1));
    EXPECT_EQ(__dp4a(0xff80017fu, 0x02020202u, 10u), 10u + 2 * (127 + 1 + 128 + 255));
    EXPECT_EQ(__vminu2(0x00018000u, 0x00027fffu), 0x00017fffu);
    EXPECT_EQ(__vmaxs2(0x0001ffffu, 0xffff0000u), 0x00010000u);
    EXPECT_EQ(__vadd2(0xffff0001u, 0x00010002u), 0x00000003u);
    EXPECT_EQ(min(-3, 2), -3);
    EXPECT_EQ(max(3u, 2u), 3u);
}

}  // namespace
}  // namespace acim
