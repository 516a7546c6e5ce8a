// SPDX-License-Identifier: Apache-2.0
#include "host/cost/macro_cost.hpp"

#include <limits>
#include <stdexcept>
#include <string>

#include "cuda/trial/point_plan.hpp"
#include "host/core/error.hpp"
#include "host/cost/array_shape.hpp"

namespace acim {
double MacroCost::column_operation() const {
    const auto conversions = static_cast<double>(work.conversions);
    if (conversions == 0.0) return std::numeric_limits<double>::quiet_NaN();
    return (cost.energy.cells + cost.energy.drivers + cost.energy.adc) / conversions;
}

MacroCost macro_cost(const LayerSettings& settings, const Technology& technology,
                     const MacroLoad& load) {
    for (const double share : {load.weight_ones, load.input_ones})
        if (!(share >= 0.0 && share <= 1.0))
            throw InputError("a share of ones is " + std::to_string(share) +
                             ", but must lie between 0 and 1");
    MacroCost out;
    const ArrayShape array = array_shape(settings.macro, settings.weight_bits);
    out.inputs = load.inputs.value_or(array.rows);
    out.outputs = load.outputs.value_or(array.outputs);
    Product product;
    product.depth = out.inputs;
    product.outputs = out.outputs;
    try {
        const LayerPlan plan = describe_layer(settings, layer_shape(product));
        out.work = layer_work(product, 1, plan);
        const LayerActivity activity =
            assumed_activity(out.work, plan, load.weight_ones, load.input_ones);
        const LayerCost layer = layer_cost(out.work, activity, settings, technology);
        out.cost = total_cost({&layer, 1});
    } catch (const std::logic_error& error) {
        throw InputError(error.what());
    }
    return out;
}

}  // namespace acim
