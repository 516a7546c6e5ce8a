// SPDX-License-Identifier: Apache-2.0
// What images count on a device, against cuda/trial/metrics.
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

void expect_metrics(int classes, const std::vector<std::uint32_t>& segment_slots, unsigned seed) {
    std::mt19937 draw(seed);
    std::vector<Slot> slots;
    std::vector<SegmentCounts> counts(segment_slots.size());
    std::uint32_t words = 0;
    for (std::uint32_t segment = 0; segment < segment_slots.size(); ++segment) {
        for (std::uint32_t i = 0; i < segment_slots[segment]; ++i) {
            Slot slot{segment, 100 + i, 32 * words + i, 0, -1};
            slot.label = static_cast<std::int32_t>(draw() % static_cast<unsigned>(classes));
            slot.reference = static_cast<std::int32_t>(draw() % static_cast<unsigned>(classes));
            slots.push_back(slot);
        }
        words += (segment_slots[segment] + 31) / 32;
    }
    const auto width = static_cast<std::size_t>(classes);
    const std::vector<float> logits = random_logits(draw, slots.size() * width);
    std::vector<std::uint8_t> bits(4 * std::size_t{words});  // as TrialResult::correct_bits
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const auto own = std::span(logits).subspan(i * width, width);
        Slot& slot = slots[i];
        const int best = top1(own);
        if (draw() % 2 != 0) slot.label = best;
        if (draw() % 2 != 0) slot.reference = best;
        SegmentCounts& sums = counts[slot.segment];
        if (best == slot.label) {
            bits[slot.bit / 8] |= static_cast<std::uint8_t>(1u << slot.bit % 8);
            ++sums.correct;
        }
        if (best == slot.reference) ++sums.agree;
        sums.cross_entropy += static_cast<unsigned long long>(cross_entropy_steps(own, slot.label));
    }

    const Stream stream;
    const DeviceArray<float> device_logits = on_device(logits);
    const DeviceArray<Slot> device_slots = on_device(slots);
    const auto device_bits = on_device(std::vector<std::uint32_t>(words));
    const auto device_counts = on_device(std::vector<SegmentCounts>(counts.size()));
    launch_metrics(device_logits.data(), classes, device_slots.data(),
                   static_cast<std::uint32_t>(slots.size()), device_bits.data(),
                   device_counts.data(), stream);
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

TEST(MetricsKernel, OneClass) { expect_metrics(1, {3}, 1); }

TEST(MetricsKernel, TenClassesInManySegments) { expect_metrics(10, {33, 1, 64, 0, 100}, 2); }

TEST(MetricsKernel, ThousandsOfClasses) { expect_metrics(2003, {5, 40}, 3); }

TEST(MetricsKernel, NoSlots) { expect_metrics(10, {0}, 4); }

}  // namespace
}  // namespace acim
