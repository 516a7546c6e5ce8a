// SPDX-License-Identifier: Apache-2.0
// What one multiprocessor does in a cycle: the rates that bounds of the conversion kernels are made
// of (scripts/gpu-check). One block of 1024 threads on every multiprocessor runs four chains of one
// instruction; cycles are counted on the device, so that the clock does not matter.
#include <cuda_runtime.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "cuda/check/device_pins.hpp"
#include "cuda/check/stopwatch.cuh"
#include "cuda/engine/launch.cuh"
#include "cuda/engine/mma.cuh"

namespace acim {
namespace {

constexpr int threads = 1024, chains = 4, unrolled = 16, loops = 2048;
constexpr int table_entries = 8192;  // of 32 KB of shared memory

extern __shared__ std::uint32_t acim_shared[];

// One instruction per chain and step; `lanes` is what a warp's instruction counts for.
struct MultiplyAdd {
    static constexpr const char* name = "IMAD";
    static constexpr int lanes = 32;
    std::uint32_t x[chains], m;
    __device__ explicit MultiplyAdd(std::uint32_t seed) : m(seed | 1u) {
        for (int c = 0; c < chains; ++c) x[c] = seed + c;
    }
    __device__ void step(int c) {
        asm volatile("mad.lo.u32 %0, %0, %1, %1;" : "+r"(x[c]) : "r"(m));
    }
    __device__ std::uint32_t result() const { return x[0] ^ x[1] ^ x[2] ^ x[3]; }
};

// Low half times high half, so that the compiler needs both.
struct WideMultiply {
    static constexpr const char* name = "IMAD.WIDE";
    static constexpr int lanes = 32;
    std::uint64_t x[chains];
    __device__ explicit WideMultiply(std::uint32_t seed) {
        for (std::uint32_t c = 0; c < chains; ++c) x[c] = (seed + c) * 0x9E3779B97F4A7C15ull;
    }
    __device__ void step(int c) {
        const auto low = static_cast<std::uint32_t>(x[c]);
        const auto high = static_cast<std::uint32_t>(x[c] >> 32);
        asm volatile("mul.wide.u32 %0, %1, %2;" : "=l"(x[c]) : "r"(low), "r"(high));
    }
    __device__ std::uint32_t result() const {
        const std::uint64_t all = x[0] ^ x[1] ^ x[2] ^ x[3];
        return static_cast<std::uint32_t>(all ^ (all >> 32));
    }
};

struct Logic : MultiplyAdd {
    static constexpr const char* name = "LOP3";
    using MultiplyAdd::MultiplyAdd;
    __device__ void step(int c) {
        asm volatile("lop3.b32 %0, %0, %1, %2, 0x96;" : "+r"(x[c]) : "r"(m), "r"(x[c ^ 1]));
    }
};

struct AddMinimum : MultiplyAdd {
    static constexpr const char* name = "VIADDMNMX";
    using MultiplyAdd::MultiplyAdd;
    __device__ void step(int c) {
        x[c] = static_cast<std::uint32_t>(__viaddmin_s32_relu(
            static_cast<int>(x[c]), static_cast<int>(m), static_cast<int>(x[c ^ 1])));
    }
};

struct PairMinimum : MultiplyAdd {
    static constexpr const char* name = "VIADDMNMX.16x2";
    using MultiplyAdd::MultiplyAdd;
    __device__ void step(int c) { x[c] = __viaddmin_s16x2_relu(x[c], m, x[c ^ 1]); }
};

struct CountBits : MultiplyAdd {
    static constexpr const char* name = "POPC";
    using MultiplyAdd::MultiplyAdd;
    __device__ void step(int c) { asm volatile("popc.b32 %0, %0;" : "+r"(x[c])); }
};

// Where a table begins in shared memory [byte]; some of it belongs to the system.
__device__ std::uint32_t table_base() {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(acim_shared));
}

// Follows a permutation of addresses through shared memory.
template <bool random>
struct Gather {
    static constexpr const char* name = random ? "LDS, random banks" : "LDS, no conflicts";
    static constexpr int lanes = 32;
    std::uint32_t at[chains];
    __device__ explicit Gather(std::uint32_t) {
        for (int c = 0; c < chains; ++c)
            at[c] = table_base() + 4 * ((threadIdx.x + 1024 * c) % table_entries);
    }
    __device__ void step(int c) { asm volatile("ld.shared.u32 %0, [%0];" : "+r"(at[c])); }
    __device__ std::uint32_t result() const { return at[0] ^ at[1] ^ at[2] ^ at[3]; }
};

// Tensor core instructions, one per warp and step.
struct MmaBits {
    static constexpr const char* name = "mma m16n8k256 b1 AND";
    static constexpr int lanes = 1;
    std::int32_t c_[chains][4] = {};
    std::uint32_t a[4], b0, b1;
    __device__ explicit MmaBits(std::uint32_t seed)
        : a{seed, seed + 1, seed + 2, seed + 3}, b0(~seed), b1(seed) {}
    __device__ void step(int c) { mma_and_popc(c_[c], a, b0, b1); }
    __device__ std::uint32_t result() const {
        std::uint32_t sum = 0;
        for (int c = 0; c < chains; ++c)
            for (const std::int32_t v : c_[c]) sum += static_cast<std::uint32_t>(v);
        return sum;
    }
};

struct MmaBytes : MmaBits {
    static constexpr const char* name = "mma m16n8k32 s8";
    using MmaBits::MmaBits;
    __device__ void step(int c) { mma_s8(c_[c], a, b0, b1); }
};

template <class Op>
__global__ void __launch_bounds__(threads)
    rate_kernel(const std::uint32_t* table, std::uint32_t seed, long long* cycles,
                std::uint32_t* sink) {
    for (int i = threadIdx.x; i < table_entries; i += threads)
        acim_shared[i] = table_base() + table[i];
    Op op(seed + threadIdx.x);
    __syncthreads();
    const long long start = clock64();
    for (int n = 0; n < loops; ++n)
#pragma unroll
        for (int i = 0; i < unrolled; ++i)
#pragma unroll
            for (int c = 0; c < chains; ++c) op.step(c);
    __syncthreads();
    if (threadIdx.x == 0) cycles[blockIdx.x] = clock64() - start;
    sink[blockIdx.x * threads + threadIdx.x] = op.result();
}

// Byte offsets into the table: a random permutation, or 32 words further.
std::vector<std::uint32_t> offsets(bool random) {
    std::vector<std::uint32_t> out(table_entries);
    std::iota(out.begin(), out.end(), 0u);
    if (random) {
        std::mt19937 draw(9);
        for (std::size_t i = out.size() - 1; i > 0; --i) std::swap(out[i], out[draw() % (i + 1)]);
    } else {
        for (std::uint32_t& v : out) v = (v + 32) % table_entries;
    }
    for (std::uint32_t& v : out) v *= 4;
    return out;
}

class RateBench {
public:
    explicit RateBench(int rounds) : rounds_(rounds) {
        int device = 0;
        check(cudaGetDevice(&device), "current device");
        check(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device),
              "multiprocessors");
        sink_ = DeviceArray<std::uint32_t>(static_cast<std::size_t>(processors_) * threads);
        cycles_ = DeviceArray<long long>(static_cast<std::size_t>(processors_));
    }

