// SPDX-License-Identifier: Apache-2.0
// Arithmetic that must not depend on where it runs: the integer inverse normal, and the doubles of
// noise and transfer (division, square root, rounding half to even, no fused multiply-add).
#include <cuda_runtime.h>

#include <bit>
#include <span>
#include <vector>

#include "cuda/check/device_pins.hpp"
#include "cuda/engine/launch.cuh"
#include "cuda/model/macro/adc_channel.hpp"
#include "cuda/model/macro/noise.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/model/random/philox.hpp"
#include "cuda/trial/inverse_normal_table.hpp"

namespace acim {
namespace {

constexpr std::uint32_t normal_inputs = 1u << 22, double_inputs = 1u << 20;

// A 64-bit value of which every bit depends on all of `x` (splitmix64's finaliser).
ACIM_HD std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

ACIM_HD std::uint64_t bits_of(double x) {
#if defined(__CUDA_ARCH__)
    return static_cast<std::uint64_t>(__double_as_longlong(x));
#else
    return std::bit_cast<std::uint64_t>(x);
#endif
}

// Uniform number i: powers of two and their neighbours first, which start new octaves, then mixed.
ACIM_HD std::uint64_t uniform_of(std::uint32_t i) {
    if (i < 384) {
        const std::uint64_t power = std::uint64_t{1} << (i / 6u);
        const std::uint64_t near = power + i % 3u - 1;
        return i % 6u < 3 ? near : ~near;
    }
    return mix(i);
}

ACIM_HD std::uint64_t normal_term(const InverseNormalTable& table, std::uint32_t i) {
    const std::int32_t z = inverse_normal(table, uniform_of(i));
    return mix(std::uint64_t{i} << 32 | static_cast<std::uint32_t>(z));
}

// Constants that are no short binary fractions.
ACIM_HD ColumnTerms pinned_terms() {
    ColumnTerms t;
    t.cells = 252.0;
    t.mismatch = 0.0012;
    t.parasitic = 25.3;
    t.calibration = 1.1;
    t.injection_gain = 0.003;
    t.injection_curvature = 0.0017;
    t.settling = 0.0041;
    t.leakage = 0.00023;
    t.reset = false;
    return t;
}

ACIM_HD std::uint64_t double_term(std::uint32_t i) {
    const ColumnTerms t = pinned_terms();
    const PhiloxWords r = philox4x32(PhiloxWords{{i, 1, 2, 3}}, PhiloxKey{{4, 5}});
    const auto q_sum = static_cast<double>(static_cast<std::int32_t>(r.w[0]) >> 20);
    const auto s = static_cast<std::int64_t>(r.w[1] % 253u);
    const double per_count = count_voltage(t, q_sum, t.parasitic, 252);
    const double count = real_count(t, s, static_cast<std::int32_t>(r.w[2]) >> 22, 0);
    const double v = column_voltage(t, per_count, 0.0007, count, 1e-9 * r.w[3]);
    const FreshNoise noise{0.3, 1e-4 * (r.w[2] & 1023u), 0.99};
    const double sigma = total_sigma(noise, s);
    AdcScale scale;
    scale.lsb_per_fs = 255.0;
    const std::int64_t position = channel_position(scale, {}, v, sigma);
    return mix(bits_of(v) ^ mix(bits_of(sigma) ^ mix(static_cast<std::uint64_t>(position) + i)));
}

__global__ void normal_kernel(const InverseNormalTable* table, unsigned long long* hash) {
    unsigned long long sum = 0;
    for (std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < normal_inputs;
         i += gridDim.x * blockDim.x)
        sum += normal_term(*table, i);
    atomicAdd(hash, sum);
}

__global__ void double_kernel(unsigned long long* hash) {
    unsigned long long sum = 0;
    for (std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < double_inputs;
         i += gridDim.x * blockDim.x)
        sum += double_term(i);
    atomicAdd(hash, sum);
}

// What the kernel adds up; sums of 64 bits do not depend on their order.
template <class... Parameters, class... Arguments>
std::uint64_t device_hash(void (*kernel)(Parameters...), Arguments... arguments) {
    const Stream stream;
    DeviceArray<unsigned long long> hash(1);
    hash.clear(stream);
    launch("hash of a function", kernel, {1024, 1, 256}, stream, arguments..., hash.data());
    std::vector<unsigned long long> out(1);
    hash.download(out, stream);
    stream.wait();
    return out[0];
}

}  // namespace

std::vector<PinResult> arithmetic_pins() {
    const InverseNormalTable& table = inverse_normal_table();
    const DeviceArray<InverseNormalTable> on_device(std::span(&table, 1));
    std::uint64_t normals = 0, doubles = 0;
    for (std::uint32_t i = 0; i < normal_inputs; ++i) normals += normal_term(table, i);
    for (std::uint32_t i = 0; i < double_inputs; ++i) doubles += double_term(i);
    const bool same_normals = device_hash(normal_kernel, on_device.data()) == normals;
    const bool same_doubles = device_hash(double_kernel) == doubles;
    return {{"inverse_normal", "host", normal_inputs, same_normals ? 0u : 1u, false},
            {"transfer and noise in double", "host", double_inputs, same_doubles ? 0u : 1u, false}};
}

}  // namespace acim
