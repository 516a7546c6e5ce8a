// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/case_work.hpp"

#include <type_traits>
#include <variant>

#include "cuda/trial/point_plan.hpp"

namespace acim {
namespace {

constexpr double bits_a_block = 256;  // rows of one tensor-core product of one bit

// Sizes of one layer's buffers, as cuda/engine/product_kernel.hpp pads them.
struct LayerSizes {
    double inputs = 0;    // elements of the input tensor
    double outputs = 0;   // and of the output
    double lines = 0;     // unfolded inputs: pixels of all convolution groups
    double line = 0;      // elements of such a line, with padding
    double products = 0;  // sums of the exact product, with padding
    double parts = 1;     // bytes of an input, each with a product of its own
};

int round_up(int n, int step) { return (n + step - 1) / step * step; }

LayerSizes layer_sizes(const QuantizedNetwork& network, const Product& product) {
    const int groups = product.groups();
    const int rows = product.outputs / groups;
    LayerSizes s;
    s.inputs = static_cast<double>(network.tensors[product.input].elements());
    s.outputs = static_cast<double>(network.tensors[product.output].elements());
    s.lines = static_cast<double>(output_pixels(network, product)) * groups;
    s.line = round_up(product.depth, 32);
    s.products = s.lines * (rows < 16 ? rows : round_up(rows, 32));
    s.parts = product.input_quantisation.bits > 8 ? 2 : 1;
    return s;
}

// Every layer: floats to int16, these unfolded to bytes, bytes to int32, these to floats.
double product_bytes(const LayerSizes& s) {
    const double quantise = s.inputs * (4 + 2), unfold = s.inputs * 2 + s.lines * s.line * s.parts;
    const double multiply = (s.lines * s.line + s.products * 4) * s.parts;
    return quantise + unfold + multiply + s.outputs * (4 * s.parts + 4);
}

// Words of 32 rows with a bit of an input each, for all row groups.
double packed_words(const LayerPlan& plan, const LayerSizes& s) {
    return s.lines * plan.groups * plan.activation_bits * round_up(plan.group_rows, 256) / 32;
}

// Converted layers: int16 to packed bits, A of 64 bits cleared, added to and read.
double conversion_bytes(const LayerPlan& plan, const LayerSizes& s) {
    return s.inputs * 2 + 2 * 4 * packed_words(plan, s) + s.outputs * (8 + 16 + 8);
}

void add_product(const BenchCase& bench, const Operator& node, const LayerSettings& settings,
                 CaseWork& work) {
    const auto& product = std::get<Product>(node.op);
    const LayerSizes sizes = layer_sizes(*bench.setup->network, product);
    work.byte_products += sizes.outputs * product.depth * sizes.parts;
    work.bytes += product_bytes(sizes);
    const LayerPlan plan = describe_operator(node, settings);
    if (plan.path == SamplingPath::product) return;
    if (plan.path == SamplingPath::events) {
        // Bits are written, and read where there are events alone; A is cleared, written and read.
        work.bytes +=
            sizes.inputs * 2 + 4 * packed_words(plan, sizes) + sizes.outputs * (8 + 8 + 8);
        work.event_calls += sizes.outputs * ((plan.groups + 3) / 4);
        return;
    }
    work.bytes += conversion_bytes(plan, sizes);
    work.bit_products += sizes.outputs * plan.groups * (plan.columns.count * plan.activation_bits) *
                         round_up(plan.group_rows, static_cast<int>(bits_a_block));
}

// What operators between products read and write, as floats.
double digital_bytes(const QuantizedNetwork& network, const Operation& operation) {
    const auto floats = [&](TensorId t) {
        return 4.0 * static_cast<double>(network.tensors[t].elements());
    };
    if (std::holds_alternative<View>(operation) || std::holds_alternative<Product>(operation) ||
        std::holds_alternative<Constant>(operation))
        return 0.0;
    double sum = floats(output_of(operation));
    for (const TensorId input : operands_of(operation)) sum += floats(input);
    return sum;
}

}  // namespace

CaseWork case_work(const BenchCase& bench) {
    const QuantizedNetwork& network = *bench.setup->network;
    const DesignPoint& point = bench.setup->points[bench.point];
    CaseWork work;
    work.conversions = static_cast<double>(bench.conversions_per_image);
    std::size_t layer = 0;
    for (const Operator& node : network.operators) {
        work.bytes += digital_bytes(network, node.op);
        if (std::holds_alternative<Product>(node.op))
            add_product(bench, node, point.layers[layer++], work);
    }
    return work;
}

}  // namespace acim
