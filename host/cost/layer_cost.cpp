// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_cost.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "host/cost/adc_cost.hpp"
#include "host/cost/aidac_cost.hpp"
#include "host/cost/array_cost.hpp"

namespace acim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A ratio in units of 1e12, or NaN where there is nothing to divide by.
double tera_per(double operations, double divisor) {
    return divisor > 0.0 ? operations / divisor * 1e-12 : nan;
}

double count(std::uint64_t value) { return static_cast<double>(value); }

double cell_energy(const LayerSettings& settings, const Technology& technology) {
    if (technology.cell_energy > 0.0) return technology.cell_energy * supply_factor(technology);
    return charge_energy(settings.macro, technology);
}

// Cells, columns, lines, DACs and converters of a bit-sliced layer; without its control.
Energy analog_energy(const LayerWork& work, const LayerActivity& activity,
                     const LayerSettings& settings, const Technology& technology) {
    const double squared = technology.supply * technology.supply;
    const double factor = supply_factor(technology);
    const MacroParams& macro = settings.macro;
    Energy energy;
    const double column = technology.column_energy + macro.rows * technology.column_energy_per_row;
    energy.cells = activity.cells * cell_energy(settings, technology) +
                   count(work.column_evaluations) * column * factor;
    const double crossed = work.across() * macro.array.columns;
    energy.drivers = activity.lines * crossed * technology.row_capacitance * squared +
                     count(work.dac_bits) * technology.dac_capacitance * squared +
                     count(work.dac_drives) * technology.dac_energy * factor;
    energy.adc = count(work.conversions) * adc_cost(macro.adc.bits, macro.rows, technology).energy;
    return energy;
}

// What stands beside the array, for analog and digital layers alike.
void add_digital(const LayerWork& work, const LayerSettings& settings, const Technology& technology,
                 Energy& energy) {
    const double factor = supply_factor(technology);
    energy.digital +=
        factor * (count(work.conversions - work.extra_votes + work.digital_conversions) *
                      technology.shift_add_energy +
                  count(work.extra_votes) * technology.vote_energy +
                  count(work.digital_bit_macs) * technology.bit_mac_energy);
    const double inputs = count(work.pixels * work.depth * work.groups);
    const double copies = settings.analog ? work.across() : 1.0;
    // Weights of a digital layer are read once; those of an array are there.
    const double weights = settings.analog ? 0.0 : count(work.outputs * work.depth);
    energy.memory +=
        factor *
        ((settings.activation_bits * inputs * copies + settings.weight_bits * weights) *
             technology.read_energy +
         settings.activation_bits * count(work.outputs * work.pixels) * technology.write_energy);
}

double digital_time(const LayerWork& work, const Technology& technology) {
    return technology.bit_macs_per_second > 0.0
               ? count(work.digital_bit_macs) / technology.bit_macs_per_second
               : 0.0;
}

}  // namespace

void Energy::add(const Energy& other) {
    cells += other.cells;
    drivers += other.drivers;
    adc += other.adc;
    digital += other.digital;
    memory += other.memory;
    control += other.control;
}

std::array<double, 6> block_energies(const Energy& e) {
    return {e.cells, e.drivers, e.adc, e.digital, e.memory, e.control};
}

double Cost::tops() const { return tera_per(operations, latency); }
double Cost::tops_per_watt() const { return tera_per(operations, energy.total()); }
double Cost::bit_tops_per_watt() const { return tera_per(bit_operations, energy.total()); }
double Cost::tops_per_mm2() const { return area > 0.0 ? tops() / (area * 1e6) : nan; }

LayerCost layer_cost(const LayerWork& work, const LayerActivity& activity,
                     const LayerSettings& settings, const Technology& technology) {
    LayerCost cost;
    cost.operations = 2.0 * count(work.macs);
    cost.bit_operations = cost.operations * settings.weight_bits * settings.activation_bits;
    cost.latency = digital_time(work, technology);
    if (settings.analog) {
        const bool aidac = settings.macro.kind == MacroKind::aidac;
        cost.energy = aidac ? aidac_energy(work, activity, settings, technology)
                            : analog_energy(work, activity, settings, technology);
        cost.energy.control =
            count(work.evaluations) * technology.control_energy * supply_factor(technology);
        // A hybrid layer's digital sums are formed while the array converts.
        cost.latency =
            std::max(cost.latency, count(work.rounds) * round_time(settings, technology));
        cost.arrays = count(work.tiles);
        cost.shared_arrays = settings.macro.array.count;
        cost.array_area = array_area(settings, technology);
    }
    add_digital(work, settings, technology, cost.energy);
    return cost;
}

Cost total_cost(std::span<const LayerCost> layers) {
    Cost total;
    std::map<int, double> shared;  // area of the largest array by their number
    for (const LayerCost& layer : layers) {
        total.energy.add(layer.energy);
        total.latency += layer.latency;
        total.operations += layer.operations;
        total.bit_operations += layer.bit_operations;
        if (layer.arrays == 0.0) continue;
        if (layer.shared_arrays == 0) {
            total.area += layer.arrays * layer.array_area;
            continue;
        }
        double& area = shared.try_emplace(layer.shared_arrays, layer.array_area).first->second;
        if (!(layer.array_area <= area)) area = layer.array_area;  // NaN stays
    }
    for (const auto& [number, area] : shared) total.area += number * area;
    return total;
}

}  // namespace acim
