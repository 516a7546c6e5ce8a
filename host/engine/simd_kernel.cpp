// SPDX-License-Identifier: Apache-2.0
#include "host/engine/simd_kernel.hpp"

#include <algorithm>

#include "host/engine/chip_filter.hpp"
#include "host/engine/simd_loops.hpp"
#include "host/engine/simd_pack.hpp"

namespace acim {
namespace {

struct SimdWeights : PackedWeights {
    SimdLayer layer;
    std::unique_ptr<PackedWeights> plain;  // set where the reference kernel takes over
};

// The least weight of W bits has no magnitude in W-1 columns: its exact product is not in the sums.
bool sums_hold_product(const LayerPlan& plan, std::span<const std::int8_t> weights) {
    return plan.macro.weight_encoding != WeightEncoding::differential || plan.weight_bits == 1 ||
           std::ranges::find(weights, -(1 << (plan.weight_bits - 1))) == weights.end();
}

// The loops know conversions of one column.
bool loops_serve(const LayerPlan& plan, std::span<const std::int8_t> weights) {
    return plan.analog && plan.macro.kind == MacroKind::bit_sliced &&
           (!plan.channels || chip_loops_serve(plan)) && fits_lanes(plan) &&
           sums_hold_product(plan, weights);
}

class SimdKernel : public ProductKernel {
public:
    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override {
        auto packed = std::make_unique<SimdWeights>();
        const bool aidac = plan.analog && plan.macro.kind == MacroKind::aidac;
        if (plan.path == SamplingPath::product && !aidac) {
            packed->layer = pack_product(plan, outputs, weights);
        } else if (plan.path == SamplingPath::events) {
            packed->layer = pack_events(plan, outputs, weights);
        } else if (loops_serve(plan, weights)) {
            packed->layer = pack_layer(plan, outputs, weights, site, *tables_);
        } else {
            packed->plain = reference_->pack(plan, outputs, weights, site);
        }
        return packed;
    }

    void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override {
        const auto& packed = static_cast<const SimdWeights&>(weights);
        if (packed.plain)
            return reference_->run(plan, *packed.plain, outputs, pixels, inputs, map, place, sums);
        SimdJob job{&plan,   &packed.layer, pixels, nullptr, nullptr,
                    nullptr, nullptr,       map,    place,   sums};
        if (plan.path == SamplingPath::product) {
            std::ranges::fill(sums.analog, 0);
            std::ranges::fill(sums.digital, 0);
            simd::run_product(job, plan.depth, inputs);
            return;
        }
        thread_local SimdInputs packed_inputs;
        if (plan.path == SamplingPath::events) {
            std::ranges::fill(sums.analog, 0);
            simd::run_product(job, plan.depth, inputs);
            std::ranges::copy(sums.exact, sums.digital.begin());
            if (plan.events->view().most == 0) return;  // no noise that a uniform could name
            packed_inputs.pack(plan, inputs, job);
            simd::run_events(job);
            return;
        }
        packed_inputs.pack(plan, inputs, job);
        if (packed.layer.chip != nullptr) return simd::run_chip(job);
        simd::run_conversions(job);
    }

private:
    std::unique_ptr<ProductKernel> reference_ = make_reference_kernel();
    std::unique_ptr<TableStore> tables_ = std::make_unique<TableStore>();
};

}  // namespace

std::unique_ptr<ProductKernel> make_simd_kernel() { return std::make_unique<SimdKernel>(); }

}  // namespace acim
