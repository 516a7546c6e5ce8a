// SPDX-License-Identifier: Apache-2.0
// Quantised inputs of random convolutions and linear layers as lines of bytes, as values and as bit
// planes, against plain loops over the taps of a window; and tables of cells as thresholds.
#include "cuda/engine/pack_kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "cuda/engine/device_network.hpp"
#include "cuda/engine/packed_layer.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/random/code_cell.hpp"
#include "tests/engine_cuda/device_values.hpp"

namespace acim {
namespace {

using testing_device::from_device;
using testing_device::on_device;

class Draw {
public:
    explicit Draw(unsigned seed) : random_(seed) {}
    int between(int low, int high) {
        return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
    }

private:
    std::mt19937 random_;
};

// A network of one layer, and a batch of quantised inputs for it.
struct Layer {
    QuantizedNetwork network;
    std::uint32_t slots;
    std::vector<std::int16_t> inputs;  // [slot][elements]

    const Product& product() const { return std::get<Product>(network.operators[0].op); }
    const Quantisation& quantisation() const { return product().input_quantisation; }
    std::int64_t elements() const { return network.tensors[0].elements(); }
    int pixels() const {
        return static_cast<int>(network.tensors[1].elements()) / product().outputs;
    }
    int groups() const { return product().is_conv ? product().conv.groups : 1; }

    // Input of row r at a pixel of a convolution group, as ImageExecutor lays it out.
    int at(std::uint32_t slot, int group, int pixel, int r) const {
        const std::int16_t* image = inputs.data() + slot * static_cast<std::size_t>(elements());
        const ConvGeometry& c = product().conv;
        if (!product().is_conv) return image[pixel * product().depth + r];
        const int window = c.kernel_height * c.kernel_width;
        const int channel = group * (c.in_channels / c.groups) + r / window;
        const int y = pixel / c.out_width * c.stride_height - c.pad_top +
                      r % window / c.kernel_width * c.dilation_height;
        const int x = pixel % c.out_width * c.stride_width - c.pad_left +
                      r % c.kernel_width * c.dilation_width;
        if (y < 0 || y >= c.in_height || x < 0 || x >= c.in_width) return 0;
        return image[(channel * c.in_height + y) * c.in_width + x];
    }
};

ConvGeometry random_geometry(Draw& draw) {
    ConvGeometry c;
    c.groups = draw.between(1, 3);
    c.in_channels = c.groups * draw.between(1, 4);
    c.out_channels = c.groups * draw.between(1, 2);
    c.in_height = draw.between(3, 9);
    c.in_width = draw.between(3, 9);
    c.kernel_height = draw.between(1, 4);
    c.kernel_width = draw.between(1, 4);
    c.stride_height = draw.between(1, 3);
    c.stride_width = draw.between(1, 3);
    c.dilation_height = draw.between(1, 2);
    c.dilation_width = draw.between(1, 2);
    c.pad_top = draw.between(0, 3);
    c.pad_left = draw.between(0, 3);
    const int tall = c.dilation_height * (c.kernel_height - 1) + 1;
    const int wide = c.dilation_width * (c.kernel_width - 1) + 1;
    c.pad_bottom = draw.between(std::max(0, tall - c.in_height - c.pad_top), 7);
    c.pad_right = draw.between(std::max(0, wide - c.in_width - c.pad_left), 7);
    c.out_height = (c.in_height + c.pad_top + c.pad_bottom - tall) / c.stride_height + 1;
    c.out_width = (c.in_width + c.pad_left + c.pad_right - wide) / c.stride_width + 1;
    return c;
}

Layer random_layer(Draw& draw) {
    Layer layer;
    Product p;
    p.input = 0;
    p.output = 1;
    p.is_conv = draw.between(0, 3) > 0;
    if (p.is_conv) {
        const ConvGeometry c = p.conv = random_geometry(draw);
        p.outputs = c.out_channels;
        p.depth = c.in_channels / c.groups * c.kernel_height * c.kernel_width;
        layer.network.tensors = {{"in", {1, c.in_channels, c.in_height, c.in_width}},
                                 {"out", {1, c.out_channels, c.out_height, c.out_width}}};
    } else {
        p.outputs = draw.between(1, 5);
        p.depth = draw.between(1, 150);
        const int lines = draw.between(1, 4);
        layer.network.tensors = {{"in", {1, lines, p.depth}}, {"out", {1, lines, p.outputs}}};
    }
    Quantisation& q = p.input_quantisation;
    q.is_signed = draw.between(0, 1) != 0;
    q.bits = draw.between(0, 2) == 0 ? 9 : draw.between(q.is_signed ? 2 : 1, 8);
    p.weights.assign(static_cast<std::size_t>(p.outputs) * static_cast<std::size_t>(p.depth), 1);
    p.weight_scale.assign(static_cast<std::size_t>(p.outputs), 1.0F);
    p.bias.assign(static_cast<std::size_t>(p.outputs), 0.0F);
    const int low = digital::quantised_low(q.bits, q.is_signed);
    const int high = digital::quantised_high(q.bits, q.is_signed);
    layer.network.operators = {{"layer", p}};
    layer.network.input = 0;
    layer.network.output = 1;
    layer.slots = static_cast<std::uint32_t>(draw.between(1, 5));
    layer.inputs.resize(layer.slots * static_cast<std::size_t>(layer.elements()));
    for (auto& x : layer.inputs)
        x = static_cast<std::int16_t>(draw.between(0, 4) == 0 ? draw.between(0, 1) != 0 ? low : high
                                                              : draw.between(low, high));
    return layer;
}

// The layer's inputs as bytes, unfolded on the device.
struct UnfoldedBytes {
    std::int64_t pixels, stride;
    std::size_t lines;
    DeviceArray<std::int8_t> low, high;
    DeviceArray<std::int32_t> sums;
    ByteLines view;

