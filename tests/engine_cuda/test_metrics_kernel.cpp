// SPDX-License-Identifier: Apache-2.0
// What images and their positions count on a device, against cuda/trial/metrics.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "cuda/engine/metrics_kernel.hpp"
#include "cuda/trial/metrics.hpp"
#include "tests/engine_cuda/device_values.hpp"

namespace acim {
namespace {

using testing_device::from_device;
using testing_device::on_device;

// Few values, so that many tie; among them all that are special.
std::vector<float> random_logits(std::mt19937& draw, std::size_t n) {
    const float infinity = std::numeric_limits<float>::infinity();
    const float special[] = {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 1e30F,
                             -0.0F};
    std::vector<float> out(n);
    for (float& x : out)
        x = draw() % 30 == 0 ? special[draw() % 5] : static_cast<float>(draw() % 64) / 4.0F;
    return out;
}

struct Shape {
    int classes = 1, positions = 1;
};

// `items` are the positions of all slots of all segments.
struct Batch {
    std::vector<Slot> slots;
    std::vector<ItemClasses> items;
    std::uint32_t words = 0;
};

Batch batch_of(const Shape& shape, const std::vector<std::uint32_t>& segment_slots) {
    Batch batch;
    const auto positions = static_cast<std::uint32_t>(shape.positions);
    for (std::uint32_t segment = 0; segment < segment_slots.size(); ++segment) {
        for (std::uint32_t i = 0; i < segment_slots[segment]; ++i)
            batch.slots.push_back({segment, 100 + i, 32 * batch.words + i * positions});
        batch.words += (segment_slots[segment] * positions + 31) / 32;
    }
    batch.items.resize(batch.slots.size() * positions);
    return batch;
}

void expect_metrics(const Shape& shape, const std::vector<std::uint32_t>& segment_slots,
                    unsigned seed) {
    std::mt19937 draw(seed);
    Batch batch = batch_of(shape, segment_slots);
    std::vector<SegmentCounts> counts(segment_slots.size());
    const auto width = static_cast<std::size_t>(shape.classes);
    const auto positions = static_cast<std::size_t>(shape.positions);
    const std::vector<float> logits = random_logits(draw, batch.items.size() * width);
    std::vector<std::uint8_t> bits(4 * std::size_t{batch.words});  // as TrialResult::correct_bits
    std::vector<std::uint16_t> predictions(batch.items.size());
    for (std::size_t i = 0; i < batch.items.size(); ++i) {
        const auto own = std::span(logits).subspan(i * width, width);
        const Slot& slot = batch.slots[i / positions];
        ItemClasses& item = batch.items[i];
        const int best = top1(own);
        predictions[i] = static_cast<std::uint16_t>(best);
        const auto any = [&] {
            return static_cast<std::int32_t>(draw() % static_cast<unsigned>(shape.classes));
        };
        item = {any(), any()};
        if (draw() % 2 != 0) item.label = best;
        if (draw() % 2 != 0) item.reference = best;
        SegmentCounts& sums = counts[slot.segment];
        const std::size_t bit = slot.bit + i % positions;
        if (best == item.label) {
            bits[bit / 8] |= static_cast<std::uint8_t>(1u << bit % 8);
            ++sums.correct;
        }
        if (best == item.reference) ++sums.agree;
        sums.cross_entropy += static_cast<unsigned long long>(cross_entropy_steps(own, item.label));
    }

    const Stream stream;
    const DeviceArray<float> device_logits = on_device(logits);
    const DeviceArray<Slot> device_slots = on_device(batch.slots);
    const DeviceArray<ItemClasses> device_items = on_device(batch.items);
    const auto device_bits = on_device(std::vector<std::uint32_t>(batch.words));
    const auto device_counts = on_device(std::vector<SegmentCounts>(counts.size()));
    const auto device_predictions = on_device(std::vector<std::uint16_t>(predictions.size()));
    launch_metrics({device_logits.data(), device_items.data(), device_slots.data(),
                    static_cast<std::uint32_t>(batch.slots.size()), shape.positions, shape.classes},
                   device_bits.data(), device_counts.data(), device_predictions.data(), stream);
    EXPECT_EQ(from_device(device_predictions, stream), predictions);
    const std::vector<std::uint32_t> got_words = from_device(device_bits, stream);
    const std::vector<SegmentCounts> got = from_device(device_counts, stream);
    for (std::size_t k = 0; k < bits.size(); ++k)
        EXPECT_EQ(got_words[k / 4] >> (8 * (k % 4)) & 0xFFu, bits[k]) << k;
    for (std::size_t s = 0; s < counts.size(); ++s) {
        EXPECT_EQ(got[s].correct, counts[s].correct);
        EXPECT_EQ(got[s].agree, counts[s].agree);
        EXPECT_EQ(got[s].cross_entropy, counts[s].cross_entropy);
    }
}

TEST(MetricsKernel, OneClass) { expect_metrics({1, 1}, {3}, 1); }

TEST(MetricsKernel, TenClassesInManySegments) { expect_metrics({10, 1}, {33, 1, 64, 0, 100}, 2); }

TEST(MetricsKernel, ThousandsOfClasses) { expect_metrics({2003, 1}, {5, 40}, 3); }

TEST(MetricsKernel, ManyPositionsASlot) {
    expect_metrics({7, 33}, {3, 0, 1, 20}, 5);
    expect_metrics({64, 5}, {8, 13}, 6);
}

TEST(MetricsKernel, NoSlots) { expect_metrics({10, 1}, {0}, 4); }

}  // namespace
}  // namespace acim
