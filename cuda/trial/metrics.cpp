// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/metrics.hpp"

namespace acim {
namespace {

__extension__ using Wide = __int128;

WideSum wide_sum(Wide value) {
    return {static_cast<std::uint64_t>(value), static_cast<std::int64_t>(value >> 64)};
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

void OutputSums::add_to(LayerSums& sums) const {
    sums.outputs += outputs_;
    sums.y.add(wide_sum(y_));
    sums.e.add(wide_sum(e_));
    sums.ee.add(wide_sum(ee_));
    sums.yy.add(wide_sum(yy_));
    sums.ye.add(wide_sum(ye_));
}

}  // namespace acim
