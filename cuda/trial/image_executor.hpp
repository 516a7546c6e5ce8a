// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cuda/trial/network.hpp"
#include "cuda/trial/point_plan.hpp"
#include "cuda/trial/window_rows.hpp"
#include "cuda/trial/work.hpp"

namespace acim {

// Runs the integer network on one image: operators in order, every product through a kernel.
// One executor per thread; the network and the kernel must outlive it.
class ImageExecutor {
public:
    ImageExecutor(const QuantizedNetwork& network, const ProductKernel& kernel);

    // Buffer for one image, to be filled before run().
    std::span<float> input();
    // Logits of the image; valid until the next run. Adds to `sums` (one per MAC layer) unless empty.
    std::span<const float> run(const PointPlan& plan, PhiloxKey trial, std::uint32_t image,
                               std::span<LayerSums> sums);
    // A tensor as the last run left it.
    const std::vector<float>& value(TensorId tensor) const { return values_[tensor]; }
    // Bytes that one executor of this network holds.
    static std::uint64_t memory(const QuantizedNetwork& network);

private:
    void run_product(const Product& product, const PointPlan::Layer& layer, ProductPlace place,
                     LayerSums* sums);
    void finish(const Product& product, const PointPlan::Layer& layer, int group, LayerSums* sums);
    void quantise_operands(const Product& product);
    // [pixels][depth] of one group or head.
    std::span<const std::int16_t> inputs_of(const Product& product, int group, int pixels);
    std::unique_ptr<PackedWeights> store(const Product& product, const PointPlan::Layer& layer,
                                         int head);

    const QuantizedNetwork& network_;
    const ProductKernel& kernel_;
    std::vector<std::vector<float>> values_;  // per tensor
    // Of each layer the operand that was stored last: what a kernel shares between stored operands
    // of one plan (its tables) lives as long as one of them.
    std::vector<std::unique_ptr<PackedWeights>> kept_;
    std::vector<std::int16_t> quantised_;  // the product's input tensor
    WindowRows windows_;
    std::vector<std::int16_t> rows_;    // [pixels][depth] of one head
    std::vector<std::int8_t> stored_;   // the product's stored operand
    std::vector<std::int8_t> columns_;  // [outputs][depth] of one head
    std::vector<std::int64_t> analog_, digital_, exact_;
};

}  // namespace acim
