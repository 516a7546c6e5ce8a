// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/metrics_kernel.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/model/digital/metrics.hpp"

// One thread an item, each with its own line of logits.
namespace acim {
namespace {

// Few, so that the items of a batch spread over the processors.
constexpr int threads = 64;

__global__ void add_metrics(ClassifiedItems b, std::int64_t items, std::uint32_t* correct_bits,
                            SegmentCounts* counts, std::uint16_t* predictions) {
    for (std::int64_t i = thread_index(); i < items; i += thread_count()) {
        const Slot slot = b.slots[i / b.positions];
        const std::uint32_t bit = slot.bit + static_cast<std::uint32_t>(i % b.positions);
        const ItemClasses item = b.items[i];
        const float* own = b.logits + i * b.classes;
        SegmentCounts& sums = counts[slot.segment];
        const int best = digital::top1(own, b.classes);
        if (predictions != nullptr) predictions[i] = static_cast<std::uint16_t>(best);
        if (best == item.label) {
            atomicOr(&correct_bits[bit / 32], 1u << (bit % 32));
            atomicAdd(&sums.correct, 1u);
        }
        if (best == item.reference) atomicAdd(&sums.agree, 1u);
        // Two's complement: sums of unsigned words are those of signed ones.
        atomicAdd(&sums.cross_entropy, static_cast<unsigned long long>(digital::cross_entropy_steps(
                                           own, b.classes, own[best], own[item.label])));
    }
}

}  // namespace

void launch_metrics(const ClassifiedItems& batch, std::uint32_t* correct_bits,
                    SegmentCounts* counts, std::uint16_t* predictions, cudaStream_t stream) {
    const std::int64_t items = std::int64_t{batch.count} * batch.positions;
    if (items == 0) return;
    launch("metrics", add_metrics, {.blocks = blocks_for(items, threads), .threads = threads},
           stream, batch, items, correct_bits, counts, predictions);
}

}  // namespace acim