    UnfoldedBytes(const Layer& layer, const NetworkLayer& device, const std::int16_t* inputs,
                  const Stream& stream)
        : pixels(std::int64_t{layer.slots} * layer.pixels()),
          stride((pixels + 63) / 64 * 64),
          lines(static_cast<std::size_t>(layer.groups() * stride)),
          low(lines * static_cast<std::size_t>(device.line)),
          high(low.size()),
          sums(lines),
          view{low.data(),         device.two_bytes ? high.data() : nullptr,
               sums.data(),        device.line,
               device.byte_offset, stride} {
        launch_unfold_bytes(device.unfold, inputs, layer.slots, view, stream);
    }
};

void expect_bytes(const Layer& layer, const NetworkLayer& device, const std::int16_t* inputs,
                  const Stream& stream) {
    const UnfoldedBytes bytes(layer, device, inputs, stream);
    const std::int64_t pixels = bytes.pixels, stride = bytes.stride;
    const auto got = from_device(bytes.low, stream), upper = from_device(bytes.high, stream);
    const auto got_sums = from_device(bytes.sums, stream);
    for (int g = 0; g < layer.groups(); ++g)
        for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
            const auto line = static_cast<std::size_t>(g * stride + pixel);
            std::int32_t sum = 0;
            for (int r = 0; r < device.line; ++r) {
                const std::size_t at =
                    line * static_cast<std::size_t>(device.line) + static_cast<std::size_t>(r);
                int value = got[at];
                if (device.two_bytes) value += 128 * upper[at];
                if (r >= layer.product().depth) {
                    ASSERT_EQ(value, 0) << "padding of a line";
                    continue;
                }
                const int expected = layer.at(static_cast<std::uint32_t>(pixel / layer.pixels()), g,
                                              static_cast<int>(pixel % layer.pixels()), r);
                ASSERT_EQ(value + device.byte_offset, expected);
                ASSERT_TRUE(got[at] >= 0 || !device.two_bytes);
                sum += expected;
            }
            ASSERT_EQ(got_sums[line], sum);
        }
}

void expect_values(const Layer& layer, const NetworkLayer& device, const std::int16_t* inputs,
                   const Stream& stream) {
    const std::uint32_t first = layer.slots / 2, slots = layer.slots - first;
    const std::size_t depth = static_cast<std::size_t>(layer.product().depth);
    const DeviceArray<std::int16_t> out(slots * static_cast<std::size_t>(layer.pixels()) * depth);
    for (int g = 0; g < layer.groups(); ++g) {
        launch_unfold_values(device.unfold, inputs, first, slots, g, out.data(), stream);
        const auto got = from_device(out, stream);
        for (std::size_t i = 0; i < got.size(); ++i) {
            const auto pixel = static_cast<int>(i / depth);
            ASSERT_EQ(got[i], layer.at(first + static_cast<std::uint32_t>(pixel / layer.pixels()),
                                       g, pixel % layer.pixels(), static_cast<int>(i % depth)));
        }
    }
}

// Two segments at once, whose points cut rows in different ways.
struct PackedSegment {
    ConversionShape shape;
    std::uint32_t first_slot, slots;
    std::size_t first_word;

