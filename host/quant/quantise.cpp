// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <type_traits>
#include <utility>

#include "cuda/model/digital/pool.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "host/core/error.hpp"
#include "host/quant/calibrate.hpp"
#include "host/quant/network_file.hpp"

namespace acim {
namespace {

void check_finite(const std::vector<float>& values, const char* what, const std::string& layer) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] - values[i] != 0.0F)
            throw InputError(
                fmt::format("layer {}: {} {} is not finite ({}). Train or export the network again",
                            layer, what, i, values[i]));
}

Quantisation quantise_input(const InputStatistics& statistics, const QuantisationSpec& spec,
                            int bits, const std::string& layer) {
    Quantisation q;
    q.bits = bits;
    q.is_signed = statistics.min < 0.0F;
    const int fewest = q.is_signed ? 2 : 1;
    if (bits < fewest || bits > 9)
        throw InputError(fmt::format("layer {}: activation_bits must be {}..9 for {} inputs ({})",
                                     layer, fewest, q.is_signed ? "signed" : "unsigned", bits));
    const int high = digital::quantised_high(bits, q.is_signed);
    q.scale = choose_scale(choose_range(statistics, spec.activations, spec.percentile, high), high);
    return q;
}

void quantise_weights(const FloatProduct& from, const QuantisationSpec& spec, Product& to) {
    const int high = digital::quantised_high(to.weight_bits, true);
    const auto outputs = static_cast<std::size_t>(from.outputs);
    const auto depth = static_cast<std::size_t>(from.depth);
    const std::span<const float> all(from.weights);
    const auto scale_of = [&](std::span<const float> values) {
        return choose_scale(choose_range(values, spec.weights, spec.percentile, high), high);
    };
    if (!spec.per_channel) to.weight_scale.assign(outputs, scale_of(all));
    to.weights.resize(outputs * depth);
    for (std::size_t m = 0; m < outputs; ++m) {
        const auto row = all.subspan(m * depth, depth);
        if (spec.per_channel) to.weight_scale.push_back(scale_of(row));
        for (std::size_t k = 0; k < depth; ++k)
            to.weights[m * depth + k] = static_cast<std::int8_t>(
                digital::quantise(row[k], to.weight_scale[m], -high, high));
    }
}

Product quantise_product(const FloatProduct& from, const InputStatistics& statistics,
                         const QuantisationSpec& spec, int weight_bits, int activation_bits,
                         const std::string& layer) {
    if (weight_bits < 2 || weight_bits > 8)
        throw InputError(
            fmt::format("layer {}: weight_bits must be 2..8 ({})", layer, weight_bits));
    check_finite(from.weights, "weight", layer);
    check_finite(from.bias, "bias", layer);
    Product to;
    to.input = from.input;
    to.output = from.output;
    to.is_conv = from.is_conv;
    if (from.is_conv) to.conv = from.conv;
    to.outputs = from.outputs;
    to.depth = from.depth;
    to.input_quantisation = quantise_input(statistics, spec, activation_bits, layer);
    to.weight_bits = weight_bits;
    to.bias = from.bias;
    quantise_weights(from, spec, to);
    return to;
}

}  // namespace

QuantizedNetwork quantise(const FloatGraph& graph, const CalibrationStatistics& statistics,
                          const QuantisationSpec& spec, const std::vector<int>& weight_bits,
                          const std::vector<int>& activation_bits) {
    if (!(spec.percentile > 0.0 && spec.percentile <= 100.0))
        throw InputError(fmt::format(
            "quantisation.percentile: must be above 0 and at most 100 ({})", spec.percentile));
    QuantizedNetwork network;
    network.tensors = graph.tensors;
    network.input = graph.input;
    network.output = graph.output;
    network.classes =
        static_cast<int>(graph.tensors[static_cast<std::size_t>(graph.output)].elements());
    std::size_t layer = 0;
    for (const FloatOperator& op : graph.operators) {
        const auto convert = [&](const auto& from) -> Operation {
            using Op = std::decay_t<decltype(from)>;
            if constexpr (std::is_same_v<Op, FloatProduct>) {
                const std::size_t i = layer++;
                ACIM_EXPECT(i < statistics.inputs.size() && i < weight_bits.size() &&
                            i < activation_bits.size());
                return quantise_product(from, statistics.inputs[i], spec, weight_bits[i],
                                        activation_bits[i], op.name);
            } else if constexpr (std::is_same_v<Op, AveragePool>) {
                AveragePool pool = from;
                pool.fraction_bits = digital::average_pool_fraction_bits;
                return pool;
            } else {
                return from;
            }
        };
        network.operators.push_back({op.name, std::visit(convert, op.op)});
    }
    ACIM_EXPECT(layer == weight_bits.size() && layer == activation_bits.size());
    network.hash = network_hash(network);
    check_network(network, "network");
    return network;
}

}  // namespace acim
