// SPDX-License-Identifier: Apache-2.0
// Products on AiDAC macros on a device, against the kernel of cuda/trial image by image.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cuda/engine/aidac_kernels.hpp"
#include "cuda/engine/device_aidac.hpp"
#include "cuda/trial/inverse_normal_table.hpp"
#include "tests/engine_cuda/device_values.hpp"
#include "tests/engine_cuda/random_aidac.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;
using ref::AidacCase;
using testing_device::from_device;
using testing_device::on_device;
using testing_device::set_errors;

constexpr std::int64_t untouched = -77;

// `c` holds the pixels of all images: so many that each image has pixels_per_image of them.
struct Layer {
    AidacCase c;
    int images = 1, pixels_per_image = 1;
};

struct Sums {
    std::vector<std::int64_t> analog, digital;  // [outputs][stride]
};

std::uint32_t image_number(int i) { return 7u + 3u * static_cast<std::uint32_t>(i); }

Sums image_by_image(const Layer& layer, const LayerPlan& plan, std::int64_t stride) {
    const AidacCase& c = layer.c;
    const int pixels = layer.pixels_per_image, outputs = c.shape.outputs;
    const auto per_image = static_cast<std::size_t>(pixels) * c.shape.depth;
    Sums all;
    all.analog.assign(static_cast<std::size_t>(outputs * stride), untouched);
    all.digital = all.analog;
    std::vector<std::int64_t> a(static_cast<std::size_t>(outputs) * pixels), d(a), exact(a);
    const auto kernel = make_aidac_kernel();
    const auto packed = kernel->pack(plan, outputs, c.weights, c.site);
    for (int i = 0; i < layer.images; ++i) {
        ProductPlace place = c.place;
        place.image = image_number(i);
        kernel->run(plan, *packed, outputs, pixels,
                    std::span(c.inputs).subspan(i * per_image, per_image), c.map, place,
                    {a, d, exact});
        for (int m = 0; m < outputs; ++m)
            for (int p = 0; p < pixels; ++p) {
                const auto to = static_cast<std::size_t>(m * stride + i * pixels + p);
                const auto from = static_cast<std::size_t>(m * pixels + p);
                all.analog[to] = a[from];
                all.digital[to] = d[from];
            }
    }
    return all;
}

Sums at_once(const Layer& layer, const LayerPlan& plan, std::int64_t stride) {
    const AidacCase& c = layer.c;
    const AidacWeights weights = make_aidac_weights(plan, c.shape.outputs, c.weights, c.site);
    const DeviceAidac device(weights, plan);
    EXPECT_GE(device.bytes(), c.weights.size() * sizeof(std::int16_t));
    std::vector<Slot> slots;
    for (int i = 0; i < layer.images; ++i) slots.push_back({0, image_number(i), 0});
    const Stream stream;
    const DeviceArray<Slot> device_slots = on_device(slots);
    const DeviceArray<std::int16_t> inputs = on_device(c.inputs);
    const DeviceArray<InverseNormalTable> normal =
        on_device(std::vector<InverseNormalTable>{inverse_normal_table()});
    const std::vector<std::int64_t> fresh(static_cast<std::size_t>(c.shape.outputs * stride),
                                          untouched);
    const DeviceArray<std::int64_t> analog = on_device(fresh), digital = on_device(fresh);
    AidacBatch batch;
    batch.key = c.place.key;
    batch.slots = device_slots.data();
    batch.map = c.map;
    batch.layer = c.place.layer;
    batch.pixels_per_image = layer.pixels_per_image;
    batch.pixels = c.pixels;
    batch.inputs = inputs.data();
    batch.analog = analog.data();
    batch.digital = digital.data();
    batch.stride = stride;
    launch_aidac(device.view(normal.data()), batch, stream);
    return {from_device(analog, stream), from_device(digital, stream)};
}

void expect_equal(Layer layer, std::mt19937& draw) {
    layer.c.pixels = layer.images * layer.pixels_per_image;
    layer.c.fill(draw);
    const LayerPlan plan = describe_layer(layer.c.settings, layer.c.shape);
    const std::int64_t stride = layer.c.pixels + static_cast<int>(draw() % 3);
    const Sums expected = image_by_image(layer, plan, stride), got = at_once(layer, plan, stride);
    EXPECT_EQ(got.analog, expected.analog);
    EXPECT_EQ(got.digital, expected.digital);
}