    std::size_t words() const {
        return static_cast<std::size_t>(shape.conv_groups * shape.pixels * shape.groups *
                                        shape.bits * shape.words) *
               slots;
    }
};

ConversionShape random_shape(const Layer& layer, Draw& draw) {
    ConversionShape s;
    s.outputs = layer.product().outputs / layer.groups();
    s.pixels = layer.pixels();
    s.conv_groups = layer.groups();
    s.depth = layer.product().depth;
    s.bits = layer.quantisation().bits;
    s.group_rows = draw.between(1, s.depth);
    s.groups = (s.depth + s.group_rows - 1) / s.group_rows;
    s.words = (s.group_rows + 31) / 32 + draw.between(0, 2);
    return s;
}

void expect_planes(const Layer& layer, const PackedSegment& segment,
                   const std::vector<std::uint32_t>& got) {
    const ConversionShape& s = segment.shape;
    std::size_t at = segment.first_word;
    for (int g = 0; g < s.conv_groups; ++g)
        for (std::uint32_t slot = 0; slot < segment.slots; ++slot)
            for (int p = 0; p < s.pixels; ++p)
                for (int group = 0; group < s.groups; ++group)
                    for (int b = 0; b < s.bits; ++b)
                        for (int word = 0; word < s.words; ++word) {
                            std::uint32_t expected = 0;
                            for (int i = 0; i < 32; ++i) {
                                const int in_group = word * 32 + i;
                                const int r = group * s.group_rows + in_group;
                                if (in_group >= s.group_rows || r >= s.depth) continue;
                                const int x = layer.at(segment.first_slot + slot, g, p, r);
                                expected |= static_cast<std::uint32_t>(x >> b & 1) << i;
                            }
                            ASSERT_EQ(got[at++], expected);
                        }
}

void expect_bits(const Layer& layer, const NetworkLayer& device, const std::int16_t* inputs,
                 const Stream& stream, Draw& draw) {
    const std::uint32_t cut = layer.slots / 3;
    PackedSegment parts[] = {{random_shape(layer, draw), cut, layer.slots - cut, 3},
                             {random_shape(layer, draw), 0, cut, 0}};
    parts[1].first_word = parts[0].first_word + parts[0].words();
    std::vector<ConversionView> views(2);
    std::vector<ConversionWork> works(2);
    for (std::size_t i = 0; i < 2; ++i) views[i].shape = parts[i].shape;
    const auto device_views = on_device(views);
    PackedLines most;
    most.words = draw.between(1, 5);  // how lanes share lines does not matter
    for (std::size_t i = 0; i < 2; ++i) {
        works[i].view = device_views.data() + i;
        works[i].segment.first_slot = parts[i].first_slot;
        works[i].segment.slots = parts[i].slots;
        works[i].first_word = parts[i].first_word;
        most.lines =
            std::max(most.lines, static_cast<std::int64_t>(parts[i].words()) / parts[i].shape.bits);
    }
    const auto device_works = on_device(works);
    const DeviceArray<std::uint32_t> out(parts[1].first_word + parts[1].words());
    const UnfoldedBytes bytes(layer, device, inputs, stream);
    launch_pack_bits(bytes.view, device_works.data(), 2, most, out.data(), stream);
    const auto got = from_device(out, stream);
    for (const PackedSegment& part : parts) expect_planes(layer, part, got);
}

TEST(PackKernels, RandomLayers) {
    Draw draw(7);
    for (int round = 0; round < 60; ++round) {
        SCOPED_TRACE(round);
        const Layer layer = random_layer(draw);
        const DeviceNetwork network(layer.network);
        const NetworkLayer& device = network.layer(0);
        EXPECT_EQ(device.pixels, layer.pixels());
        EXPECT_EQ(device.two_bytes, layer.quantisation().bits == 9);
        const Stream stream;
        const auto inputs = on_device(layer.inputs);
        expect_bytes(layer, device, inputs.data(), stream);
        expect_values(layer, device, inputs.data(), stream);
        expect_bits(layer, device, inputs.data(), stream, draw);
        if (HasFatalFailure()) return;
    }
}

TEST(PackKernels, Quantise) {
    Draw draw(8);
    std::vector<float> values = {0.0F,
                                 -0.0F,
                                 1e30F,
                                 -1e30F,
                                 std::numeric_limits<float>::quiet_NaN(),
                                 std::numeric_limits<float>::infinity()};
    for (int i = 0; i < 3000; ++i)
        values.push_back(static_cast<float>(draw.between(-4000, 4000)) / 8);
    const auto in = on_device(values);
    const Stream stream;
    for (const bool is_signed : {false, true})
        for (const int bits : {1, 4, 8, 9}) {
            const float scale = 0.25F;
            const int low = digital::quantised_low(bits, is_signed);
            const int high = digital::quantised_high(bits, is_signed);
            const DeviceArray<std::int16_t> out(values.size());
            launch_quantise(in.data(), out.data(), static_cast<std::int64_t>(values.size()), scale,
                            low, high, stream);
            const auto got = from_device(out, stream);
            for (std::size_t i = 0; i < values.size(); ++i)
                ASSERT_EQ(got[i], digital::quantise(values[i], scale, low, high)) << values[i];
        }
}

CycleLaw law_of(int rows, int bits, double sigma, int width = 1, double nonlinear = 0.0) {
    MacroParams macro;
    macro.rows = rows;
    macro.adc.bits = bits;
    macro.noise.random.sigma = sigma;
    macro.noise.nonlinear.sigma = nonlinear;
    return CycleLaw::table(macro, 8, width);
}

// Every cell of every sum is what the thresholds say.
void expect_same_codes(const CycleLaw& law, const Thresholds& t) {
    const CycleLawView v = law.view();
    for (std::int32_t s = 0; s <= v.scale.full_scale; ++s)
        for (std::uint32_t u = v.table.escape[s]; u < total_cells; ++u) {
            std::int32_t code = s - t.side;
            for (int i = 0; i < 2 * t.side; ++i)
                code += static_cast<std::int32_t>(u) >= t.at[static_cast<std::size_t>(i)] ? 1 : 0;
            ASSERT_EQ(CodeCell::code(v.table.cells + s * cell_columns, u), clip_code(v.scale, code))
                << "sum " << s << ", cell " << u;
        }
}

TEST(Thresholds, HoldEveryCell) {
    int found = 0;
    for (const auto& [rows, bits, width] :
         {std::tuple{15, 4, 1}, {31, 5, 1}, {255, 8, 1}, {63, 6, 1}, {15, 6, 1}, {1, 3, 1}})
        for (const double sigma : {0.05, 0.1, 0.18, 0.255, 0.3, 0.4, 0.5}) {
            const CycleLaw law = law_of(rows, bits, sigma, width);
            const auto thresholds = find_thresholds(law);
            if (!thresholds) continue;
            ++found;
            SCOPED_TRACE(testing::Message() << rows << " rows, " << bits << " bits, " << sigma);
            expect_same_codes(law, *thresholds);
        }
    EXPECT_GT(found, 12);
    // What the engine counts on: the lossless ADC of 255 rows with little noise.
    EXPECT_TRUE(find_thresholds(law_of(255, 8, 0.255)).has_value());
    EXPECT_TRUE(find_thresholds(law_of(15, 4, 0.3)).has_value());
}

TEST(Thresholds, OtherLawsHaveNone) {
    EXPECT_FALSE(find_thresholds(law_of(255, 8, 0.9))) << "more codes than thresholds";
    EXPECT_FALSE(find_thresholds(law_of(255, 7, 0.2))) << "a law for every place between codes";
    EXPECT_FALSE(find_thresholds(law_of(250, 8, 0.2)));
    EXPECT_FALSE(find_thresholds(law_of(255, 8, 0.2, 1, 2.0))) << "noise that grows with the sum";
}

}  // namespace
}  // namespace acim
