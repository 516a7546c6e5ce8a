// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "cuda/trial/product_kernel.hpp"

// Layers drawn at random, for tests that compare kernels.
namespace acim::testing_support {

class Pick {
public:
    explicit Pick(int seed) : random_(static_cast<unsigned>(seed)) {}
    int between(int low, int high) {
        return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
    }
    bool chance(int percent) { return between(1, 100) <= percent; }
    template <class T>
    T of(std::initializer_list<T> values) {
        return values.begin()[random_() % values.size()];
    }

private:
    std::mt19937 random_;
};

// The integers of a run: A, D, exact.
using RunSums = std::vector<std::vector<std::int64_t>>;

struct LayerRun {
    LayerSettings settings;
    LayerShape shape;
    int pixels = 1;
    std::vector<std::int8_t> weights;
    std::vector<std::int16_t> inputs;

    void draw_operands(Pick& pick) {
        const int w_top = settings.weight_bits == 1 ? 1 : (1 << (settings.weight_bits - 1)) - 1;
        const int w_low = settings.weight_bits == 1 ? 0 : pick.chance(20) ? -w_top - 1 : -w_top;
        const int x_bits = settings.activation_bits - (shape.is_signed ? 1 : 0);
        const int x_top = (1 << x_bits) - 1, x_low = shape.is_signed ? -x_top - 1 : 0;
        // Where most inputs are large, sums come near the full scale.
        const bool large = pick.chance(30);
        for (int i = 0; i < shape.outputs * shape.depth; ++i)
            weights.push_back(static_cast<std::int8_t>(
                large && pick.chance(70) ? w_top : pick.between(w_low, w_top)));
        for (int i = 0; i < pixels * shape.depth; ++i)
            inputs.push_back(static_cast<std::int16_t>(
                large && pick.chance(70) ? x_top : pick.between(x_low, x_top)));
    }

    LayerPlan plan() const {
        CycleLawCache cache;
        return make_layer_plan(settings, shape, cache);
    }

    RunSums run(const ProductKernel& kernel, std::uint32_t chip) const {
        const LayerPlan p = plan();
        const auto n = static_cast<std::size_t>(shape.outputs) * pixels;
        RunSums sums(3, std::vector<std::int64_t>(n, -1));
        ProductSite site;
        site.chip = chip_key(77, chip);
        site.layer = 12;
        site.first_tile = 5;
        site.first_output = 3;
        site.outputs = shape.outputs + 7;
        const auto packed = kernel.pack(p, shape.outputs, weights, site);
        kernel.run(p, *packed, shape.outputs, pixels, inputs, OutputMap{5, pixels, 1},
                   ProductPlace{trial_key(77, chip, 2), 12, 4711}, {sums[0], sums[1], sums[2]});
        return sums;
    }

