// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/metrics_kernel.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/model/digital/metrics.hpp"

// One thread a slot, each with its own line of logits.
namespace acim {
namespace {

// Few, so that the slots of a batch spread over the processors.
constexpr int threads = 64;

__global__ void add_metrics(const float* logits, int classes, const Slot* slots,
                            std::uint32_t count, std::uint32_t* correct_bits,
                            SegmentCounts* counts) {
    for (std::int64_t i = thread_index(); i < count; i += thread_count()) {
        const Slot slot = slots[i];
        const float* own = logits + i * classes;
        SegmentCounts& sums = counts[slot.segment];
        const int best = digital::top1(own, classes);
        if (best == slot.label) {
            atomicOr(&correct_bits[slot.bit / 32], 1u << (slot.bit % 32));
            atomicAdd(&sums.correct, 1u);
        }
        if (best == slot.reference) atomicAdd(&sums.agree, 1u);
        // Two's complement: sums of unsigned words are those of signed ones.
        atomicAdd(&sums.cross_entropy, static_cast<unsigned long long>(digital::cross_entropy_steps(
                                           own, classes, own[best], own[slot.label])));
    }
}

}  // namespace

void launch_metrics(const float* logits, int classes, const Slot* slots, std::uint32_t count,
                    std::uint32_t* correct_bits, SegmentCounts* counts, cudaStream_t stream) {
    if (count == 0) return;
    launch("metrics", add_metrics, {.blocks = blocks_for(count, threads), .threads = threads},
           stream, logits, classes, slots, count, correct_bits, counts);
}

}  // namespace acim
