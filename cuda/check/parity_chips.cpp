// SPDX-License-Identifier: Apache-2.0
// Errors of one chip, its arrays, and all-analog macros.
#include <cmath>
#include <random>

#include "cuda/check/parity_points.hpp"
#include "cuda/trial/measured_chip.hpp"

namespace acim {
namespace {

using Points = std::vector<NamedSettings>;

// The references that terms in volt and farad need, and nothing else.
LayerSettings plain_chip(double sigma) {
    LayerSettings s = dense_macro(50, 7, sigma);
    s.macro.v_ref = 0.9;
    s.macro.cell.unit_capacitance = 2e-15;
    return s;
}

// Pelgrom coefficient of 2 % at 1 fF [sqrt(F)].
const double mismatch = 0.02 * std::sqrt(1e-15);

template <class Change>
LayerSettings changed(LayerSettings s, Change change) {
    change(s.macro);
    return s;
}

double centred(std::mt19937& random, double most) {
    return most * (static_cast<double>(random() % 2001u) - 1000.0) / 1000.0;
}

std::shared_ptr<const AdcEdgeTable> edge_table(int adc_bits, int adcs) {
    auto table = std::make_shared<AdcEdgeTable>();
    table->hash = "edges of the parity cases";
    table->adcs = adcs;
    table->edges = (1 << adc_bits) - 1;
    std::mt19937 random(3);
    for (int i = 0; i < adcs * table->edges; ++i) table->inl.push_back(centred(random, 0.8));
    return table;
}

std::shared_ptr<const MeasuredErrorTable> error_table() {
    auto table = std::make_shared<MeasuredErrorTable>();
    table->hash = "error of the parity cases";
    table->sum = {0.0, 7.0, 20.0, 2000.0};
    table->mean = {0.1, -0.2, 0.3, 0.5};
    table->sigma = {0.05, 0.2, 0.1, 0.4};
    return table;
}

template <class T>
MeasuredTerm<T> term(int chips, int arrays, int lines, int width, std::vector<T> values) {
    return {chips, arrays, lines, width, std::move(values)};
}

std::vector<double> draw(std::mt19937& random, int count, double centre, double most) {
    std::vector<double> out;
    for (int i = 0; i < count; ++i) out.push_back(centre + centred(random, most));
    return out;
}

// Two chips with every term, of 100 rows, 64 columns and 16 ADCs of 7 bits.
std::shared_ptr<const MeasuredChip> measured_chip() {
    constexpr int rows = 100, columns = 64, adcs = 16, edges = 127;
    std::mt19937 random(7);
    auto chip = std::make_shared<MeasuredChip>();
    chip->hash = "chip of the parity cases";
    const SteppedValues cells = in_steps(draw(random, 2 * rows * columns, 0.0, 0.03));
    chip->cells = term(2, 1, rows, columns, cells.q);
    chip->cell_step = cells.step;
    const SteppedValues drivers = in_steps(draw(random, rows, 0.0, 0.3));
    chip->drivers = term(1, 1, rows, 1, drivers.q);
    chip->driver_step = drivers.step;
    chip->adc_offset = term(2, 2, adcs, 1, draw(random, 4 * adcs, 0.0, 0.5));
    chip->adc_gain = term(1, 1, adcs, 1, draw(random, adcs, 0.0, 0.01));
    chip->adc_inl = term(1, 2, adcs, edges, draw(random, 2 * adcs * edges, 0.0, 0.3));
    chip->injection = term(1, 1, columns, 1, draw(random, columns, 1e-4, 5e-4));
    chip->parasitic = term(1, 1, columns, 1, draw(random, columns, 1e-14, 2e-15));
    chip->mean_parasitic = 1e-14;
    return chip;
}

}  // namespace

void set_chip_terms(MacroParams& m) {
    m.v_ref = 0.9;
    m.cell.unit_capacitance = 2e-15;
    m.cell.mismatch = mismatch;
    m.cell.parasitic_ratio = 0.1;
    m.cell.parasitic_variation = 0.05;
    m.cell.leakage = 1e-11;
    m.cell.hold_time = 15e-9;
    m.cell.temperature = 300.0;
    m.switches.injection_offset = 0.5e-3;
    m.switches.injection_offset_variation = 0.3e-3;
    m.switches.injection_gain = 1e-3;
    m.switches.injection_curvature = 2e-3;
    m.switches.settling_error = 5e-3;
    m.switches.reset = false;
    m.input_dac.inl = 0.2;
    m.adc_errors.offset = 0.3;
    m.adc_errors.gain = 0.01;
    m.adc_errors.dnl = 0.05;
    m.adc_errors.comparator = 0.1;
}

namespace {

// Points that start from the same settings.
class PointList {
public:
    explicit PointList(LayerSettings base) : base_(std::move(base)) {}

