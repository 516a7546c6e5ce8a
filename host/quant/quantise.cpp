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

void check_bits(int bits, bool is_signed, const std::string& layer) {
    const int fewest = is_signed ? 2 : 1;
    if (bits < fewest || bits > 9)
        throw InputError(fmt::format("layer {}: activation_bits must be {}..9 for {} inputs ({})",
                                     layer, fewest, is_signed ? "signed" : "unsigned", bits));
}

void check_weight_bits(int bits, const std::string& layer) {
    if (bits < 2 || bits > 8)
        throw InputError(fmt::format("layer {}: weight_bits must be 2..8 ({})", layer, bits));
}

Quantisation quantise_input(const FloatProduct& from, const InputStatistics& statistics,
                            const QuantisationSpec& spec, int bits, const std::string& layer) {
    const StatedQuantisation& stated = from.input_quantisation;
    Quantisation q;
    q.bits = stated.is_stated() ? stated.bits : bits;
    q.is_signed = stated.is_stated() ? stated.is_signed : statistics.min < 0.0F;
    check_bits(q.bits, q.is_signed, layer);
    const int high = digital::quantised_high(q.bits, q.is_signed);
    q.scale =
        stated.is_stated()
            ? stated.scale.front()
            : choose_scale(choose_range(statistics, spec.activations, spec.percentile, high), high);
    return q;
}

// One scale for all outputs or one for each.
std::vector<float> weight_scales(const FloatProduct& from, const QuantisationSpec& spec, int high) {
    const auto outputs = static_cast<std::size_t>(from.outputs);
    const auto depth = static_cast<std::size_t>(from.depth);
    const std::span<const float> all(from.weights);
    const auto scale_of = [&](std::span<const float> values) {
        return choose_scale(choose_range(values, spec.weights, spec.percentile, high), high);
    };
    std::vector<float> scales = from.weight_quantisation.scale;
    if (!from.weight_quantisation.is_stated()) {
        scales.clear();
        if (!spec.per_channel) scales.push_back(scale_of(all));
        for (std::size_t m = 0; spec.per_channel && m < outputs; ++m)
            scales.push_back(scale_of(all.subspan(m * depth, depth)));
    }
    if (scales.size() == 1) scales.resize(outputs, scales.front());
    return scales;
}

void quantise_weights(const FloatProduct& from, const QuantisationSpec& spec, Product& to) {
    const int high = digital::quantised_high(to.weight_bits, true);
    const auto depth = static_cast<std::size_t>(from.depth);
    to.weight_scale = weight_scales(from, spec, high);
    to.weights.resize(from.weights.size());
    for (std::size_t i = 0; i < to.weights.size(); ++i)
        to.weights[i] = static_cast<std::int8_t>(
            digital::quantise(from.weights[i], to.weight_scale[i / depth], -high, high));
}

// The stored operand of a product of two computed tensors.
void quantise_stored(const FloatProduct& from, const InputStatistics& statistics,
                     const QuantisationSpec& spec, Product& to) {
    const int high = digital::quantised_high(to.weight_bits, true);
    to.stored = from.stored;
    to.stored.scale =
        from.weight_quantisation.is_stated()
            ? from.weight_quantisation.scale.front()
            : choose_scale(choose_range(statistics, spec.activations, spec.percentile, high), high);
    const auto scale =
        static_cast<float>(static_cast<double>(to.stored.scale) * static_cast<double>(from.factor));
    to.weight_scale.assign(static_cast<std::size_t>(from.outputs), scale);
}

Product quantise_product(const FloatProduct& from, const CalibrationStatistics& statistics,
                         std::size_t index, const QuantisationSpec& spec, int weight_bits,
                         int activation_bits, const std::string& layer) {
    const StatedQuantisation& stated = from.weight_quantisation;
    check_finite(from.weights, "weight", layer);
    check_finite(from.bias, "bias", layer);
    Product to;
    to.input = from.input;
    to.output = from.output;
    to.is_conv = from.is_conv;
    if (from.is_conv) to.conv = from.conv;
    to.outputs = from.outputs;
    to.depth = from.depth;
    to.input_quantisation =
        quantise_input(from, statistics.inputs[index], spec, activation_bits, layer);
    to.weight_bits = stated.is_stated() ? stated.bits : weight_bits;
    check_weight_bits(to.weight_bits, layer);
    to.bias = from.bias;
    if (from.is_computed())
        quantise_stored(from, *statistics.stored[index], spec, to);
    else
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
    ACIM_EXPECT(spec.weights != RangeRule::automatic && spec.activations != RangeRule::automatic);
    QuantizedNetwork network;
    network.tensors = graph.tensors;
    network.input = graph.input;
    network.output = graph.output;
    network.classes = graph.classes();
    std::size_t layer = 0;
    for (const FloatOperator& op : graph.operators) {
        const auto convert = [&](const auto& from) -> Operation {
            using Op = std::decay_t<decltype(from)>;
            if constexpr (std::is_same_v<Op, FloatProduct>) {
                const std::size_t i = layer++;
                ACIM_EXPECT(i < statistics.inputs.size() && i < statistics.stored.size() &&
                            i < weight_bits.size() && i < activation_bits.size());
                return quantise_product(from, statistics, i, spec, weight_bits[i],
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
