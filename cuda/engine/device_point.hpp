// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/engine/arena.hpp"
#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/engine/device_aidac.hpp"
#include "cuda/engine/layer_view.hpp"
#include "cuda/engine/packed_layer.hpp"
#include "cuda/engine/tile_shape.hpp"
#include "cuda/trial/network.hpp"
#include "cuda/trial/point_plan.hpp"

namespace acim {

// One MAC layer of a design point in device memory, and what the host launches it with.
struct DeviceLayer {
    ConversionKernel kernel = ConversionKernel::none;
    const ConversionView* view = nullptr;    // on the device; null for none and aidac
    const std::uint32_t* weights = nullptr;  // of that view
    ConversionShape shape;
    TileShape tile;
    std::size_t table_bytes = 0;
    bool analog = false;
    bool digital = false;  // conversions add to D
    OutputScale scale;
    std::int64_t input_correction = 0;
    std::int64_t conversions = 0;    // of one image
    std::vector<DeviceAidac> aidac;  // by convolution group
    std::vector<AidacView> aidac_view;

    bool computed = false;          // every slot has weights of its own, and is a work
    std::int64_t weight_words = 0;  // of bits of the weights of one slot, if so

    // Row groups of all pixels of one slot: lines of packed inputs.
    std::int64_t lines_a_slot() const {
        return std::int64_t{shape.conv_groups} * shape.pixels * shape.groups;
    }
    // Words of packed inputs of a work of that many slots, up to where the next may begin.
    static constexpr std::int64_t word_step = 4;  // of the widest load
    std::int64_t input_words(std::uint32_t slots) const {
        const std::int64_t words = lines_a_slot() * shape.bits * shape.words * slots;
        return (words + word_step - 1) / word_step * word_step;
    }
    // Of one slot of a batch, beside what a part wastes.
    std::int64_t bits_a_slot() const {
        return computed ? input_words(1) : lines_a_slot() * shape.bits * shape.words;
    }
};

// A point plan of LayerPacker in device memory.
class DevicePoint {
public:
    // `normal` is the table of the inverse normal in device memory. Memory comes from the pool, if
    // there is one, which outlives the point.
    DevicePoint(const QuantizedNetwork& network, const PointPlan& plan,
                const InverseNormalTable* normal, MemoryPool* pool = nullptr);

    const DeviceLayer& layer(std::size_t index) const { return layers_[index]; }
    std::size_t bytes() const;

private:
    struct Builder;
    void draw_cells(const PointPlan& plan, const Builder& builder);
    void add_views(const QuantizedNetwork& network, const PointPlan& plan, const Builder& builder);
    MemoryPool* pool_;
    std::vector<DeviceLayer> layers_;
    Arena data_;                        // tables, weights, cells
    Arena adcs_;                        // which point into it
    DeviceArray<std::uint32_t> cells_;  // drawn here, layer by layer
    DeviceArray<ChipView> chips_;       // which point into both
    DeviceArray<ConversionView> views_;
};

}  // namespace acim
