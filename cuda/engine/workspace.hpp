// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/engine/device_network.hpp"
#include "cuda/engine/device_point.hpp"
#include "cuda/engine/finish_kernel.hpp"
#include "cuda/engine/runtime.hpp"
#include "cuda/engine/segment.hpp"

namespace acim {

// Elements that one slot needs of every buffer of a batch, at most over the layers of the network.
struct SlotSizes {
    std::int64_t tensors = 0;     // float
    std::int64_t quantised = 0;   // int16
    std::int64_t lines = 0;       // int8, unfolded
    std::int64_t high_lines = 0;  // the same of inputs with nine bits
    std::int64_t input_sums = 0;  // int32
    std::int64_t products = 0;    // int32
    std::int64_t high_products = 0;
    std::int64_t integers = 0;  // int64, each of A and D
    std::int64_t bits = 0;      // 32-bit words of packed inputs
    std::int64_t values = 0;    // int16, unfolded inputs of AiDAC layers
    // Of products of two computed tensors: the stored one in bytes, their sums (int64), its bits (32-bit
    // words), and how many of these products there are.
    std::int64_t stored_bytes = 0, stored_sums = 0, stored_words = 0, computed = 0;
    // The same on AiDAC macros: weights (int16) and corrections (int64).
    std::int64_t aidac_weights = 0, aidac_sums = 0;
    std::int64_t positions = 1;  // items
    std::int64_t layers = 0;     // for what a segment needs in each
    // Pixels of a batch are padded to a step: rows of products, and bytes of a pixel's lines.
    std::int64_t rows = 0, line_bytes = 0;

    // What a batch of that many slots and segments takes [byte].
    std::uint64_t bytes(std::uint32_t slots, std::size_t segments) const;
    // How many slots that memory holds beside what the segments need; their items fit 32 bits.
    std::uint64_t slots_in(std::uint64_t memory, std::size_t segments) const;

private:
    std::uint64_t slot_bytes() const;  // without its correct bits
};

SlotSizes slot_sizes(const DeviceNetwork& network);
// Makes room for the layers of a point.
void add_point(SlotSizes& sizes, const DeviceNetwork& network, const DevicePoint& point);

// Buffers of the batches of one lane; they grow with the largest batch.
struct Workspace {
    DeviceArray<float> tensors;
    DeviceArray<std::int16_t> quantised, values, aidac_weights;
    DeviceArray<std::int8_t> low, high;
    DeviceArray<std::int32_t> input_sums, low_products, high_products;
    DeviceArray<std::int64_t> analog, digital, stored_sums, aidac_sums;
    DeviceArray<std::int8_t> stored_bytes;
    DeviceArray<std::uint32_t> bits, stored_bits;
    DeviceArray<Slot> slots;
    DeviceArray<ItemClasses> items;
    DeviceArray<std::uint32_t> correct_bits;
    DeviceArray<SegmentCounts> counts;
    DeviceArray<std::uint16_t> predictions;
    DeviceArray<LimbSums> sums;
    DeviceArray<ConversionWork> conversion_works;
    DeviceArray<FinishWork> finish_works;

    // Words of packed inputs that a part may waste.
    static constexpr int spare_words = DeviceLayer::word_step;

    void reserve(const SlotSizes& sizes, std::uint32_t slots, std::size_t parts);
    std::uint64_t bytes() const;
};

}  // namespace acim
