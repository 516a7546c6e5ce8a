// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/parity_points.hpp"

#include <functional>
#include <utility>

namespace acim {
namespace {

using Points = std::vector<NamedSettings>;

LayerSettings asim_macro(double sigma, double nonlinear) {
    LayerSettings s;  // 255 rows of whole channels, 8 bits
    s.macro.noise.random.sigma = sigma;
    s.macro.noise.nonlinear.sigma = nonlinear;
    return s;
}

LayerSettings with(LayerSettings s, const std::function<void(LayerSettings&)>& change) {
    change(s);
    return s;
}

}  // namespace

LayerSettings dense_macro(int rows, int adc_bits, double sigma) {
    LayerSettings s;
    s.macro.rows = rows;
    s.macro.mapping = RowMapping::dense;
    s.macro.adc.bits = adc_bits;
    s.macro.noise.random.sigma = sigma;
    return s;
}

Points exact_points() {
    Points points;
    const auto add = [&](const char* name, LayerSettings s) { points.push_back({name, s}); };
    add("digital", with({}, [](auto& s) { s.analog = false; }));
    add("product", asim_macro(0.0, 0.0));
    add("product, 4-bit ADC", dense_macro(15, 4, 0.0));
    add("product, e = 2",
        with(dense_macro(85, 8, 0.0), [](auto& s) { s.macro.bits_per_cycle = 2; }));
    add("lut", dense_macro(128, 5, 0.0));
    add("lut on request", with(asim_macro(0.0, 0.0), [](auto& s) { s.path = PathRequest::table; }));
    add("lut, counts",
        with(dense_macro(64, 5, 0.0), [](auto& s) { s.macro.adc.range = AdcRange::counts; }));
    add("lut, window", with(dense_macro(64, 6, 0.0), [](auto& s) {
            s.macro.adc.range = AdcRange::window;
            s.macro.adc.lo = 3000;
            s.macro.adc.hi = 30000;
        }));
    add("lut, injected constants", with(dense_macro(36, 6, 0.5), [](auto& s) {
            s.macro.noise.nonlinear.sigma = 1.0;
            s.macro.noise.inject = {true, 0.75, -1.25};
        }));
    add("fixed without noise",
        with(dense_macro(36, 5, 0.0), [](auto& s) { s.path = PathRequest::fixed; }));
    return points;
}

Points noise_points() {
    Points points;
    const auto add = [&](const char* name, LayerSettings s) { points.push_back({name, s}); };
    add("table, 0.5 LSB + 0.05 %", asim_macro(0.5, 0.05));
    add("table, nonlinear alone", asim_macro(0.0, 0.4));
    add("table, 36 rows, 6 bits", dense_macro(36, 6, 0.3));
    add("table, 3 bits, 2 LSB", dense_macro(36, 3, 2.0));
    add("table, 12 bits", dense_macro(100, 12, 1.5));
    add("table, 5.9 LSB", dense_macro(128, 8, 5.9));
    add("table, window", with(dense_macro(64, 6, 0.4), [](auto& s) {
            s.macro.adc.range = AdcRange::window;
            s.macro.adc.lo = 2000;
            s.macro.adc.hi = 20000;
        }));
    add("table, counts",
        with(dense_macro(64, 5, 0.4), [](auto& s) { s.macro.adc.range = AdcRange::counts; }));
    add("table, percent of full scale", with(dense_macro(40, 7, 0.3), [](auto& s) {
            s.macro.noise.random.unit = NoiseUnit::percent_fs;
        }));
    add("table, volt", with(dense_macro(40, 7, 2e-3), [](auto& s) {
            s.macro.noise.random.unit = NoiseUnit::volt;
            s.macro.v_ref = 0.9;
        }));
    add("fixed on request",
        with(asim_macro(0.4, 0.05), [](auto& s) { s.path = PathRequest::fixed; }));
    add("fixed, 9 LSB", dense_macro(64, 8, 9.0));
    add("fixed, window", with(dense_macro(64, 6, 0.7), [](auto& s) {
            s.path = PathRequest::fixed;
            s.macro.adc.range = AdcRange::window;
            s.macro.adc.lo = 2000;
            s.macro.adc.hi = 20000;
        }));
    return points;
}

Points threshold_points() {
    Points points;
    for (const auto& [name, sigma] :
         {std::pair{"0.1", 0.1}, std::pair{"0.128", 0.128}, std::pair{"0.191", 0.191},
          std::pair{"0.255", 0.255}, std::pair{"0.5", 0.5}, std::pair{"1.0", 1.0}})
        points.push_back({std::string(sigma < 0.2 ? "events, " : "thresholds, ") + name + " LSB",
                          asim_macro(sigma, 0.0)});
    for (const auto& [name, sigma] : {std::pair{"0.05", 0.05}, std::pair{"0.194", 0.194}})
        points.push_back({std::string("events, ") + name + " LSB", asim_macro(sigma, 0.0)});
    points.push_back({"events, hybrid",
                      with(asim_macro(0.19, 0.0), [](auto& s) { s.macro.hybrid.levels = 3; })});
    points.push_back({"events, xnor, counts", with(dense_macro(40, 7, 0.19), [](auto& s) {
                          s.macro.weight_encoding = WeightEncoding::xnor;
                          s.macro.adc.range = AdcRange::counts;
                      })});
    points.push_back({"thresholds, 63 rows, 6 bits", dense_macro(63, 6, 0.255)});
    points.push_back({"thresholds, 15 rows, 4 bits", dense_macro(15, 4, 0.3)});
    points.push_back({"thresholds, 127 rows, 7 bits", dense_macro(127, 7, 0.2)});
    points.push_back({"thresholds, 511 rows, 9 bits", dense_macro(511, 9, 0.255)});
    points.push_back({"three codes a count", dense_macro(85, 8, 0.255)});
    points.push_back({"thresholds, 85 rows, e = 2",
                      with(dense_macro(85, 8, 0.3), [](auto& s) { s.macro.bits_per_cycle = 2; })});
    return points;
}

Points cycle_points(int drive_bits) {
    Points points;
    for (const int e : {2, 3, 4, drive_bits})
        for (const bool noisy : {false, true}) {
            LayerSettings s = dense_macro(e > 4 ? 20 : 50, 7, noisy ? 0.4 : 0.0);
            s.macro.bits_per_cycle = e;
            if (noisy && e == 4) s.macro.noise.nonlinear.sigma = 0.3;
            points.push_back({"e = " + std::to_string(e) + (noisy ? ", table" : ", lut"), s});
        }
    LayerSettings fixed = dense_macro(50, 7, 0.4);
    fixed.macro.bits_per_cycle = 4;
    fixed.path = PathRequest::fixed;
    points.push_back({"e = 4, fixed", fixed});
    return points;
}

Points transfer_points() {
    const auto bend = [](LayerSettings s) {
        s.macro.v_ref = 0.9;
        s.macro.cell.unit_capacitance = 2e-15;
        s.macro.cell.parasitic_ratio = 0.2;
        s.macro.cell.calibrated = false;
        s.macro.cell.leakage = 1e-11;
        s.macro.cell.hold_time = 15e-9;
        s.macro.switches.injection_offset = 0.5e-3;
        s.macro.switches.injection_gain = 0.01;
        s.macro.switches.injection_curvature = 0.02;
        s.macro.switches.settling_error = 0.01;
        return s;
    };
    const auto measure = [](LayerSettings s) {
        auto table = std::make_shared<MeasuredErrorTable>();
        table->hash = "error of the parity cases";
        table->sum = {0.0, 7.0, 20.0, 2.0 * s.macro.rows};
        table->mean = {0.1, -0.2, 0.3, 0.5};
        table->sigma = {0.05, 0.2, 0.1, 0.4};
        s.macro.measured.table = table;
        return s;
    };
    Points points;
    points.push_back({"bent, lut", bend(dense_macro(50, 7, 0.0))});
    points.push_back({"bent, table", bend(dense_macro(50, 7, 0.4))});
    points.push_back({"bent, fixed", with(bend(dense_macro(50, 7, 0.4)),
                                          [](auto& s) { s.path = PathRequest::fixed; })});
    points.push_back({"measured, table", measure(dense_macro(50, 6, 0.1))});
    points.push_back({"kT/C and comparator", with(dense_macro(50, 7, 0.1), [](auto& s) {
                          s.macro.v_ref = 0.9;
                          s.macro.cell.unit_capacitance = 1e-16;
                          s.macro.cell.temperature = 300.0;
                          s.macro.adc_errors.comparator = 0.2;
                      })});
    points.push_back({"current, table", with(dense_macro(50, 7, 0.3), [](auto& s) {
                          s.macro.current_domain.alpha = 1e-3;
                      })});
    return points;
}

}  // namespace acim
