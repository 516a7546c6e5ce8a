// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/random_layer.hpp"
#include "tests/engine_cuda/layer_case.hpp"
#include "tests/engine_cuda/random_aidac.hpp"
#include "tests/engine_cuda/random_measured.hpp"

// Products drawn at random for tests of the device's kernels: the macros of tests/engine/random_layer.hpp,
// other sizes, convolutions, and several images of several trials.
namespace acim::testing_device {

using testing_support::LayerRun;
using testing_support::Pick;

// Products of operands that a case may add up on the host, all planes and cycles [count].
inline constexpr std::int64_t most_work = 6'000'000;

// Weights and the inputs of a few images, of the widths of the first point.
inline void draw_operands(Pick& pick, LayerCase& c) {
    constexpr int stored_images = 7;
    Product& p = c.product;
    Quantisation& q = p.input_quantisation;
    p.weight_bits = c.points[0].weight_bits;
    q.bits = c.points[0].activation_bits;
    q.scale = 0.0371F;
    const std::size_t count = stored_images * c.elements();
    LayerRun run;
    run.settings = c.points[0];
    run.shape = {p.outputs, p.depth, 1, q.is_signed};
    run.pixels = static_cast<int>(count / static_cast<std::size_t>(p.depth)) + 1;
    run.draw_operands(pick);
    if (!p.is_computed()) p.weights = run.weights;
    const int stored_low = digital::quantised_low(p.weight_bits, true);
    for (std::size_t i = 0; i < stored_images * c.stored_elements(); ++i)
        c.stored.push_back(static_cast<std::int8_t>(
            pick.chance(10) ? stored_low : pick.between(stored_low, -stored_low)));
    run.inputs.resize(count);
    const auto low = static_cast<std::int16_t>(digital::quantised_low(q.bits, q.is_signed));
    for (const std::int16_t x : run.inputs) c.inputs.push_back(std::max(x, low));
    for (int m = 0; m < p.outputs; ++m) {
        p.weight_scale.push_back(0.003F + 0.00017F * static_cast<float>(m));
        p.bias.push_back(0.7F * static_cast<float>(m % 5) - 1.0F);
    }
}

// One to four parts of at most `images` images in all, every point among them if that allows.
inline void draw_parts(Pick& pick, LayerCase& c, int images) {
    const auto upto = [&](int most) { return static_cast<std::uint32_t>(pick.between(0, most)); };
    const auto points = static_cast<std::uint32_t>(c.points.size());
    const auto count = static_cast<std::uint32_t>(pick.between(static_cast<int>(points), 4));
    for (std::uint32_t i = 0; i < count && images > 0; ++i) {
        const int n = pick.between(1, std::min(images, 9));
        c.parts.push_back({i % points, upto(1), upto(3), upto(99), static_cast<std::uint32_t>(n)});
        images -= n;
    }
}

// Products that one image adds up.
inline std::int64_t work_of_image(const LayerCase& c, int pixels) {
    const LayerSettings& s = c.points[0];
    const ColumnLayout columns = column_layout(s.macro.weight_encoding, s.weight_bits);
    return std::int64_t{c.product.outputs} * c.product.depth * columns.count * s.activation_bits *
           pixels;
}

// Images that the limit on the host's work leaves.
inline int affordable_images(const LayerCase& c, int pixels) {
    return static_cast<int>(std::clamp<std::int64_t>(most_work / work_of_image(c, pixels), 1, 12));
}

inline void make_linear(Pick& pick, LayerCase& c, int outputs, int depth) {
    const int pixels = pick.of({1, 1, 1, 2, 5});
    c.product.outputs = outputs;
    c.product.depth = depth;
    c.input_shape = {1, pixels, depth};
    c.output_shape = {1, pixels, outputs};
    draw_parts(pick, c, affordable_images(c, pixels));
}

// One axis of a window: sizes that leave one output position and more.
struct Axis {
    int in, kernel, stride, dilation, before, after, out;

