// SPDX-License-Identifier: Apache-2.0
// Chips that are measured instead of drawn: the same codes from the same numbers.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/trial/chip_layer.hpp"
#include "cuda/trial/measured_chip.hpp"

namespace acim {
namespace {

constexpr std::uint64_t seed = 23;
constexpr int outputs = 6, depth = 90, pixels = 3;
constexpr int rows = 30, array_columns = 16, array_adcs = 8;

// Two outputs an array, two row groups stacked: 3 groups give 2 x 3 arrays.
LayerSettings base_settings() {
    LayerSettings s;
    s.activation_bits = 4;
    s.macro.rows = rows;
    s.macro.mapping = RowMapping::dense;
    s.macro.adc.bits = 6;
    s.macro.array = {array_columns, 2, 2, 0};
    return s;
}

const LayerShape shape{outputs, depth, 1, false};

LayerPlan plan_of(const LayerSettings& settings) {
    CycleLawCache cache;
    return make_layer_plan(settings, shape, cache);
}

ProductSite site_on(std::uint32_t chip) {
    ProductSite site;
    site.chip = chip_key(seed, chip);
    site.chip_number = chip;
    site.outputs = outputs;
    return site;
}

std::vector<double> run_on(const LayerSettings& settings, std::uint32_t chip) {
    const LayerPlan plan = plan_of(settings);
    std::mt19937 draw(7);
    std::vector<std::int8_t> weights;
    std::vector<std::int16_t> inputs;
    for (int n = 0; n < outputs * depth; ++n)
        weights.push_back(static_cast<std::int8_t>(static_cast<int>(draw() % 255u) - 127));
    for (int n = 0; n < pixels * depth; ++n)
        inputs.push_back(static_cast<std::int16_t>(draw() % 16u));
    std::vector<std::int64_t> analog(outputs * pixels), digital(analog), exact(analog);
    const auto kernel = make_reference_kernel();
    const auto packed = kernel->pack(plan, outputs, weights, site_on(chip));
    kernel->run(plan, *packed, outputs, pixels, inputs, {0, pixels, 1},
                {trial_key(seed, chip, 0), 0, 0}, {analog, digital, exact});
    std::vector<double> y;
    for (std::size_t i = 0; i < analog.size(); ++i)
        y.push_back(product_value(plan, analog[i], digital[i], exact[i]));
    return y;
}

// Calls visit(array, place) for every column of the layer, arrays numbered from 0.
template <class Visit>
void for_columns(const LayerPlan& plan, Visit visit) {
    for (int g = 0; g < plan.groups; ++g)
        for (int o = 0; o < outputs; ++o)
            for (int i = 0; i < plan.columns.count; ++i)
                visit(g, o, i,
                      column_place(plan.macro.array, plan.rows, plan.columns.count, outputs, 0, g,
                                   o, i));
}

template <class T = double>
MeasuredTerm<T> empty_term(int chips, int arrays, int lines, int width = 1) {
    MeasuredTerm<T> term{chips, arrays, lines, width, {}};
    term.values.resize(static_cast<std::size_t>(chips) * arrays * lines * width);
    return term;
}

template <class T>
T* value_at(MeasuredTerm<T>& term, std::uint32_t chip, std::uint32_t array, std::uint32_t line) {
    return const_cast<T*>(term.at(chip, array, line));
}

LayerSettings with_chip(LayerSettings settings, MeasuredChip chip) {
    settings.macro.chip = std::make_shared<const MeasuredChip>(std::move(chip));
    return settings;
}

// Gain, offset and edges of drawn ADCs, written down as a file would.
MeasuredChip adcs_of(const LayerPlan& plan, std::uint32_t chips) {
    const int edges = adc_edges(plan);
    MeasuredChip file;
    file.adc_gain = empty_term(static_cast<int>(chips), 6, array_adcs);
    file.adc_offset = file.adc_gain;
    file.adc_inl = empty_term(static_cast<int>(chips), 6, array_adcs, edges);
    for (std::uint32_t c = 0; c < chips; ++c) {
        const ChipLayer drawn(plan, outputs, site_on(c));
        for_columns(plan, [&](int g, int o, int i, const ColumnPlace& place) {
            const AdcChannel& adc = drawn.adc(drawn.column(g, o, i).adc);
            *value_at(file.adc_gain, c, place.array, place.adc) = adc.gain;
            *value_at(file.adc_offset, c, place.array, place.adc) = adc.offset;
            double* inl = value_at(file.adc_inl, c, place.array, place.adc);
            for (int k = 0; k < edges; ++k) inl[k] = (adc.edges[k] - (k * 65536 + 32768)) / 65536.0;
        });
    }
    return file;
}

TEST(MeasuredChip, DrawnAdcsFromAFileGiveTheSameCodesToTheBit) {
    LayerSettings drawn = base_settings();
    drawn.macro.adc_errors.gain = 0.02;
    drawn.macro.adc_errors.offset = 0.8;
    drawn.macro.adc_errors.dnl = 0.2;
    drawn.macro.noise.random.sigma = 0.3;
    LayerSettings read = base_settings();
    read.macro.noise.random.sigma = 0.3;
    read = with_chip(read, adcs_of(plan_of(drawn), 2));
    for (const PathRequest path : {PathRequest::automatic, PathRequest::fixed}) {
        drawn.path = read.path = path;
        EXPECT_EQ(run_on(read, 0), run_on(drawn, 0));
        EXPECT_EQ(run_on(read, 1), run_on(drawn, 1));
        EXPECT_NE(run_on(read, 0), run_on(read, 1));
    }
    EXPECT_EQ(plan_of(read).path, plan_of(drawn).path);
}

// Cells of the file lie within half a step of 1/127 of the largest from the drawn ones. Where
// the two steps are equal nothing is lost, and so are the codes.
TEST(MeasuredChip, DrawnCellsFromAFile) {
    LayerSettings drawn = base_settings();
    drawn.macro.cell.unit_capacitance = 1e-15;
    drawn.macro.cell.mismatch = 0.05 * std::sqrt(1e-15);
    const LayerPlan plan = plan_of(drawn);
    const ChipLayer chip(plan, outputs, site_on(0));
    MeasuredTerm<double> d = empty_term(1, 6, 2 * rows, array_columns);
    for_columns(plan, [&](int g, int o, int i, const ColumnPlace& place) {
        for (std::uint32_t r = 0; r < rows; ++r)
            value_at(d, 0, place.array, place.row + r)[place.column] =
                chip.cells(g, o, i)[r] * plan.terms.mismatch;
    });
    SteppedValues held = in_steps(d.values);
    for (std::size_t n = 0; n < d.values.size(); ++n)
        ASSERT_LE(std::abs(held.q[n] * held.step - d.values[n]), 0.5000001 * held.step) << n;
    MeasuredChip file;
    file.cells = {1, 6, 2 * rows, array_columns, held.q};
    file.cell_step = held.step;
    const LayerPlan read = plan_of(with_chip(base_settings(), file));
    EXPECT_FALSE(read.per_chip);  // one chip was measured
    EXPECT_EQ(read.path, SamplingPath::chip);
    EXPECT_EQ(read.terms.mismatch, held.step);
    const ChipLayer again(read, outputs, site_on(5));
    for_columns(plan, [&](int g, int o, int i, const ColumnPlace&) {
        double sum = 0.0;
        for (std::uint32_t r = 0; r < rows; ++r) {
            ASSERT_LE(std::abs(again.cells(g, o, i)[r] * held.step -
                               chip.cells(g, o, i)[r] * plan.terms.mismatch),
                      0.5000001 * held.step);
            sum += again.cells(g, o, i)[r];
        }
        ASSERT_EQ(again.column(g, o, i).q_sum, sum);
    });
    // With the step of the draws, the integers are the drawn ones.
    file.cell_step = plan.terms.mismatch;
    for (std::size_t n = 0; n < d.values.size(); ++n)
        file.cells.values[n] =
            static_cast<std::int8_t>(std::lround(d.values[n] / plan.terms.mismatch));
    EXPECT_EQ(run_on(with_chip(base_settings(), file), 0), run_on(drawn, 0));
    EXPECT_NE(run_on(base_settings(), 0), run_on(drawn, 0));
}

TEST(MeasuredChip, StepsAreRoundedHalfToEvenAndHeldIn127) {
    const SteppedValues held = in_steps(std::vector<double>{1.27, -1.27, 0.005, 0.015, 0.3, 0.0});
    EXPECT_DOUBLE_EQ(held.step, 0.01);
    EXPECT_EQ(held.q[0], 127);
    EXPECT_EQ(held.q[1], -127);
    EXPECT_EQ(held.q[4], 30);
    EXPECT_EQ(held.q[5], 0);
    EXPECT_EQ(in_steps(std::vector<double>{127.0, 0.5, 1.5, -2.5}).q,
              (std::vector<std::int8_t>{127, 0, 2, -2}));
    const SteppedValues none = in_steps(std::vector<double>{0.0, 0.0});
    EXPECT_EQ(none.step, 0.0);
    EXPECT_EQ(none.q, (std::vector<std::int8_t>{0, 0}));
}

// Columns: C_par and the constant injected part are those of the file, in cells and full scales.
TEST(MeasuredChip, ColumnsTakeTheirOwnParasiticAndInjection) {
    LayerSettings s = base_settings();
    s.macro.v_ref = 0.8;
    s.macro.cell.unit_capacitance = 2e-15;
    s.macro.switches.injection_gain = 0.001;  // other terms stay
    MeasuredChip file;
    file.parasitic = empty_term(1, 2, array_columns);
    file.injection = empty_term(2, 1, array_columns);
    for (std::size_t n = 0; n < file.parasitic.values.size(); ++n)
        file.parasitic.values[n] = 1e-15 * static_cast<double>(n + 1);
    for (std::size_t n = 0; n < file.injection.values.size(); ++n)
        file.injection.values[n] = 1e-3 * static_cast<double>(n) - 7e-3;
    file.mean_parasitic = 16.5e-15;
    const LayerPlan plan = plan_of(with_chip(s, file));
    EXPECT_TRUE(plan.per_chip);
    const double r = 16.5e-15 / (rows * 2e-15);
    EXPECT_DOUBLE_EQ(plan.terms.calibration, 1.0 + r);
    EXPECT_EQ(plan.terms.injection_gain, 0.001);
    for (const std::uint32_t chip : {0u, 1u, 4u}) {
        const ChipLayer layer(plan, outputs, site_on(chip));
        for_columns(plan, [&](int g, int o, int i, const ColumnPlace& place) {
            const ChipLayer::Column& column = layer.column(g, o, i);
            const double farads = 1e-15 * (place.array % 2 * 16 + place.column + 1);
            EXPECT_DOUBLE_EQ(column.parasitic, farads / 2e-15);
            const double volts = 1e-3 * (chip % 2 * 16 + place.column) - 7e-3;
            EXPECT_NEAR(column.injection, volts * (1.0 + r) / 0.8, 1e-15);
        });
    }
}

// A parabola of the file's peak, the same at every value as dac_error() gives it.
TEST(MeasuredChip, RowDriversTakeTheirOwnPeak) {
    LayerSettings s = base_settings();
    s.macro.bits_per_cycle = 2;
    MeasuredChip file;
    file.drivers = empty_term<std::int8_t>(1, 1, 2 * rows);
    for (int r = 0; r < 2 * rows; ++r)
        file.drivers.values[static_cast<std::size_t>(r)] = static_cast<std::int8_t>(2 * r - 59);
    file.driver_step = 0.01;
    const LayerPlan plan = plan_of(with_chip(s, file));
    EXPECT_FALSE(plan.per_chip);
    const ChipLayer chip(plan, outputs, site_on(0));
    const auto peak = [](int q) {
        return static_cast<int>(std::lround(0.01 * q * 8.0 / 9 * 4096));
    };
    for (const int g : {0, 1, 2})
        for (int r = 0; r < rows; ++r) {
            const int q = chip.drivers(chip.column(g, 0, 0).drivers)[static_cast<std::size_t>(r)];
            EXPECT_EQ(q, 2 * (g % 2 * rows + r) - 59);
            EXPECT_EQ(chip.dac_error(2, q, 1), peak(q));
            EXPECT_EQ(chip.dac_error(2, q, 3), 0);
        }
    EXPECT_NE(run_on(with_chip(s, file), 0), run_on(s, 0));
    file.drivers.values.assign(file.drivers.values.size(), 0);
    EXPECT_EQ(run_on(with_chip(s, file), 0), run_on(s, 0));
}

// Chips, and arrays of the layer, that the file does not have start again from the first.
TEST(MeasuredChip, ChipsAndArraysWrap) {
    MeasuredChip file;
    file.adc_offset = empty_term(2, 4, array_adcs);
    for (std::size_t n = 0; n < file.adc_offset.values.size(); ++n)
        file.adc_offset.values[n] = static_cast<double>(n);
    const LayerSettings s = with_chip(base_settings(), file);
    const LayerPlan plan = plan_of(s);
    for (const std::uint32_t chip : {0u, 1u, 2u, 7u}) {
        const ChipLayer layer(plan, outputs, site_on(chip));
        for_columns(plan, [&](int g, int o, int i, const ColumnPlace& place) {
            const auto expected = (chip % 2 * 4 + place.array % 4) * array_adcs + place.adc;
            EXPECT_EQ(layer.adc(layer.column(g, o, i).adc).offset, expected);
        });
    }
    EXPECT_EQ(run_on(s, 0), run_on(s, 2));
    EXPECT_NE(run_on(s, 0), run_on(s, 1));
}

// Off is off: a file of zeros changes no code of a lossy macro without noise.
TEST(MeasuredChip, AFileOfZerosChangesNothing) {
    MeasuredChip file;
    file.cells = empty_term<std::int8_t>(1, 1, 2 * rows, array_columns);
    file.adc_gain = file.adc_offset = empty_term(1, 1, array_adcs);
    file.adc_inl = empty_term(1, 1, array_adcs, 63);
    const LayerSettings s = with_chip(base_settings(), file);
    EXPECT_TRUE(plan_of(s).channels);
    EXPECT_EQ(run_on(s, 0), run_on(base_settings(), 0));
}

struct Misfit {
    const char* says;
    std::function<void(LayerSettings&, MeasuredChip&)> make;
};

TEST(MeasuredChip, WhatDoesNotCoverAnArrayIsRefused) {
    const std::vector<Misfit> cases = {
        {"its dataset cell_mismatch has 59 rows, but an array of this layer has 60; measure more",
         [](auto&, auto& c) { c.cells = empty_term<std::int8_t>(1, 1, 59, 16); }},
        {"its dataset cell_mismatch has 15 columns, but an array of this layer has 16",
         [](auto&, auto& c) { c.cells = empty_term<std::int8_t>(1, 1, 60, 15); }},
        {"its dataset input_dac_inl_lsb has 1 rows",
         [](auto&, auto& c) { c.drivers = empty_term<std::int8_t>(1, 1, 1); }},
        {"its dataset adc_offset_lsb has 7 ADCs, but an array of this layer has 8",
         [](auto&, auto& c) { c.adc_offset = empty_term(1, 1, 7); }},
        {"its dataset adc_gain_pct has 8 ADCs, but an array of this layer has 11",
         [](auto& s, auto& c) {
             s.macro.array = {21, 2, 2, 0};
             c.adc_gain = empty_term(1, 1, 8);
         }},
        {"its dataset adc_inl_lsb has 31 edges, but the ADC of this layer has 63",
         [](auto&, auto& c) { c.adc_inl = empty_term(1, 1, 8, 31); }},
        {"its dataset injection_mV has 15 columns",
         [](auto& s, auto& c) {
             s.macro.v_ref = 1.0;
             c.injection = empty_term(1, 1, 15);
         }},
        {"its dataset injection_mV needs macro.v_ref",
         [](auto&, auto& c) { c.injection = empty_term(1, 1, 16); }},
        {"its dataset c_par_fF needs macro.cell.c_unit_fF",
         [](auto&, auto& c) { c.parasitic = empty_term(1, 1, 16); }},
        {"macro.current_domain stands in place of the charge terms",
         [](auto& s, auto& c) {
             s.macro.v_ref = 1.0;
             s.macro.current_domain.alpha = 1e-4;
             c.injection = empty_term(1, 1, 16);
         }},
        {"macro.weight_parallel has signed codes", [](auto& s, auto& c) {
             s.macro.weight_parallel = true;
             c.adc_inl = empty_term(1, 1, 8, 63);
         }}};
    for (const Misfit& misfit : cases) {
        LayerSettings s = base_settings();
        MeasuredChip chip;
        misfit.make(s, chip);
        try {
            plan_of(with_chip(s, chip));
            ADD_FAILURE() << misfit.says;
        } catch (const std::invalid_argument& error) {
            EXPECT_NE(std::string(error.what()).find(misfit.says), std::string::npos)
                << error.what();
        }
    }
}

}  // namespace
}  // namespace acim
