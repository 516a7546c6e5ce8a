// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/aidac_weights.hpp"

#include "cuda/model/aidac/row_conversion.hpp"
#include "cuda/model/aidac/time.hpp"

namespace acim {
namespace {

void store(AidacWeights& packed, const LayerPlan& plan, std::span<const std::int8_t> weights) {
    const AidacOperands& o = packed.operands;
    const std::size_t depth = static_cast<std::size_t>(plan.depth);
    for (std::size_t first = 0; first < weights.size(); first += depth) {
        std::int64_t sum = 0;
        for (const std::int8_t value : weights.subspan(first, depth)) {
            const int w = plan.weight_bits == 1 ? value & 1 : value;
            sum += w;
            packed.stored.push_back(static_cast<std::int16_t>(
                aidac::array_operand(w, o.weight_offset, plan.weight_bits)));
        }
        packed.correction.push_back(o.input_offset *
                                    (sum + std::int64_t{o.weight_offset} * plan.depth));
    }
}

}  // namespace

AidacWeights make_aidac_weights(const LayerPlan& plan, int outputs,
                                std::span<const std::int8_t> weights, const ProductSite& site) {
    const MacroParams& m = plan.macro;
    AidacWeights packed;
    packed.layout = aidac_layout(plan, outputs, site);
    packed.operands = aidac_operands(plan);
    packed.terms = aidac::chain_terms(m.aidac, m.cell, m.switches, m.v_ref);
    packed.tdc = aidac::tdc_scale(m.adc.bits);
    packed.noise = {plan.path, aidac_noise(m), aidac_reference_noise(m)};
    packed.ideal = !plan.random && !plan.per_chip && !packed.terms.any_fixed();
    store(packed, plan, weights);
    packed.chip = draw_aidac_chip(plan, packed.layout, packed.terms, packed.stored, site);
    return packed;
}

}  // namespace acim