    explicit Axis(Pick& pick) {
        kernel = pick.of({1, 2, 3, 3, 5});
        stride = pick.between(1, 2);
        dilation = pick.of({1, 1, 2});
        before = pick.between(0, kernel - 1);
        after = pick.between(0, kernel - 1);
        const int window = dilation * (kernel - 1) + 1;
        in = std::max(1, window - before - after) + pick.between(0, 4);
        out = (in + before + after - window) / stride + 1;
    }
};

// Whole windows or not; then often so many rows that the last words hold no window.
inline void draw_mapping(Pick& pick, MacroParams& m, int window) {
    if (m.rows < window || pick.chance(50)) return;
    m.mapping = RowMapping::whole_channels;
    if (m.chip || m.measured.table || pick.chance(50)) return;  // their sizes fit the rows
    const int words = pick.of({1, 2, 3, 5, 8, 8});
    m.rows = (32 * words / window + 1) * window - (window > 1 ? 1 : 0);
}

inline void make_conv(Pick& pick, LayerCase& c, int group_outputs, int depth) {
    const Axis y(pick), x(pick);
    Product& p = c.product;
    p.is_conv = true;
    ConvGeometry& g = p.conv;
    g.groups = pick.of({1, 1, 2, 3});
    const int channels = std::max(1, depth / (y.kernel * x.kernel));
    g.in_channels = channels * g.groups;
    g.in_height = y.in, g.in_width = x.in;
    g.kernel_height = y.kernel, g.kernel_width = x.kernel;
    g.stride_height = y.stride, g.stride_width = x.stride;
    g.dilation_height = y.dilation, g.dilation_width = x.dilation;
    g.pad_top = y.before, g.pad_left = x.before, g.pad_bottom = y.after, g.pad_right = x.after;
    g.out_channels = p.outputs = group_outputs * g.groups;
    g.out_height = y.out, g.out_width = x.out;
    p.depth = channels * y.kernel * x.kernel;
    c.input_shape = {1, g.in_channels, y.in, x.in};
    c.output_shape = {1, p.outputs, y.out, x.out};
    for (LayerSettings& s : c.points) draw_mapping(pick, s.macro, y.kernel * x.kernel);
    draw_parts(pick, c, affordable_images(c, y.out * x.out));
}

// A product of two computed tensors; the operand that is stored has its own scale.
inline void make_computed(Pick& pick, LayerCase& c, int group_outputs, int depth) {
    int pixels = pick.of({1, 2, 7, 8, 9, 40});
    Product& p = c.product;
    p.stored.tensor = 0;  // the case's network says which
    p.stored.heads = pick.between(1, 4);
    p.stored.on_left = pick.chance(50);
    p.stored.scale = 0.0213F;
    p.outputs = group_outputs * p.stored.heads;
    p.depth = depth;
    while (pixels > 1 && work_of_image(c, pixels) > most_work / 3) pixels = pixels * 2 / 3;
    c.input_shape = {1, p.stored.heads, pixels, depth};
    c.output_shape = {1, p.stored.heads, pixels, group_outputs};
    if (p.stored.on_left) {
        std::swap(c.input_shape[2], c.input_shape[3]);
        std::swap(c.output_shape[2], c.output_shape[3]);
    }
    draw_parts(pick, c, affordable_images(c, pixels));
}

// A product on these macros, of other sizes; every second one is a convolution, every fourth has a
// stored operand.
inline LayerCase sized_case(Pick& pick, const std::vector<LayerRun>& runs, int least_outputs) {
    LayerCase c;
    for (const LayerRun& run : runs) c.points.push_back(run.settings);
    c.product.input_quantisation.is_signed = runs[0].shape.is_signed;
    c.layer = static_cast<std::uint32_t>(pick.of({0, 0, 1, 3}));
    const int outputs = pick.between(least_outputs, 40);
    const int depth = pick.between(1, 2 * c.points[0].macro.rows + 40);
    if (pick.chance(50))
        make_conv(pick, c, outputs, std::min(depth, 500));
    else if (pick.chance(50))
        make_computed(pick, c, outputs, std::min(depth, pick.chance(70) ? 40 : 300));
    else
        make_linear(pick, c, outputs, depth);
    draw_operands(pick, c);
    return c;
}

inline void draw_rows(Pick& pick, MacroParams& macro) {
    if (pick.chance(50))
        macro.rows = pick.chance(50) ? pick.between(1, 300) : pick.between(1, 1200);
    if (macro.measured.table) macro.measured.table = testing_support::measured_table(macro);
}

inline LayerRun any_macro(Pick& pick) {
    LayerRun run = testing_support::random_layer(pick);
    draw_rows(pick, run.settings.macro);
    return run;
}

inline LayerRun any_chip(Pick& pick) {
    LayerRun run = testing_support::random_chip(pick);
    draw_rows(pick, run.settings.macro);
    draw_measured(pick, run.settings.macro);
    return run;
}

// The run, and sometimes a second one for operands of the same widths, in one batch with it.
inline std::vector<LayerRun> with_another(Pick& pick, LayerRun run) {
    std::vector<LayerRun> runs{std::move(run)};
    if (!pick.chance(30)) return runs;
    const LayerSettings& s = runs[0].settings;
    LayerRun other = pick.chance(50) ? any_macro(pick) : any_chip(pick);
    MacroParams& m = other.settings.macro;
    const int drive = s.activation_bits - (runs[0].shape.is_signed ? 1 : 0);
    m.bits_per_cycle = std::min(m.bits_per_cycle, drive);
    m.weight_parallel = m.weight_parallel && s.weight_bits > 1;
    other.settings.weight_bits = s.weight_bits;
    other.settings.activation_bits = s.activation_bits;
    runs.push_back(std::move(other));
    return runs;
}

// Layers on path events.
inline LayerCase random_event_case(Pick& pick) {
    return sized_case(pick, with_another(pick, testing_support::random_rare_errors(pick)), 1);
}

// Whatever is on: encoding, cycles, votes, hybrid execution, noise.
inline LayerCase random_case(Pick& pick) {
    LayerRun run = any_macro(pick);
    run.settings.analog = !pick.chance(5);
    return sized_case(pick, with_another(pick, run), 1);
}

// The same with what a chip keeps, drawn or measured.
inline LayerCase random_chip_case(Pick& pick) {
    return sized_case(pick, with_another(pick, any_chip(pick)), 1);
}

// A code for every sum; mostly with noise that leads a few codes away, and true then: what thresholds
// are for.
inline bool draw_lossless(Pick& pick, LayerSettings& s) {
    s.macro.adc.bits = pick.of({8, 8, 7, 6, 5, 4, 9});
    s.macro.rows = (1 << s.macro.adc.bits) - 1;
    if (pick.chance(30)) return false;
    s.activation_bits = pick.of({8, 8, 4});
    s.macro.bits_per_cycle = 1;
    s.macro.noise.random.sigma = pick.of({0.2, 0.3, 0.4, 0.5, 0.6});
    if (s.macro.weight_encoding == WeightEncoding::xnor)
        s.macro.weight_encoding = WeightEncoding::twos_complement;
    return true;
}

// Some conversions that are digital, rounded or voted on.
inline void draw_techniques(Pick& pick, MacroParams& m) {
    if (pick.chance(25)) m.hybrid = {pick.between(1, 6), pick.chance(40)};
    if (!pick.chance(25)) return;
    m.voting.levels = pick.between(1, 9);
    m.voting.samples = pick.of({2, 3, 3, 5, 8});
    m.voting.combine =
        pick.of({VoteCombination::mode, VoteCombination::median, VoteCombination::mean});
}

// Layers whose conversions are mostly alike, which are what the tile kernels are for.
inline LayerCase random_tile_case(Pick& pick) {
    LayerRun run;
    LayerSettings& s = run.settings;
    s.weight_bits = pick.of({2, 3, 4, 7, 8, 8, 8, 1});
    run.shape.is_signed = pick.chance(30);
    s.activation_bits =
        pick.of({8, 8, 8, 8, 8, 8, 4, 4, run.shape.is_signed ? 2 : 1, 3, 5, 6, 7, 9});
    MacroParams& m = s.macro;
    m.mapping = RowMapping::dense;
    m.weight_encoding = pick.of({WeightEncoding::twos_complement, WeightEncoding::twos_complement,
                                 WeightEncoding::offset_binary, WeightEncoding::differential,
                                 WeightEncoding::xnor});
    const int drive = s.activation_bits - (run.shape.is_signed ? 1 : 0);
    if (pick.chance(30)) m.bits_per_cycle = pick.between(1, drive);
    m.noise.random = {pick.of({0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0, 2.5, 5.9}), NoiseUnit::lsb};
    bool all_alike = false;
    if (pick.chance(40)) {
        all_alike = draw_lossless(pick, s);
    } else {
        m.rows = pick.chance(60) ? pick.between(1, 300) : pick.between(1, 1200);
        testing_support::random_adc(pick, m.adc);
        if (pick.chance(40)) m.adc.bits = pick.of({9, 10, 11, 12, 14});
        if (pick.chance(20)) m.adc.range = AdcRange::counts;
        if (pick.chance(30)) m.noise.nonlinear.sigma = pick.of({0.02, 0.1, 0.4});
    }
    if (!all_alike) draw_techniques(pick, m);
    if (pick.chance(20)) {  // noise-free
        m.noise = {};
        s.path = pick.of({PathRequest::automatic, PathRequest::automatic, PathRequest::table});
    }
    return sized_case(pick, with_another(pick, run), 8);
}

// The same on chips: no xnor column.
inline LayerCase random_chip_tile_case(Pick& pick) {
    LayerRun run = any_chip(pick);
    LayerSettings& s = run.settings;
    MacroParams& m = s.macro;
    s.path = PathRequest::automatic;
    m.weight_parallel = false;
    m.switches.reset = true;
    m.adc_errors.offset = 0.4;
    if (pick.chance(70)) m.bits_per_cycle = 1;
    if (m.weight_encoding == WeightEncoding::xnor)
        m.weight_encoding = WeightEncoding::twos_complement;
    return sized_case(pick, with_another(pick, run), 8);
}

// All-analog macros, most of them with some errors.
inline LayerCase random_aidac_case(Pick& pick) {
    std::mt19937 draw(static_cast<unsigned>(pick.between(0, 1 << 20)));
    LayerCase c;
    c.points.push_back(random_aidac(draw));
    set_errors(c.points[0], random_aidac_errors(draw));
    c.product.input_quantisation.is_signed = pick.chance(40);
    c.layer = static_cast<std::uint32_t>(pick.between(0, 2));
    const int outputs = pick.between(1, 50), depth = pick.between(1, 700);
    if (pick.chance(50))
        make_conv(pick, c, outputs, depth);
    else if (pick.chance(50))
        make_computed(pick, c, outputs, std::min(depth, 300));
    else
        make_linear(pick, c, outputs, depth);
    draw_operands(pick, c);
    return c;
}

inline std::string describe(const LayerCase& c) {
    std::string text;
    for (const LayerSettings& settings : c.points) {
        LayerRun run;
        run.settings = settings;
        run.shape = layer_shape(c.product);
        text += run.describe() + "; ";
    }
    text += std::to_string(c.conv_groups()) +
            (c.product.is_computed() ? " heads, layer " : " groups, layer ") +
            std::to_string(c.layer) + ", images";
    for (const LayerPart& part : c.parts) text += " " + std::to_string(part.images);
    return text;
}

}  // namespace acim::testing_device
