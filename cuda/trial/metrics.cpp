// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/metrics.hpp"

#include <algorithm>

#include "cuda/model/macro/rounding.hpp"
#include "cuda/trial/normal_law.hpp"

namespace acim {
namespace {

constexpr double two_to_32 = 4294967296.0, two_to_40 = 1099511627776.0;

__extension__ using Wide = __int128;

WideSum wide_product(std::int64_t a, std::int64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return {static_cast<std::uint64_t>(product), static_cast<std::int64_t>(product >> 64)};
}

}  // namespace

int top1(std::span<const float> logits) {
    int best = 0;
    for (int i = 1; i < static_cast<int>(logits.size()); ++i)
        if (logits[i] > logits[best] || (logits[best] != logits[best] && logits[i] == logits[i]))
            best = i;
    return best;
}

std::int64_t cross_entropy_steps(std::span<const float> logits, int label) {
    const double peak = logits[top1(logits)];
    std::int64_t total = 0;
    for (const float l : logits) {
        const double below = peak - static_cast<double>(l);
        if (below >= 0.0) total += round_half_even(exp_minus(below) * two_to_40);
    }
    const double below = peak - static_cast<double>(logits[label]);
    const double loss = natural_log(static_cast<double>(total) / two_to_40) + below;
    if (!(loss < 512.0)) return std::int64_t{512} << 32;
    return round_half_even(loss * two_to_32);
}

void add_output(LayerSums& sums, std::int64_t exact, double y) {
    constexpr double limit = 4398046511104.0;  // 2^42: 2^50 in steps; no layer comes near
    const std::int64_t ideal = exact * 256;
    const std::int64_t error = round_half_even(std::clamp(y, -limit, limit) * 256.0) - ideal;
    ++sums.outputs;
    sums.y.add(ideal);
    sums.e.add(error);
    sums.ee.add(wide_product(error, error));
    sums.yy.add(wide_product(ideal, ideal));
    sums.ye.add(wide_product(ideal, error));
}

}  // namespace acim