    template <class Change>
    void add(const char* name, Change change) {
        points_.push_back({name, changed(base_, change)});
    }
    template <class Change>
    void add_quiet(const char* name, Change change) {
        add(name, change);
        points_.back().settings.macro.noise.random.sigma = 0.0;
    }
    Points take() { return std::move(points_); }

private:
    LayerSettings base_;
    Points points_;
};

Points joined(Points a, const Points& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// Errors of cells and columns.
Points column_points() {
    PointList list(plain_chip(0.3));
    const auto mismatched = [](MacroParams& m) { m.cell.mismatch = mismatch; };
    const auto no_reset = [](MacroParams& m) {
        m.switches.settling_error = 0.02;
        m.switches.reset = false;
    };
    list.add("mismatch", mismatched);
    list.add_quiet("mismatch without noise", mismatched);
    list.add("mismatch, e = 4", [](auto& m) {
        m.cell.mismatch = mismatch;
        m.bits_per_cycle = 4;
    });
    list.add("parasitic variation", [](auto& m) {
        m.cell.parasitic = 5e-15;
        m.cell.parasitic_variation = 0.1;
    });
    list.add("injection variation", [](auto& m) {
        m.switches.injection_offset = 0.5e-3;
        m.switches.injection_offset_variation = 1e-3;
        m.switches.injection_gain = 0.01;
        m.switches.injection_curvature = 0.02;
    });
    list.add("settling without reset", no_reset);
    list.add_quiet("settling without reset or noise", no_reset);
    list.add("kT/C and mismatch", [](auto& m) {
        m.cell.mismatch = mismatch;
        m.cell.temperature = 300.0;
    });
    list.add("current domain", [](auto& m) { m.current_domain = {1e-3, 0.05}; });
    list.add("injected constants", [](auto& m) {
        m.cell.mismatch = mismatch;
        m.noise.inject = {true, 1.0, -1.0};
    });
    return list.take();
}

// Errors of input DACs and ADCs, and what is measured of them.
Points converter_points() {
    PointList list(plain_chip(0.3));
    list.add("input DACs, inl", [](auto& m) {
        m.input_dac.inl = 0.5;
        m.bits_per_cycle = 3;
    });
    list.add("input DACs, table", [](auto& m) {
        m.input_dac.table = {0.0, 0.25, -0.125, 0.0625};
        m.bits_per_cycle = 2;
    });
    list.add("ADC offset", [](auto& m) { m.adc_errors.offset = 0.6; });
    list.add("ADC gain", [](auto& m) { m.adc_errors.gain = 0.02; });
    list.add("ADC dnl", [](auto& m) { m.adc_errors.dnl = 0.2; });
    list.add_quiet("ADC dnl without noise", [](auto& m) { m.adc_errors.dnl = 0.4; });
    list.add("ADC edge table", [](auto& m) { m.adc_errors.table = edge_table(m.adc.bits, 5); });
    list.add("comparator and offset", [](auto& m) {
        m.adc_errors.offset = 0.6;
        m.adc_errors.comparator = 0.3;
    });
    list.add("settling with reset, offset", [](auto& m) {
        m.switches.settling_error = 0.02;
        m.adc_errors.offset = 0.1;
    });
    list.add("leakage, gain", [](auto& m) {
        m.cell.leakage = 1e-10;
        m.cell.hold_time = 15e-9;
        m.adc_errors.gain = 0.01;
    });
    list.add("measured per chip", [](auto& m) {
        m.measured.table = error_table();
        m.measured.scope = ErrorScope::chip;
    });
    list.add("measured fresh, with mismatch", [](auto& m) {
        m.measured.table = error_table();
        m.cell.mismatch = mismatch;
    });
    return list.take();
}

LayerSettings every_term() {
    LayerSettings s = plain_chip(0.3);
    set_chip_terms(s.macro);
    return s;
}

// Weights in other columns, all planes at once, chips from a file.
Points layout_points() {
    PointList list(every_term());
    const auto encode = [&](const char* name, WeightEncoding encoding, int bits_per_cycle) {
        list.add(name, [=](MacroParams& m) {
            m.weight_encoding = encoding;
            m.bits_per_cycle = bits_per_cycle;
        });
    };
    encode("all terms, offset_binary", WeightEncoding::offset_binary, 1);
    encode("all terms, differential", WeightEncoding::differential, 1);
    encode("all terms, xnor", WeightEncoding::xnor, 1);
    encode("all terms, xnor, e = 2", WeightEncoding::xnor, 2);
    list.add("weight_parallel", [](auto& m) { m.weight_parallel = true; });
    list.add("weight_parallel, e = 2, hybrid, mode", [](auto& m) {
        m.weight_parallel = true;
        m.bits_per_cycle = 2;
        m.hybrid.levels = 1;
        m.voting = {3, 3, VoteCombination::mode};
    });
    PointList plain(plain_chip(0.3));
    plain.add_quiet("weight_parallel, ideal", [](auto& m) { m.weight_parallel = true; });
    plain.add("measured chip", [](auto& m) {
        m.chip = measured_chip();
        m.array = {64, 2, 4, 0};
    });
    plain.add("measured chip, e = 2, xnor", [](auto& m) {
        m.chip = measured_chip();
        m.array = {64, 2, 4, 2};
        m.bits_per_cycle = 2;
        m.weight_encoding = WeightEncoding::xnor;
    });
    return joined(list.take(), plain.take());
}

}  // namespace

Points chip_points() { return joined(column_points(), converter_points()); }

Points chip_mixture_points() {
    PointList list(every_term());
    list.add("all terms", [](MacroParams&) {});
    list.add_quiet("all terms without random noise", [](MacroParams&) {});
    list.add("all terms, nonlinear", [](auto& m) { m.noise.nonlinear.sigma = 0.2; });
    list.add("all terms, e = 3", [](auto& m) { m.bits_per_cycle = 3; });
    list.add("all terms, window", [](auto& m) {
        m.adc.range = AdcRange::window;
        m.adc.hi = 40000;
    });
    list.add("all terms, counts", [](auto& m) { m.adc.range = AdcRange::counts; });
    list.add("all terms, hybrid and votes", [](auto& m) {
        m.hybrid = {2, false};
        m.voting = {4, 3, VoteCombination::median};
    });
    list.add("all terms, rounded hybrid, mean", [](auto& m) {
        m.hybrid = {2, true};
        m.voting = {4, 3, VoteCombination::mean};
    });
    Points points = joined(list.take(), layout_points());
    points.push_back({"all terms, fixed", every_term()});
    points.back().settings.path = PathRequest::fixed;
    return points;
}

Points array_points() {
    Points points;
    const auto add = [&](const char* name, const ArrayParams& array) {
        LayerSettings s = plain_chip(0.3);
        s.macro.rows = 36;
        s.macro.cell.mismatch = mismatch;
        s.macro.adc_errors.offset = 0.4;
        s.macro.adc_errors.dnl = 0.1;
        s.macro.array = array;
        points.push_back({name, s});
    };
    add("a row group each", {256, 1, 1, 0});
    add("16 columns, 2 row groups", {16, 2, 1, 0});
    add("columns share ADCs", {64, 1, 8, 0});
    add("one array for all", {64, 2, 2, 1});
    add("three arrays for all", {32, 1, 4, 3});
    return points;
}

Points aidac_points() {
    LayerSettings ideal;
    ideal.macro.kind = MacroKind::aidac;
    ideal.macro.aidac.blocks = 2;
    ideal.macro.aidac.outputs_per_array = 8;
    LayerSettings real = changed(ideal, [](MacroParams& m) {
        m.v_ref = 0.9;
        m.cell.unit_capacitance = 2e-15;
        m.cell.mismatch = mismatch;
        m.cell.leakage = 1e-11;
        m.cell.hold_time = 15e-9;
        m.cell.temperature = 300.0;
        m.switches.injection_offset = 0.5e-3;
        m.switches.injection_gain = 1e-3;
        m.switches.settling_error = 1.5e-3;
        m.aidac.row_parasitic = m.aidac.column_parasitic = m.aidac.join_parasitic = 0.1;
        m.aidac.vtc_offset = 3e-3;
        m.aidac.vtc_gain = 5e-3;
        m.aidac.vtc_inl = 1.7e-3;
        m.aidac.jitter = 1e-12;
        m.aidac.full_scale_time = 0.64e-9;
        m.aidac.delay = 0.1e-9;
    });
    const auto group_weights = [](MacroParams& m) {
        m.aidac.topology = AidacTopology::grouped_weight;
        m.aidac.block_rows = 30;
    };
    const auto raw = [](MacroParams& m) { m.aidac.reference = AidacReference::raw; };
    LayerSettings fixed = real;
    fixed.path = PathRequest::fixed;
    return {
        {"aidac, ideal", ideal},
        {"aidac, noise alone", changed(ideal, [](auto& m) { m.noise.random.sigma = 0.4; })},
        {"aidac, grouped cells", real},
        {"aidac, raw reference", changed(real, raw)},
        {"aidac, grouped weight", changed(real, group_weights)},
        {"aidac, grouped weight, raw", changed(changed(real, group_weights), raw)},
        {"aidac, one block of 128", changed(real, [](auto& m) { m.aidac.blocks = 1; })},
        {"aidac, fixed", fixed},
    };
}

}  // namespace acim