    // Kernels until the clock has left its idle state.
    void warm_up() {
        constexpr double enough = 0.3;  // [s]
        const std::vector<std::uint32_t> host = offsets(false);
        const DeviceArray<std::uint32_t> table{std::span<const std::uint32_t>(host)};
        for (double seconds = 0.0; seconds < enough;) seconds += run<MultiplyAdd>(table);
    }

    template <class Op>
    void add(bool random_table = false) {
        const std::vector<std::uint32_t> host = offsets(random_table);
        const DeviceArray<std::uint32_t> table{std::span<const std::uint32_t>(host)};
        RateResult result{Op::name, Op::lanes == 1 ? "warp instructions/s" : "lanes/s", {}, {}};
        for (int round = -1; round < rounds_; ++round) {
            const double seconds = run<Op>(table);
            if (round < 0) continue;  // the first one warms up
            const double each = 32.0 * unrolled * loops * chains * Op::lanes;  // 32 warps
            result.rounds.push_back(each * processors_ / seconds);
            result.per_cycle.push_back(each / cycles());
        }
        results_.push_back(std::move(result));
    }

    void add_copy() {
        constexpr std::size_t bytes = std::size_t{512} << 20;
        const DeviceArray<std::uint8_t> from(bytes), to(bytes);
        const Stream stream;
        Stopwatch clock(stream);
        RateResult result{"copy on the device, read and written", "byte/s", {}, {}};
        for (int round = -1; round < rounds_; ++round) {
            clock.start();
            check(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice, stream),
                  "copy");
            const double seconds = clock.stop();
            if (round >= 0) result.rounds.push_back(2.0 * bytes / seconds);
        }
        results_.push_back(std::move(result));
    }

    std::vector<RateResult> take() { return std::move(results_); }

private:
    template <class Op>
    double run(const DeviceArray<std::uint32_t>& table) {
        const Stream stream;
        Stopwatch clock(stream);
        const Grid grid{static_cast<unsigned>(processors_), 1, threads, 4 * table_entries};
        clock.start();
        launch(Op::name, rate_kernel<Op>, grid, stream, table.data(), 77u, cycles_.data(),
               sink_.data());
        return clock.stop();
    }
    // Of the median multiprocessor in the last run.
    double cycles() const {
        const Stream stream;
        std::vector<long long> host(cycles_.size());
        cycles_.download(host, stream);
        stream.wait();
        std::ranges::sort(host);
        return static_cast<double>(host[host.size() / 2]);
    }

    int rounds_, processors_ = 0;
    DeviceArray<std::uint32_t> sink_;
    DeviceArray<long long> cycles_;
    std::vector<RateResult> results_;
};

}  // namespace

void use_device(int index) { check(cudaSetDevice(index), "choice of the device"); }

std::vector<RateResult> pipe_rates(int rounds) {
    RateBench bench(rounds);
    bench.warm_up();
    bench.add<WideMultiply>();
    bench.add<MultiplyAdd>();
    bench.add<Logic>();
    bench.add<AddMinimum>();
    bench.add<PairMinimum>();
    bench.add<CountBits>();
    bench.add<Gather<false>>(false);
    bench.add<Gather<true>>(true);
    bench.add<MmaBits>();
    bench.add<MmaBytes>();
    bench.add_copy();
    return bench.take();
}

}  // namespace acim