Layer random_layer(std::mt19937& draw) {
    const auto one_of = [&](unsigned n) { return static_cast<int>(draw() % n); };
    Layer layer;
    AidacCase& c = layer.c;
    c.settings = testing_device::random_aidac(draw);
    c.shape = {1 + one_of(50), 1 + one_of(700), 1, one_of(2) != 0};
    c.site.first_output = one_of(60);
    c.site.outputs = c.site.first_output + c.shape.outputs + one_of(10);
    layer.images = 1 + one_of(3);
    layer.pixels_per_image = 1 + one_of(30);
    const bool conv = one_of(2) != 0;
    c.map = conv ? OutputMap{1234, layer.pixels_per_image, 1} : OutputMap{0, 1, c.shape.outputs};
    set_errors(c.settings, testing_device::random_aidac_errors(draw));
    return layer;
}

TEST(AidacKernels, RandomLayersEqualThoseOfTheCpu) {
    std::mt19937 draw(1);
    int ideal = 0, chips = 0, spans = 0;
    for (int i = 0; i < 80; ++i) {
        const Layer layer = random_layer(draw);
        const LayerPlan plan = describe_layer(layer.c.settings, layer.c.shape);
        SCOPED_TRACE("layer " + std::to_string(i));
        ideal += !plan.random && !plan.per_chip;
        chips += plan.per_chip;
        spans += plan.groups > 1;
        expect_equal(layer, draw);
    }
    // The law of the draws reaches every way through the kernel.
    EXPECT_GE(ideal, 5);
    EXPECT_GE(chips, 20);
    EXPECT_GE(spans, 20);
}

// Each error alone, the raw reference with what it can do wrong; both topologies, both ways to draw
// noise.
TEST(AidacKernels, EachErrorAlone) {
    std::mt19937 draw(2);
    for (const AidacTopology topology :
         {AidacTopology::grouped_cells, AidacTopology::grouped_weight})
        for (const bool fixed_path : {false, true})
            for (int term = 0; term < 6; ++term) {
                Layer layer;
                layer.c.settings = ref::ideal_aidac();
                AidacParams& a = layer.c.settings.macro.aidac;
                a.topology = topology;
                a.blocks = 2;
                a.outputs_per_array = 4;
                layer.c.settings.macro.adc.bits = 12;
                layer.c.shape = {6, 300, 1, true};
                layer.c.site.first_output = 3;
                layer.c.site.outputs = 9;
                layer.images = 2;
                layer.pixels_per_image = 3;
                layer.c.map = {6, 3, 1};
                set_errors(layer.c.settings, {term == 0, term == 1, term == 2 || term == 5,
                                              term >= 4, term == 3 || term == 4, fixed_path});
                SCOPED_TRACE("term " + std::to_string(term));
                expect_equal(layer, draw);
            }
}

// More outputs than a block of threads takes, of one array; more pixels too.
TEST(AidacKernels, WideArraysAndManyPixels) {
    std::mt19937 draw(3);
    for (const bool exact : {false, true}) {
        Layer layer;
        layer.c.settings = ref::ideal_aidac();
        AidacParams& a = layer.c.settings.macro.aidac;
        a.topology = AidacTopology::grouped_weight;
        a.blocks = 3;
        a.block_rows = 70;
        a.outputs_per_array = 70;
        layer.c.shape = {90, 150, 1, false};
        layer.c.site.first_output = 30;
        layer.c.site.outputs = 120;
        layer.images = 3;
        layer.pixels_per_image = 50;
        layer.c.map = {0, 1, 90};
        set_errors(layer.c.settings, {!exact, !exact, !exact, !exact, !exact, false});
        expect_equal(layer, draw);
    }
}

TEST(AidacKernels, AllOperandsAtTheTop) {
    std::mt19937 draw(4);
    Layer layer;
    layer.c.settings = ref::ideal_aidac();
    AidacParams& a = layer.c.settings.macro.aidac;
    a.blocks = 8;
    a.block_rows = 4096;  // 32768 rows of 255*255: just within int32
    layer.c.settings.macro.adc.bits = 14;
    layer.c.shape = {1, 32768, 1, false};
    layer.c.site.outputs = 1;
    layer.c.pixels = 1;
    layer.c.fill(draw);
    layer.c.weights.assign(32768, 127);
    layer.c.inputs.assign(32768, 255);
    const LayerPlan plan = describe_layer(layer.c.settings, layer.c.shape);
    ASSERT_EQ(plan.path, SamplingPath::lut);
    const Sums expected = image_by_image(layer, plan, 1), got = at_once(layer, plan, 1);
    EXPECT_EQ(got.analog, expected.analog);
    EXPECT_EQ(got.digital, expected.digital);
}

}  // namespace
}  // namespace acim
