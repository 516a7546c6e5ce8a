// SPDX-License-Identifier: Apache-2.0
// The generator of all random numbers beside cuRAND's device function of the same name: equal words
// for equal counters and keys, and the speed of both in one run. cuRAND is a header here, so nothing
// is linked.
#include <cuda_runtime.h>

#include <vector>

#if __has_include(<curand_philox4x32_x.h>)
#include <curand_philox4x32_x.h>
#define ACIM_HAS_CURAND 1
#else
#define ACIM_HAS_CURAND 0
#endif

#include "cuda/check/device_pins.hpp"
#include "cuda/check/stopwatch.cuh"
#include "cuda/engine/launch.cuh"
#include "cuda/model/random/philox.hpp"

namespace acim {
namespace {

constexpr std::uint32_t pinned_counters = 1u << 20;

struct Ours {
    static constexpr const char* name = "philox4x32";
    ACIM_HD static PhiloxWords call(const PhiloxWords& c, const PhiloxKey& k) {
        return philox4x32(c, k);
    }
};

#if ACIM_HAS_CURAND
struct CuRand {
    static constexpr const char* name = "curand_Philox4x32_10";
    __device__ static PhiloxWords call(const PhiloxWords& c, const PhiloxKey& k) {
        const uint4 r = curand_Philox4x32_10(make_uint4(c.w[0], c.w[1], c.w[2], c.w[3]),
                                             make_uint2(k.k[0], k.k[1]));
        return PhiloxWords{{r.x, r.y, r.z, r.w}};
    }
};
#endif

// Counter and key number i: every word takes many values, the first ones are the corners.
ACIM_HD PhiloxWords counter_of(std::uint32_t i) {
    if (i < 16)
        return PhiloxWords{{(i & 1u) != 0 ? ~0u : 0u, (i & 2u) != 0 ? ~0u : 0u,
                            (i & 4u) != 0 ? ~0u : 0u, (i & 8u) != 0 ? ~0u : 0u}};
    return PhiloxWords{{i, i * 0x9E3779B9u, i * i, ~i * 0x85EBCA6Bu}};
}

ACIM_HD PhiloxKey key_of(std::uint32_t i) {
    return PhiloxKey{{(i >> 4) * 0xC2B2AE35u, i < 64 ? ~0u : i * 0x27D4EB2Fu}};
}

template <class Generator>
__global__ void pin_kernel(PhiloxWords* out) {
    const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < pinned_counters) out[i] = Generator::call(counter_of(i), key_of(i));
}

template <class Generator>
std::vector<PhiloxWords> words_of() {
    const Stream stream;
    DeviceArray<PhiloxWords> device(pinned_counters);
    std::vector<PhiloxWords> host(pinned_counters);
    launch("words of a generator", pin_kernel<Generator>,
           {blocks_for(pinned_counters, 256), 1, 256}, stream, device.data());
    device.download(host, stream);
    stream.wait();
    return host;
}

PinResult compare(const char* against, const std::vector<PhiloxWords>& a,
                  const std::vector<PhiloxWords>& b) {
    PinResult result{"Philox4x32-10", against, 4 * std::uint64_t{pinned_counters}, 0, false};
    for (std::size_t i = 0; i < a.size(); ++i)
        for (int j = 0; j < 4; ++j) result.different += a[i].w[j] != b[i].w[j] ? 1 : 0;
    return result;
}

constexpr int calls_per_thread = 512, chains = 4;

// Four independent calls at a time, as the engine's kernels make them.
template <class Generator>
__global__ void __launch_bounds__(256) speed_kernel(std::uint32_t* sink, std::uint32_t seed) {
    const std::uint32_t thread = blockIdx.x * blockDim.x + threadIdx.x;
    const PhiloxKey key{{seed, 0x1234567u}};
    std::uint32_t folded = 0;
    for (std::uint32_t n = 0; n < calls_per_thread; n += chains) {
#pragma unroll
        for (std::uint32_t q = 0; q < chains; ++q) {
            const PhiloxWords r = Generator::call(PhiloxWords{{thread, n + q, seed, 7}}, key);
            folded ^= (r.w[0] + r.w[1]) ^ (r.w[2] + r.w[3]);
        }
    }
    sink[thread] = folded;
}

template <class Generator>
double words_per_second(const DeviceArray<std::uint32_t>& sink, std::uint32_t seed) {
    const Stream stream;
    Stopwatch clock(stream);
    const Grid grid{static_cast<unsigned>(sink.size() / 256), 1, 256};
    clock.start();
    launch("speed of a generator", speed_kernel<Generator>, grid, stream, sink.data(), seed);
    return 4.0 * calls_per_thread * static_cast<double>(sink.size()) / clock.stop();
}

}  // namespace

std::vector<PinResult> philox_pins() {
    const std::vector<PhiloxWords> ours = words_of<Ours>();
    std::vector<PhiloxWords> host(pinned_counters);
    for (std::uint32_t i = 0; i < pinned_counters; ++i)
        host[i] = philox4x32(counter_of(i), key_of(i));
    std::vector<PinResult> results{compare("host", ours, host)};
#if ACIM_HAS_CURAND
    results.push_back(compare("cuRAND", ours, words_of<CuRand>()));
#else
    results.push_back({"Philox4x32-10", "cuRAND", 0, 0, true});
#endif
    return results;
}

std::vector<RateResult> philox_rates(int rounds) {
    std::vector<RateResult> results{{Ours::name, "words/s", {}, {}}};
#if ACIM_HAS_CURAND
    results.push_back({CuRand::name, "words/s", {}, {}});
#endif
    const DeviceArray<std::uint32_t> sink(std::size_t{1} << 20);
    for (int round = -1; round < rounds; ++round) {
        const auto seed = static_cast<std::uint32_t>(round + 2);
        std::vector<double> rates{words_per_second<Ours>(sink, seed)};
#if ACIM_HAS_CURAND
        rates.push_back(words_per_second<CuRand>(sink, seed));
#endif
        for (std::size_t i = 0; i < rates.size() && round >= 0; ++i)  // the first one warms up
            results[i].rounds.push_back(rates[i]);
    }
    return results;
}

}  // namespace acim
