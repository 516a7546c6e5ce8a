// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "cuda/trial/aidac_kernel.hpp"
#include "cuda/trial/layer_plan.hpp"
#include "cuda/trial/product_kernel.hpp"

namespace acim::testing_reference {

// AiDAC with every error off.
inline LayerSettings ideal_aidac() {
    LayerSettings s;
    s.macro.kind = MacroKind::aidac;
    return s;
}

// The assumed values of SPEC section 5, in SI units.
inline LayerSettings default_aidac() {
    LayerSettings s = ideal_aidac();
    MacroParams& m = s.macro;
    m.v_ref = 0.9;
    m.cell.unit_capacitance = 2e-15;
    m.cell.mismatch = 0.85e-2 * std::sqrt(1e-15);
    m.cell.leakage = 10e-12;
    m.cell.hold_time = 15e-9;
    m.cell.temperature = 300.0;
    m.switches.injection_offset = 0.5e-3;
    m.switches.injection_gain = 1e-3;
    m.switches.settling_error = 1.5e-3;
    m.aidac.row_parasitic = m.aidac.column_parasitic = m.aidac.join_parasitic = 0.1;
    m.aidac.vtc_offset = 3e-3;
    m.aidac.vtc_gain = 5e-3;
    m.aidac.vtc_inl = 1.7e-3;
    m.aidac.jitter = 1e-12;
    m.aidac.full_scale_time = 0.64e-9;
    m.aidac.delay = 0.1e-9;
    return s;
}

struct AidacCase {
    LayerSettings settings;
    LayerShape shape;
    int pixels = 1;
    std::vector<std::int8_t> weights;  // [outputs][depth]
    std::vector<std::int16_t> inputs;  // [pixels][depth]
    OutputMap map{5, 1000, 3};
    ProductPlace place{trial_key(42, 1, 2), 9, 123456};
    ProductSite site{chip_key(42, 1), 9, 0, 0, 0};

    // Uniform operands over their whole range.
    void fill(std::mt19937& draw) {
        const int w = settings.weight_bits, x = settings.activation_bits;
        const int w_low = w == 1 ? 0 : -(1 << (w - 1)),
                  x_low = shape.is_signed ? -(1 << (x - 1)) : 0;
        weights.resize(static_cast<std::size_t>(shape.outputs) * shape.depth);
        inputs.resize(static_cast<std::size_t>(pixels) * shape.depth);
        for (auto& value : weights)
            value = static_cast<std::int8_t>(w_low + static_cast<int>(draw() % (1u << w)));
        for (auto& value : inputs)
            value = static_cast<std::int16_t>(x_low + static_cast<int>(draw() % (1u << x)));
    }
};

struct AidacResult {
    LayerPlan plan;
    std::vector<std::int64_t> analog, digital, exact;  // [outputs][pixels]
};

inline AidacResult run_aidac(const AidacCase& c, ConversionObserver* observer = nullptr) {
    AidacResult out;
    out.plan = describe_layer(c.settings, c.shape);
    const std::size_t count = static_cast<std::size_t>(c.shape.outputs) * c.pixels;
    for (auto* sums : {&out.analog, &out.digital, &out.exact}) sums->assign(count, -1);
    const auto kernel = make_aidac_kernel(observer);
    const auto packed = kernel->pack(out.plan, c.shape.outputs, c.weights, c.site);
    kernel->run(out.plan, *packed, c.shape.outputs, c.pixels, c.inputs, c.map, c.place,
                {out.analog, out.digital, out.exact});
    return out;
}

}  // namespace acim::testing_reference
