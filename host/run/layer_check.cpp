// SPDX-License-Identifier: Apache-2.0
#include "host/run/layer_check.hpp"

#include <fmt/format.h>

#include "cuda/trial/layer_plan.hpp"
#include "host/core/error.hpp"
#include "host/quant/adc_window.hpp"
#include "host/run/sweep_plan.hpp"
#include "host/stats/stop_rule.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

LayerShape float_shape(const FloatProduct& product) {
    const int window = product.is_conv ? product.conv.kernel_height * product.conv.kernel_width : 1;
    return {product.outputs / product.groups(), product.depth, window, false};
}

// Bits that the model file states stand, whatever the sweep says.
LayerSettings with_stated_bits(const FloatProduct& product, LayerSettings settings) {
    if (product.weight_quantisation.is_stated())
        settings.weight_bits = product.weight_quantisation.bits;
    if (product.input_quantisation.is_stated())
        settings.activation_bits = product.input_quantisation.bits;
    return settings;
}

constexpr double most_units = 1e7;  // about a gigabyte while a run is planned

}  // namespace

void check_trial_count(const SweepSpec& spec, std::size_t points, std::uint32_t images) {
    const TrialsSpec& t = spec.trials;
    const double blocks = (static_cast<double>(images) + block_images - 1) / block_images;
    const double units = static_cast<double>(points) * t.chips * t.repeats * blocks;
    if (units > most_units)
        throw InputError(spec.file.string() + ": trials.chips " + std::to_string(t.chips) +
                         " x trials.repeats " + std::to_string(t.repeats) + " x " +
                         std::to_string(points) +
                         " points give more than 1e7 units of work. "
                         "Lower them, or cut the sweep into several");
}

void check_stop_rule(const SweepSpec& spec, const Workload& workload) {
    const TrialsSpec& t = spec.trials;
    if (t.stop_half_width == 0.0) return;
    if (t.chips <= t.stop_first_chips)
        throw InputError(fmt::format(
            "{}: key 'trials.chips' is {}, the most that a point gets, and the first look at the "
            "interval comes after trials.stop.first_chips = {}. Raise trials.chips, or leave "
            "trials.stop out",
            spec.file.string(), t.chips, t.stop_first_chips));
    const double least =
        least_half_width(workload.images, static_cast<std::uint64_t>(workload.positions));
    if (t.stop_half_width < least)
        throw InputError(fmt::format(
            "{}: key 'trials.stop.half_width' is {}, but with {} images no interval is narrower "
            "than {} on each side (half an image of an accuracy). Take more images or a wider "
            "interval",
            spec.file.string(), t.stop_half_width, workload.images, least));
}

void check_stated_axes(const SweepSpec& spec, const Workload& workload) {
    bool weights = true, inputs = true;
    for (const FloatOperator& node : workload.graph->operators)
        if (const auto* product = std::get_if<FloatProduct>(&node.op)) {
            weights = weights && product->weight_quantisation.is_stated();
            inputs = inputs && product->input_quantisation.is_stated();
        }
    for (const Axis& axis : spec.axes)
        for (std::size_t i = 0; i < axis.paths.size(); ++i)
            if ((weights && axis.paths[i] == "weight_bits") ||
                (inputs && axis.paths[i] == "activation_bits"))
                throw InputError(
                    axis.places[i] + ": '" + axis.paths[i] + "' is an axis, but " +
                    spec.workload.network +
                    " states the bits of every layer itself, so that all its values "
                    "would give the same result. Leave it out, or take a float network");
}

void check_points_on_layers(const SweepSpec& spec, const std::vector<PointConfig>& points,
                            const Workload& workload) {
    for (const PointConfig& point : points) {
        const auto layers = resolve_layers(point, workload.layers);
        const auto images = static_cast<std::uint32_t>(point.quantisation.images);
        if (images > workload.calibration->count())
            throw InputError(spec.place("quantisation.images") + ": quantisation.images is " +
                             std::to_string(images) + ", but the calibration set holds " +
                             std::to_string(workload.calibration->count()) + " images");
        std::size_t i = 0;
        for (const FloatOperator& node : workload.graph->operators) {
            const auto* product = std::get_if<FloatProduct>(&node.op);
            if (product == nullptr) continue;
            const LayerSettings settings = with_stated_bits(*product, layers[i]);
            check_layer(settings, false, node.name);
            try {
                describe_layer(with_any_window(settings), float_shape(*product));
            } catch (const std::invalid_argument& error) {
                throw InputError(spec.file.string() + ": layer '" + node.name +
                                 "': " + error.what());
            }
            ++i;
        }
    }
}

}  // namespace acim
