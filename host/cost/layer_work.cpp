// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_work.hpp"

#include <algorithm>
#include <stdexcept>

#include "cuda/trial/point_plan.hpp"
#include "host/core/error.hpp"
#include "host/cost/array_shape.hpp"

namespace acim {
namespace {

// Counts per output element and row group, over the grid of columns and cycles.
struct GridWork {
    std::uint64_t conversions = 0;    // ADC conversions, votes included
    std::uint64_t extra_votes = 0;    // of them, those after the first
    std::uint64_t evaluations = 0;    // columns that share charge, votes included
    std::uint64_t digital = 0;        // conversions computed digitally
    std::uint64_t digital_bits = 0;   // sum of cycle widths over their columns
    std::uint64_t driven_cycles = 0;  // cycles with at least one analog column, at most votes times
    std::uint64_t dac_cycles = 0;     // of them, those of two and more bits
    std::uint64_t dac_bits = 0;       // their widths
};

bool is_aidac(const LayerPlan& plan) { return plan.macro.kind == MacroKind::aidac; }

// Columns of one-bit cells of an output; AiDAC joins one per weight bit.
std::uint64_t physical_columns(const LayerPlan& plan) {
    return static_cast<std::uint64_t>(is_aidac(plan) ? plan.weight_bits : plan.columns.count);
}

// Those that take part in one conversion: one, or all of them at once.
std::uint64_t columns_of(const LayerPlan& plan) {
    const bool together = plan.macro.weight_parallel || is_aidac(plan);
    return together ? physical_columns(plan) : 1;
}

GridWork grid_work(const LayerPlan& plan) {
    GridWork work;
    for (const ConversionPlan& c : plan.conversions) {
        if (!c.through_adc) {
            work.digital += 1;
            work.digital_bits +=
                columns_of(plan) * static_cast<std::uint64_t>(plan.cycles.width[c.cycle]);
            continue;
        }
        const auto votes = static_cast<std::uint64_t>(c.taken);
        work.conversions += votes;
        work.extra_votes += votes - 1;
        work.evaluations += votes * columns_of(plan);
    }
    for (int j = 0; j < plan.cycles.count; ++j) {
        const auto drives = static_cast<std::uint64_t>(cycle_drives(plan, j));
        const auto width = static_cast<std::uint64_t>(plan.cycles.width[j]);
        work.driven_cycles += drives;
        if (width == 1) continue;
        work.dac_cycles += drives;
        work.dac_bits += drives * width;
    }
    return work;
}

std::uint64_t ceil_ratio(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

// How the groups of a grouped convolution lie on the arrays of one row group.
struct GroupPlaces {
    std::uint64_t tiles = 0;    // pairs of a group and an array that holds outputs of it
    std::uint64_t in_turn = 0;  // most groups in one array
};

GroupPlaces group_places(std::uint64_t groups, std::uint64_t group_outputs, std::uint64_t fitting) {
    GroupPlaces places;
    std::uint64_t array = 0, in_array = 0;
    for (std::uint64_t g = 0; g < groups; ++g) {
        const std::uint64_t first = g * group_outputs / fitting;
        const std::uint64_t last = ((g + 1) * group_outputs - 1) / fitting;
        places.tiles += last - first + 1;
        in_array = first == array ? in_array + 1 : 1;
        places.in_turn = std::max(places.in_turn, in_array);
        if (last != first) in_array = 1;
        array = last;
    }
    return places;
}

// Arrays work side by side. In an array the stacked row groups and the groups of a grouped
// convolution, which need other inputs, take turns; so do the tiles that share one of `count` arrays.
void place(const LayerPlan& plan, const GridWork& grid, LayerWork& work) {
    const ArrayParams& array = plan.macro.array;
    const auto fitting =
        static_cast<std::uint64_t>(array_shape(plan.macro, plan.weight_bits).outputs);
    const GroupPlaces places = group_places(work.groups, work.outputs / work.groups, fitting);
    const std::uint64_t down =
        is_aidac(plan) ? work.row_groups
                       : ceil_ratio(work.row_groups, static_cast<std::uint64_t>(array.row_groups));
    work.tiles = down * ceil_ratio(work.outputs, fitting);
    work.group_tiles = places.tiles;
    work.evaluations = work.pixels * grid.driven_cycles * work.row_groups * places.tiles;
    const std::uint64_t stacked = ceil_ratio(work.row_groups, down);
    const auto count = static_cast<std::uint64_t>(array.count);
    const std::uint64_t shared = count == 0 ? 1 : ceil_ratio(work.tiles, count);
    work.rounds = work.pixels * grid.driven_cycles * stacked * places.in_turn * shared;
}

}  // namespace

int cycle_drives(const LayerPlan& plan, int cycle) {
    int drives = 0;
    for (const ConversionPlan& c : plan.conversions)
        if (c.through_adc && c.cycle == cycle) drives = std::max(drives, c.taken);
    return drives;
}

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
    work.extra_votes = sums * grid.extra_votes;
    work.digital_conversions = sums * grid.digital;
    work.column_evaluations = sums * grid.evaluations;
    work.cell_operations = work.macs * grid.evaluations;
    work.digital_bit_macs = work.macs * grid.digital_bits;
    work.row_drives = rows * grid.driven_cycles;
    work.dac_drives = rows * grid.dac_cycles;
    work.dac_bits = rows * grid.dac_bits;
    place(plan, grid, work);
    return work;
}

LayerWork layer_work(const Product& product, std::uint64_t pixels, const LayerSettings& settings) {
    try {
        return layer_work(product, pixels, describe_layer(settings, layer_shape(product)));
    } catch (const std::logic_error& error) {
        throw InputError(error.what());
    }
}

}  // namespace acim
