// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/workspace.hpp"

#include <algorithm>

#include "cuda/engine/product_kernel.hpp"

namespace acim {

std::uint64_t SlotSizes::slot_bytes() const {
    return static_cast<std::uint64_t>(
               tensors * 4 + quantised * 2 + lines + high_lines + input_sums * 4 + products * 4 +
               high_products * 4 + integers * 16 + bits * 4 + values * 2 + stored_bytes +
               stored_sums * 8 + stored_words * 4 + aidac_weights * 2 + aidac_sums * 8) +
           static_cast<std::uint64_t>(computed) * sizeof(ConversionWork) + sizeof(Slot) +
           static_cast<std::uint64_t>(positions) * (sizeof(ItemClasses) + sizeof(std::uint16_t));
}

std::uint64_t SlotSizes::bytes(std::uint32_t slots, std::size_t segments) const {
    // What Workspace::reserve() pads: sums, products, A and D by rows; bytes by lines.
    const std::int64_t padded_rows = rows * (4 + 4 + 8 + 8 + (high_lines > 0 ? 4 : 0));
    const std::int64_t padded_lines = line_bytes * (high_lines > 0 ? 2 : 1);
    const auto padding =
        static_cast<std::uint64_t>(padded_rows + padded_lines) * product_column_step;
    const std::uint64_t segment =
        sizeof(SegmentCounts) + sizeof(std::uint32_t) * (1 + Workspace::spare_words) +
        static_cast<std::uint64_t>(layers) *
            (sizeof(LimbSums) + sizeof(ConversionWork) + sizeof(FinishWork));
    const std::uint64_t correct_bits = slots * static_cast<std::uint64_t>(positions);
    return slots * slot_bytes() + correct_bits / 8 + padding + segments * segment;
}

std::uint64_t SlotSizes::slots_in(std::uint64_t memory, std::size_t segments) const {
    const std::uint64_t rest = bytes(0, segments);
    const std::uint64_t correct_bytes = (static_cast<std::uint64_t>(positions) + 7) / 8;
    const std::uint64_t most = (std::uint64_t{1} << 31) / static_cast<std::uint64_t>(positions);
    return memory > rest ? std::min(most, (memory - rest) / (slot_bytes() + correct_bytes)) : 0;
}

SlotSizes slot_sizes(const DeviceNetwork& network) {
    SlotSizes s;
    s.tensors = network.slot_elements();
    s.positions = network.network().positions();
    s.layers = static_cast<std::int64_t>(network.layers());
    const auto raise = [](std::int64_t& most, std::int64_t n) { most = std::max(most, n); };
    for (std::size_t i = 0; i < network.layers(); ++i) {
        const NetworkLayer& l = network.layer(i);
        const std::int64_t pixels = std::int64_t{l.conv_groups} * l.pixels;
        const std::int64_t rows = std::int64_t{l.conv_groups} * l.product_rows;
        raise(s.quantised, l.unfold.elements);
        raise(s.lines, pixels * l.line);
        raise(s.input_sums, pixels);
        raise(s.products, rows * l.pixels);
        if (l.two_bytes) {
            raise(s.high_lines, pixels * l.line);
            raise(s.high_products, rows * l.pixels);
        }
        raise(s.integers, pixels * l.outputs);
        raise(s.rows, rows);
        raise(s.line_bytes, std::int64_t{l.conv_groups} * l.line);
        if (l.is_computed()) {
            raise(s.stored_bytes, rows * l.line);
            raise(s.stored_sums, l.product->outputs);
            ++s.computed;
        }
    }
    return s;
}

void add_point(SlotSizes& sizes, const DeviceNetwork& network, const DevicePoint& point) {
    for (std::size_t i = 0; i < network.layers(); ++i) {
        const DeviceLayer& layer = point.layer(i);
        sizes.bits = std::max(sizes.bits, layer.bits_a_slot());
        sizes.stored_words = std::max(sizes.stored_words, layer.weight_words);
        if (layer.kernel != ConversionKernel::aidac) continue;
        const Product& product = *network.layer(i).product;
        sizes.values = std::max(sizes.values, std::int64_t{layer.shape.pixels} * product.depth);
        if (!layer.computed) continue;
        sizes.aidac_weights =
            std::max(sizes.aidac_weights, std::int64_t{product.outputs} * product.depth);
        sizes.aidac_sums = std::max<std::int64_t>(sizes.aidac_sums, product.outputs);
    }
}

void Workspace::reserve(const SlotSizes& s, std::uint32_t count, std::size_t parts) {
    const auto n = static_cast<std::size_t>(count);
    const std::size_t rows = static_cast<std::size_t>(s.rows) * product_column_step;
    const std::size_t line_bytes = static_cast<std::size_t>(s.line_bytes) * product_column_step;
    const auto of = [n](std::int64_t a_slot) { return static_cast<std::size_t>(a_slot) * n; };
    tensors.reserve(of(s.tensors));
    quantised.reserve(of(s.quantised));
    values.reserve(of(s.values));
    low.reserve(of(s.lines) + line_bytes);
    input_sums.reserve(of(s.input_sums) + rows);
    low_products.reserve(of(s.products) + rows);
    if (s.high_lines > 0) {
        high.reserve(of(s.high_lines) + line_bytes);
        high_products.reserve(of(s.high_products) + rows);
    }
    analog.reserve(of(s.integers) + rows);
    digital.reserve(of(s.integers) + rows);
    bits.reserve(of(s.bits) + parts * spare_words);
    stored_bytes.reserve(of(s.stored_bytes));
    stored_sums.reserve(of(s.stored_sums));
    stored_bits.reserve(of(s.stored_words));
    aidac_weights.reserve(of(s.aidac_weights));
    aidac_sums.reserve(of(s.aidac_sums));
    slots.reserve(n);
    items.reserve(of(s.positions));
    predictions.reserve(of(s.positions));
}

std::uint64_t Workspace::bytes() const {
    return tensors.bytes() + quantised.bytes() + values.bytes() + low.bytes() + high.bytes() +
           input_sums.bytes() + low_products.bytes() + high_products.bytes() + analog.bytes() +
           digital.bytes() + bits.bytes() + stored_bytes.bytes() + stored_sums.bytes() +
           stored_bits.bytes() + aidac_weights.bytes() + aidac_sums.bytes() + slots.bytes() +
           items.bytes() + correct_bits.bytes() + counts.bytes() + predictions.bytes() +
           sums.bytes() + conversion_works.bytes() + finish_works.bytes();
}

}  // namespace acim
