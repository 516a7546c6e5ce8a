// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/workspace.hpp"

#include <algorithm>

#include "cuda/engine/product_kernel.hpp"

namespace acim {

std::uint64_t SlotSizes::total() const {
    return static_cast<std::uint64_t>(tensors * 4 + quantised * 2 + bytes + high_bytes +
                                      input_sums * 4 + products * 4 + high_products * 4 +
                                      integers * 16 + bits * 4 + values * 2) +
           sizeof(Slot);
}

SlotSizes slot_sizes(const DeviceNetwork& network) {
    SlotSizes s;
    s.tensors = network.slot_elements();
    const auto raise = [](std::int64_t& most, std::int64_t n) { most = std::max(most, n); };
    for (std::size_t i = 0; i < network.layers(); ++i) {
        const NetworkLayer& l = network.layer(i);
        const std::int64_t lines = std::int64_t{l.conv_groups} * l.pixels;
        const std::int64_t rows = std::int64_t{l.conv_groups} * l.product_rows;
        raise(s.quantised, l.unfold.elements);
        raise(s.bytes, lines * l.line);
        raise(s.input_sums, lines);
        raise(s.products, rows * l.pixels);
        if (l.two_bytes) {
            raise(s.high_bytes, lines * l.line);
            raise(s.high_products, rows * l.pixels);
        }
        raise(s.integers, lines * l.outputs);
        raise(s.padding, std::max<std::int64_t>(rows, std::int64_t{l.conv_groups} * l.line));
    }
    return s;
}

void add_point(SlotSizes& sizes, const DeviceNetwork& network, const DevicePoint& point) {
    for (std::size_t i = 0; i < network.layers(); ++i) {
        const DeviceLayer& layer = point.layer(i);
        sizes.bits = std::max(sizes.bits, layer.words_a_slot());
        if (layer.kernel == ConversionKernel::aidac)
            sizes.values = std::max(
                sizes.values, std::int64_t{layer.shape.pixels} * network.layer(i).unfold.depth);
    }
}

void Workspace::reserve(const SlotSizes& s, std::uint32_t count, std::size_t parts) {
    const auto n = static_cast<std::size_t>(count);
    const std::size_t padding = static_cast<std::size_t>(s.padding) * product_column_step;
    const auto of = [n](std::int64_t a_slot) { return static_cast<std::size_t>(a_slot) * n; };
    tensors.reserve(of(s.tensors));
    quantised.reserve(of(s.quantised));
    values.reserve(of(s.values));
    low.reserve(of(s.bytes) + padding);
    input_sums.reserve(of(s.input_sums) + padding);
    low_products.reserve(of(s.products) + padding);
    if (s.high_bytes > 0) {
        high.reserve(of(s.high_bytes) + padding);
        high_products.reserve(of(s.high_products) + padding);
    }
    analog.reserve(of(s.integers) + padding);
    digital.reserve(of(s.integers) + padding);
    bits.reserve(of(s.bits) + parts * spare_words);
    slots.reserve(n);
}

}  // namespace acim
