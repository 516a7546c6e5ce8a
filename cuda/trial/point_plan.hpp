// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "cuda/trial/network.hpp"
#include "cuda/trial/product_kernel.hpp"
#include "cuda/trial/work.hpp"

namespace acim {

// A design point made ready on one network: a plan and packed weights per MAC layer.
struct PointPlan {
    struct Layer {
        LayerPlan plan;
        // One per convolution group. Where the weights are computed for each image: one per head of
        // what the packer prepares, or none.
        std::vector<std::unique_ptr<PackedWeights>> weights;
        ProductSite site;       // of the first group or head
        int group_outputs = 0;  // outputs of one convolution group or head
        int pixels = 0;         // output positions of one image
    };
    std::vector<Layer> layers;  // per MAC layer, in order
};

// The settings as they hold on the network, which was quantised with its own widths.
LayerSettings settings_on(const Product& product, LayerSettings settings);

// describe_layer() of a MAC layer of the network; std::invalid_argument that starts with its name.
LayerPlan describe_operator(const Operator& node, const LayerSettings& settings);

// Two chips give different results at this point, so that each needs a plan of its own.
bool differs_by_chip(const QuantizedNetwork& network, const DesignPoint& point);

LayerShape layer_shape(const Product& product);
int output_pixels(const QuantizedNetwork& network, const Product& product);
// Where the outputs of a convolution group or head lie in the layer's output tensor.
OutputMap output_map(const Product& product, int group_outputs, int pixels, int group);

// The plan on the chip of that key and, in a measured file, of that number; both count only where
// chips differ. Throws std::invalid_argument that starts with the layer's name where a setting does
// not fit it.
PointPlan make_point_plan(const QuantizedNetwork& network, const DesignPoint& point, PhiloxKey chip,
                          const WeightPacker& packer, CycleLawCache& cache,
                          std::uint32_t chip_number = 0);

// The plan that computes every layer digitally: the noise-free quantised network.
PointPlan make_digital_plan(const QuantizedNetwork& network, const WeightPacker& packer);

}  // namespace acim
