// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "cuda/model/macro/array_place.hpp"
#include "cuda/trial/measured_chip.hpp"
#include "tests/engine/random_layer.hpp"

// Static errors that are measured instead of drawn, of random chips.
namespace acim::testing_device {

using testing_support::Pick;

inline std::vector<double> draw_values(Pick& pick, int count, double centre, double most) {
    std::vector<double> out;
    for (int i = 0; i < count; ++i) out.push_back(centre + most * pick.between(-1000, 1000) / 1000);
    return out;
}

// A file of one or two chips and arrays that fits the macro, with each dataset or without it.
inline std::shared_ptr<const MeasuredChip> random_chip_file(Pick& pick, const MacroParams& m) {
    auto chip = std::make_shared<MeasuredChip>();
    const int rows = m.array.row_groups * m.rows, columns = m.array.columns;
    const int adcs = adcs_per_array(m.array), edges = (1 << m.adc.bits) - 1;
    const bool charge = !m.current_domain.any();
    const auto term = [&](int lines, int width, double centre, double most) {
        MeasuredTerm<double> t{pick.between(1, 2), pick.between(1, 2), lines, width, {}};
        t.values = draw_values(pick, t.chips * t.arrays * lines * width, centre, most);
        return t;
    };
    const auto stepped = [&](int lines, int width, double most, double& step) {
        const MeasuredTerm<double> t = term(lines, width, 0.0, most);
        SteppedValues values = in_steps(t.values);
        step = values.step;
        return MeasuredTerm<std::int8_t>{t.chips, t.arrays, lines, width, std::move(values.q)};
    };
    if (pick.chance(60)) chip->cells = stepped(rows, columns, 0.03, chip->cell_step);
    if (pick.chance(60)) chip->drivers = stepped(rows, 1, 0.3, chip->driver_step);
    if (pick.chance(60)) chip->adc_offset = term(adcs, 1, 0.0, 0.5);
    if (pick.chance(60)) chip->adc_gain = term(adcs, 1, 0.0, 0.01);
    if (pick.chance(60) && !m.weight_parallel) chip->adc_inl = term(adcs, edges, 0.0, 0.3);
    if (pick.chance(60) && charge) chip->injection = term(columns, 1, 1e-4, 5e-4);
    if (pick.chance(60) && charge) {
        chip->parasitic = term(columns, 1, 1e-14, 2e-15);
        chip->mean_parasitic = 1e-14;
    }
    return chip;
}

inline std::shared_ptr<const AdcEdgeTable> random_edges(Pick& pick, int adc_bits) {
    auto table = std::make_shared<AdcEdgeTable>();
    table->adcs = pick.between(1, 5);
    table->edges = (1 << adc_bits) - 1;
    table->inl = draw_values(pick, table->adcs * table->edges, 0.0, 0.8);
    return table;
}

// Some of the tables that a macro may name.
inline void draw_measured(Pick& pick, MacroParams& m) {
    if (pick.chance(15) && m.rows <= 300) m.chip = random_chip_file(pick, m);
    if (pick.chance(10) && !m.weight_parallel && !(m.chip && m.chip->adc_inl.any()))
        m.adc_errors.table = random_edges(pick, m.adc.bits);
    if (pick.chance(15)) m.input_dac.table = draw_values(pick, 1 << m.bits_per_cycle, 0.0, 0.5);
}

}  // namespace acim::testing_device
