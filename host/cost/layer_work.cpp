// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_work.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "cuda/trial/point_plan.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

// Counts per output element and row group, over the grid of columns and cycles.
struct GridWork {
    std::uint64_t conversions = 0;    // ADC conversions, votes included
    std::uint64_t evaluations = 0;    // columns that share charge, votes included
    std::uint64_t digital = 0;        // conversions computed digitally
    std::uint64_t digital_bits = 0;   // sum of cycle widths over their columns
    std::uint64_t driven_cycles = 0;  // cycles with at least one analog column, at most votes times
    std::uint64_t driven_bits = 0;    // their widths, where a DAC is needed
};

// Columns of one-bit cells of an output; AiDAC joins one per weight bit.
std::uint64_t physical_columns(const LayerPlan& plan) {
    const bool aidac = plan.macro.kind == MacroKind::aidac;
    return static_cast<std::uint64_t>(aidac ? plan.weight_bits : plan.columns.count);
}

// Those that take part in one conversion: one, or all of them at once.
std::uint64_t columns_of(const LayerPlan& plan) {
    const bool together = plan.macro.weight_parallel || plan.macro.kind == MacroKind::aidac;
    return together ? physical_columns(plan) : 1;
}

GridWork grid_work(const LayerPlan& plan) {
    GridWork work;
    std::uint64_t drives[max_cycles] = {};
    for (const ConversionPlan& c : plan.conversions) {
        const auto width = static_cast<std::uint64_t>(plan.cycles.width[c.cycle]);
        if (!c.through_adc) {
            work.digital += 1;
            work.digital_bits += columns_of(plan) * width;
            continue;
        }
        const auto votes = static_cast<std::uint64_t>(c.taken);
        work.conversions += votes;
        work.evaluations += votes * columns_of(plan);
        drives[c.cycle] = std::max(drives[c.cycle], votes);
    }
    for (int j = 0; j < plan.cycles.count; ++j) {
        const auto width = static_cast<std::uint64_t>(plan.cycles.width[j]);
        work.driven_cycles += drives[j];
        if (width > 1) work.driven_bits += drives[j] * width;
    }
    return work;
}

}  // namespace

LayerWork layer_work(const Product& product, std::uint64_t pixels, const LayerPlan& plan) {
    LayerWork work;
    work.outputs = static_cast<std::uint64_t>(product.outputs);
    work.pixels = pixels;
    work.depth = static_cast<std::uint64_t>(product.depth);
    work.groups = static_cast<std::uint64_t>(product.groups());
    work.macs = work.outputs * work.pixels * work.depth;
    if (!plan.analog) {
        work.digital_bit_macs =
            work.macs * static_cast<std::uint64_t>(plan.weight_bits * plan.activation_bits);
        return work;
    }
    work.row_groups = static_cast<std::uint64_t>(plan.groups);
    work.columns = physical_columns(plan);
    const GridWork grid = grid_work(plan);
    const std::uint64_t sums = work.outputs * work.pixels * work.row_groups;
    const std::uint64_t rows = work.pixels * work.depth * work.groups;
    work.conversions = sums * grid.conversions;
    work.digital_conversions = sums * grid.digital;
    work.cell_operations = work.macs * grid.evaluations;
    work.digital_bit_macs = work.macs * grid.digital_bits;
    work.row_drives = rows * grid.driven_cycles;
    work.dac_bits = rows * grid.driven_bits;
    return work;
}

LayerWork layer_work(const Product& product, std::uint64_t pixels, const LayerSettings& settings) {
    try {
        return layer_work(product, pixels, describe_layer(settings, layer_shape(product)));
    } catch (const std::logic_error& error) {
        throw InputError(error.what());
    }
}

std::vector<LayerWork> network_work(const QuantizedNetwork& network,
                                    std::span<const LayerSettings> settings) {
    const std::vector<int> layers = network.mac_layers();
    ACIM_EXPECT(settings.size() == layers.size());
    std::vector<LayerWork> work;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const Operator& node = network.operators[static_cast<std::size_t>(layers[i])];
        const Product& product = std::get<Product>(node.op);
        const Tensor& output = network.tensors[static_cast<std::size_t>(product.output)];
        const std::uint64_t pixels =
            static_cast<std::uint64_t>(output.elements() / product.outputs);
        try {
            work.push_back(layer_work(product, pixels, settings[i]));
        } catch (const InputError& error) {
            throw InputError("layer " + node.name + ": " + error.what());
        }
    }
    return work;
}

}  // namespace acim