    std::string describe() const {
        const MacroParams& m = settings.macro;
        std::ostringstream text;
        text << "W " << settings.weight_bits << " X " << settings.activation_bits
             << (shape.is_signed ? " signed" : "") << " rows " << m.rows << " e "
             << m.bits_per_cycle << " B " << m.adc.bits << " range " << int(m.adc.range)
             << " encoding " << int(m.weight_encoding) << " path " << int(plan().path)
             << " outputs " << shape.outputs << " depth " << shape.depth << " pixels " << pixels
             << " hybrid " << m.hybrid.levels << (m.hybrid.asim_rounding ? " rounded" : "")
             << " voting " << m.voting.levels << "x" << m.voting.samples << " by "
             << int(m.voting.combine);
        return text.str();
    }
};

inline void random_voting(Pick& pick, MacroParams& macro) {
    if (pick.chance(40)) {
        macro.voting.levels = pick.between(1, 6);
        macro.voting.samples = pick.of({2, 3, 3, 4, 5, 7, 17, 64});
        macro.voting.combine =
            pick.of({VoteCombination::mode, VoteCombination::median, VoteCombination::mean});
    }
    if (pick.chance(30)) {
        macro.hybrid.levels = pick.between(1, 4);
        macro.hybrid.asim_rounding = pick.chance(50);
    }
}

inline void random_adc(Pick& pick, AdcParams& adc) {
    adc.bits = pick.of({3, 5, 6, 7, 8, 8, 9, 10});
    adc.range = pick.of({AdcRange::full, AdcRange::full, AdcRange::counts, AdcRange::window});
    adc.lo = pick.between(0, 8000);
    adc.hi = pick.between(20000, 65536);
}

// Shape, encoding, cycles, ADC, digital techniques, fresh noise; nothing that a chip keeps.
inline LayerRun random_layer(Pick& pick) {
    LayerRun layer;
    LayerSettings& s = layer.settings;
    s.weight_bits = pick.of({1, 2, 3, 4, 5, 6, 8, 8, 8});
    layer.shape.is_signed = pick.chance(40);
    s.activation_bits = pick.between(layer.shape.is_signed ? 2 : 1, 9);
    if (pick.chance(40)) s.activation_bits = 8;
    const int drive = s.activation_bits - (layer.shape.is_signed ? 1 : 0);
    s.macro.bits_per_cycle = pick.chance(50) ? 1 : pick.between(1, drive);
    s.macro.rows = pick.of({9, 36, 63, 85, 128, 200, 255, 255, 300});
    s.macro.mapping = RowMapping::dense;
    s.macro.weight_encoding =
        pick.of({WeightEncoding::twos_complement, WeightEncoding::offset_binary,
                 WeightEncoding::differential, WeightEncoding::xnor});
    random_adc(pick, s.macro.adc);
    random_voting(pick, s.macro);
    s.macro.noise.random = {pick.of({0.0, 0.1, 0.5, 0.5, 2.0, 9.0}), NoiseUnit::lsb};
    s.macro.noise.nonlinear.sigma = pick.of({0.0, 0.0, 0.1, 0.5});
    if (pick.chance(25)) s.path = PathRequest::fixed;
    layer.shape.outputs = pick.between(1, 21);
    layer.shape.depth = pick.between(1, 2 * s.macro.rows + 40);
    layer.pixels = pick.between(1, 5);
    layer.draw_operands(pick);
    return layer;
}

// Rows for which every sum has a code of its own; a third of the codes has three codes a sum, or is
// lossy where 2^B - 1 is no multiple of it.
inline void draw_lossless_rows(Pick& pick, MacroParams& m) {
    const int codes = (1 << m.adc.bits) - 1;
    const bool xnor = m.weight_encoding == WeightEncoding::xnor;  // sums span twice the rows
    m.adc.range =
        xnor ? AdcRange::counts : pick.of({AdcRange::full, AdcRange::full, AdcRange::counts});
    m.rows = m.adc.range == AdcRange::full ? codes / pick.of({1, 1, 3})
                                           : pick.between(9, codes / (xnor ? 2 : 1));
}

// A code for every sum, and noise so small that codes rarely err: path events. Without votes.
inline void draw_rare_errors(Pick& pick, LayerSettings& s) {
    MacroParams& m = s.macro;
    m.bits_per_cycle = 1;
    m.adc.bits = pick.of({8, 8, 7, 6, 9});
    draw_lossless_rows(pick, m);
    if (m.weight_encoding != WeightEncoding::xnor && s.activation_bits > 3 && pick.chance(25)) {
        m.bits_per_cycle = 2;  // and a last cycle of one: 255 is 85 rows of 3, and 85 times 3
        m.adc.bits = 8;
        m.adc.range = AdcRange::full;
        m.rows = 85;
    }
    m.voting = {};
    m.noise = {};
    m.noise.random = {pick.of({0.07, 0.15, 0.18, 0.19, 0.194}), NoiseUnit::lsb};
    s.path = PathRequest::automatic;
}

// Layers on path events, but for a few whose ADC is lossy or whose conversions are all digital.
inline LayerRun random_rare_errors(Pick& pick) {
    LayerRun layer = random_layer(pick);
    draw_rare_errors(pick, layer.settings);
    layer.shape.depth = pick.between(1, 9 * std::min(layer.settings.macro.rows, 63) + 40);
    layer.pixels = pick.between(1, 9);
    layer.weights.clear();
    layer.inputs.clear();
    layer.draw_operands(pick);
    return layer;
}

// Terms of cells, switches and converters, each on or off.
inline void random_chip_terms(Pick& pick, MacroParams& m) {
    m.v_ref = 0.9;
    m.cell.unit_capacitance = 2e-15;
    if (pick.chance(60)) m.cell.mismatch = pick.of({0.2, 0.85, 5.0}) * 1e-2 * 3.1623e-8;
    if (pick.chance(30)) m.cell.parasitic_ratio = 0.2;
    if (pick.chance(30)) m.cell.parasitic = 5e-15;
    if (pick.chance(30)) m.cell.parasitic_variation = 0.1;
    m.cell.calibrated = pick.chance(50);
    if (pick.chance(20)) m.cell.leakage = 1e-11, m.cell.hold_time = 15e-9;
    if (pick.chance(20)) m.cell.temperature = 300.0;
    if (pick.chance(30)) m.switches.injection_offset = 0.5e-3;
    if (pick.chance(30)) m.switches.injection_offset_variation = 0.3e-3;
    if (pick.chance(20)) m.switches.injection_gain = 1e-3;
    if (pick.chance(15)) m.switches.injection_curvature = 2e-3;
    if (pick.chance(20)) m.switches.settling_error = 1.5e-3;
    m.switches.reset = pick.chance(70);
    if (pick.chance(50)) m.adc_errors.offset = pick.of({0.3, 1.0});
    if (pick.chance(50)) m.adc_errors.gain = 0.01;
    if (pick.chance(40)) m.adc_errors.dnl = pick.of({0.02, 0.1, 0.4});
    if (pick.chance(20)) m.adc_errors.comparator = 0.2;
    if (pick.chance(10)) m.input_dac.inl = 0.2;
}

inline std::shared_ptr<const MeasuredErrorTable> measured_table(const MacroParams& macro) {
    auto table = std::make_shared<MeasuredErrorTable>();
    table->hash = "measured";
    const double span = 2.0 * macro.rows * 511.0;  // xnor with the widest cycle
    table->sum = {0.0, 20.0, 100.0, span};
    table->mean = {0.1, -0.2, 0.3, 0.5};
    table->sigma = {0.05, 0.2, 0.1, 0.4};
    return table;
}

inline void random_place(Pick& pick, ArrayParams& array) {
    array.columns = pick.of({16, 64, 256});
    array.row_groups = pick.between(1, 3);
    array.columns_per_adc = pick.of({1, 1, 2, 8});
    array.count = pick.of({0, 0, 1, 4});
}

// The same with everything that a chip keeps.
inline LayerRun random_chip(Pick& pick) {
    LayerRun layer = random_layer(pick);
    MacroParams& m = layer.settings.macro;
    random_chip_terms(pick, m);
    random_place(pick, m.array);
    if (pick.chance(10)) {
        m.measured.table = measured_table(m);
        m.measured.scope = pick.of({ErrorScope::fresh, ErrorScope::chip});
    } else if (pick.chance(10)) {
        m.noise.inject = {true, 1.0, -1.0};
    } else if (pick.chance(10)) {
        m.current_domain = {pick.of({0.0, 1e-4}), pick.of({0.01, 0.1})};
    } else if (pick.chance(10) && layer.settings.weight_bits > 1) {
        m.weight_parallel = true;
        m.weight_encoding = WeightEncoding::twos_complement;
        m.adc.range = AdcRange::full;
        m.noise.nonlinear.sigma = 0.0;
        m.hybrid.asim_rounding = false;
    }
    return layer;
}

}  // namespace acim::testing_support
