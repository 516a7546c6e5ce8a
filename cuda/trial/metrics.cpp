// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/metrics.hpp"

#include "cuda/model/digital/metrics.hpp"

namespace acim {
namespace {

__extension__ using Wide = __int128;

WideSum wide_product(std::int64_t a, std::int64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return {static_cast<std::uint64_t>(product), static_cast<std::int64_t>(product >> 64)};
}

}  // namespace

int top1(std::span<const float> logits) {
    return digital::top1(logits.data(), static_cast<int>(logits.size()));
}

std::int64_t cross_entropy_steps(std::span<const float> logits, int label) {
    return digital::cross_entropy_steps(logits.data(), static_cast<int>(logits.size()),
                                        logits[top1(logits)], logits[label]);
}

void Score::add(std::span<const float> logits, int label) {
    correct += top1(logits) == label ? 1 : 0;
    cross_entropy += cross_entropy_steps(logits, label);
}

void add_output(LayerSums& sums, std::int64_t exact, double y) {
    const auto [ideal, error] = digital::output_steps(exact, y);
    ++sums.outputs;
    sums.y.add(ideal);
    sums.e.add(error);
    sums.ee.add(wide_product(error, error));
    sums.yy.add(wide_product(ideal, ideal));
    sums.ye.add(wide_product(ideal, error));
}

}  // namespace acim
