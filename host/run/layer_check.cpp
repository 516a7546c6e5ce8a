// SPDX-License-Identifier: Apache-2.0
#include "host/run/layer_check.hpp"

#include "cuda/trial/layer_plan.hpp"
#include "host/core/error.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

LayerShape float_shape(const FloatProduct& product) {
    const int groups = product.is_conv ? product.conv.groups : 1;
    const int window = product.is_conv ? product.conv.kernel_height * product.conv.kernel_width : 1;
    return {product.outputs / groups, product.depth, window, false};
}

}  // namespace

void check_points_on_layers(const SweepSpec& spec, const std::vector<PointConfig>& points,
                            const Workload& workload) {
    for (const PointConfig& point : points) {
        const auto layers = resolve_layers(point, workload.layers);
        std::size_t i = 0;
        for (const FloatOperator& node : workload.graph->operators) {
            const auto* product = std::get_if<FloatProduct>(&node.op);
            if (product == nullptr) continue;
            check_layer(layers[i], false, node.name);
            try {
                describe_layer(layers[i], float_shape(*product));
            } catch (const std::invalid_argument& error) {
                throw InputError(spec.file.string() + ": layer '" + node.name +
                                 "': " + error.what());
            }
            ++i;
        }
    }
}

}  // namespace acim
