// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_work.hpp"

#include <cstddef>
#include <string>

#include "cuda/model/macro/cycles.hpp"
#include "cuda/model/macro/recombination.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

// Pieces that the contraction is cut into (docs/model.md, row mapping).
std::uint64_t count_row_groups(const Product& product, const MacroParams& macro) {
    const int kernel = product.is_conv ? product.conv.kernel_height * product.conv.kernel_width : 1;
    const bool whole = macro.mapping == RowMapping::whole_channels;
    const int unit = whole ? kernel : 1;  // rows that stay together
    const int units_per_group = macro.rows / unit;
    if (units_per_group == 0) {
        throw InputError(
            "macro.rows: " + std::to_string(macro.rows) + " rows do not hold one window of " +
            std::to_string(kernel) +
            " inputs, as mapping whole_channels needs. Use more rows or mapping dense.");
    }
    const int units = product.depth / unit;
    return static_cast<std::uint64_t>((units + units_per_group - 1) / units_per_group);
}

// Counts per output element and row group, over the grid of weight planes and input cycles.
struct GridWork {
    std::uint64_t analog = 0;
    std::uint64_t digital = 0;
    std::uint64_t digital_bits = 0;   // sum of cycle widths over digital places
    std::uint64_t driven_cycles = 0;  // cycles with at least one analog plane
    std::uint64_t driven_bits = 0;    // their widths, where a DAC is needed
};

GridWork grid_work(const LayerSettings& settings, bool is_signed) {
    const MacroParams& macro = settings.macro;
    const CycleLayout cycles =
        cycle_layout(settings.activation_bits, macro.bits_per_cycle, is_signed);
    GridWork work;
    for (int j = 0; j < cycles.count; ++j) {
        const std::uint64_t width = static_cast<std::uint64_t>(cycles.width[j]);
        std::uint64_t digital = 0;
        for (int i = 0; i < settings.weight_bits; ++i) {
            // With ASiM's rounding the top levels pass the ADC all the same.
            digital += !macro.hybrid.asim_rounding &&
                       is_top_level(macro.hybrid.levels, settings.weight_bits, cycles.count, i, j);
        }
        const std::uint64_t analog = static_cast<std::uint64_t>(settings.weight_bits) - digital;
        work.analog += analog;
        work.digital += digital;
        work.digital_bits += digital * width;
        if (analog == 0) continue;
        work.driven_cycles += 1;
        if (width > 1) work.driven_bits += width;
    }
    return work;
}

}  // namespace

LayerWork layer_work(const Product& product, std::uint64_t pixels, const LayerSettings& settings) {
    LayerWork work;
    work.outputs = static_cast<std::uint64_t>(product.outputs);
    work.pixels = pixels;
    work.depth = static_cast<std::uint64_t>(product.depth);
    work.groups = product.is_conv ? static_cast<std::uint64_t>(product.conv.groups) : 1;
    work.macs = work.outputs * work.pixels * work.depth;
    if (!settings.analog) {
        work.digital_bit_macs =
            work.macs * static_cast<std::uint64_t>(settings.weight_bits * settings.activation_bits);
        return work;
    }
    work.row_groups = count_row_groups(product, settings.macro);
    const GridWork grid = grid_work(settings, product.input_quantisation.is_signed);
    const std::uint64_t sums = work.outputs * work.pixels * work.row_groups;
    const std::uint64_t rows = work.pixels * work.depth * work.groups;
    work.conversions = sums * grid.analog;
    work.digital_conversions = sums * grid.digital;
    work.cell_operations = work.macs * grid.analog;
    work.digital_bit_macs = work.macs * grid.digital_bits;
    work.row_drives = rows * grid.driven_cycles;
    work.dac_bits = rows * grid.driven_bits;
    return work;
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
