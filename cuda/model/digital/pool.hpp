// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/host_device.hpp"

// Pooling windows, taken value by value in any order. A loop starts at the `_start` value, calls
// the step or adds the terms for each element inside the map, and skips padding.
namespace acim::digital {

// The part of a window along one axis that lies inside the map: [begin, end).
struct PoolRange {
    int begin, end;
};
struct PoolWindow {
    PoolRange rows, columns;
};

// Of output `out` along an axis of `in` values, `pad` of padding before them.
ACIM_HD inline PoolRange pool_range(int out, int kernel, int stride, int pad, int in) {
    const int first = out * stride - pad, end = first + kernel;
    return {first > 0 ? first : 0, end < in ? end : in};
}

// Below every finite value; what a window of NaN only gives.
inline constexpr float max_pool_start = -3.402823466e38F;

ACIM_HD inline float max_pool_step(float best, float x) { return x > best ? x : best; }

// Largest magnitude of one term of an average, in steps of 2^-fraction_bits, and the largest window
// for which a sum of such terms cannot overflow: 2^44 * 2^18 = 2^62.
inline constexpr std::int64_t average_pool_term_limit = std::int64_t{1} << 44;
inline constexpr int average_pool_count_limit = 1 << 18;
// With 24 fraction bits terms are exact above 2^0 and saturate at |x| = 2^20.
inline constexpr int average_pool_fraction_bits = 24;

// x in steps of 2^-fraction_bits (0..24), half to even, saturating; NaN gives 0.
ACIM_HD inline std::int64_t average_pool_term(float x, int fraction_bits) {
    constexpr double limit = static_cast<double>(average_pool_term_limit);
    double t = static_cast<double>(x) * static_cast<double>(std::int64_t{1} << fraction_bits);
    t = t == t ? t : 0.0;
    t = t > -limit ? t : -limit;
    t = t < limit ? t : limit;
    return static_cast<std::int64_t>(nearest_even(t));
}

// Elements that an average divides by: all of the kernel's, or those inside the map.
ACIM_HD inline int average_pool_count(PoolWindow w, int kernel_elements, bool include_pad) {
    const int inside = (w.rows.end - w.rows.begin) * (w.columns.end - w.columns.begin);
    return include_pad ? kernel_elements : inside;
}

// Mean of `count` elements (padding included where the operator says so) from the sum of their
// terms: one IEEE division in double, rounded to float.
ACIM_HD inline float average_pool_result(std::int64_t sum, int count, int fraction_bits) {
    const double steps =
        static_cast<double>(count) * static_cast<double>(std::int64_t{1} << fraction_bits);
    return static_cast<float>(static_cast<double>(sum) / steps);
}

}  // namespace acim::digital
