// SPDX-License-Identifier: Apache-2.0
#include "host/quant/count_histogram.hpp"

#include <mutex>
#include <random>

#include <gtest/gtest.h>

#include "host/quant/counting_kernel.hpp"
#include "tests/trial/small_network.hpp"

namespace acim {
namespace {

using testing_reference::small_network;
using testing_reference::SmallImages;

// Counts conversion after conversion, row after row.
void count_plainly(const LayerPlan& plan, int outputs, const std::vector<std::int8_t>& weights,
                   std::span<const std::int16_t> inputs, CountHistogram& to) {
    const int pixels = static_cast<int>(inputs.size()) / plan.depth;
    for (int m = 0; m < outputs; ++m)
        for (int p = 0; p < pixels; ++p)
            for (int g = 0; g < plan.groups; ++g)
                for (const ConversionPlan& c : plan.conversions) {
                    if (!c.through_adc) continue;
                    std::int64_t s = 0, x = 0;
                    for (int r = g * plan.group_rows;
                         r < std::min((g + 1) * plan.group_rows, plan.depth); ++r) {
                        const auto value =
                            cycle_value(plan.cycles, c.cycle,
                                        static_cast<std::uint32_t>(inputs[p * plan.depth + r]));
                        x += value;
                        s += value * static_cast<std::uint32_t>(stored_bit(
                                         plan.macro.weight_encoding, plan.weight_bits, plan.columns,
                                         c.plane, weights[m * plan.depth + r]));
                    }
                    for (CountHistogram::Part& part : to.parts)
                        if (part.width == plan.cycles.width[c.cycle] && part.noisy == c.noisy)
                            ++part.conversions[static_cast<std::size_t>(plan.count(c.cycle, s, x))];
                }
}

struct Case {
    WeightEncoding encoding;
    int weight_bits, activation_bits, bits_per_cycle;
    bool is_signed;
    int rows, depth;
    int hybrid;
    bool asim_rounding;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << "encoding " << static_cast<int>(c.encoding) << ", W " << c.weight_bits << ", X "
         << c.activation_bits << ", e " << c.bits_per_cycle << ", signed " << c.is_signed
         << ", rows " << c.rows << ", K " << c.depth << ", hybrid " << c.hybrid;
}

class CountHistogramTest : public ::testing::TestWithParam<Case> {};

TEST_P(CountHistogramTest, EqualsPlainCounting) {
    const Case& c = GetParam();
    LayerSettings s;
    s.weight_bits = c.weight_bits;
    s.activation_bits = c.activation_bits;
    s.macro.rows = c.rows;
    s.macro.bits_per_cycle = c.bits_per_cycle;
    s.macro.weight_encoding = c.encoding;
    s.macro.hybrid = {c.hybrid, c.asim_rounding};
    const int outputs = 5, pixels = 7;
    const LayerPlan plan = describe_layer(s, {outputs, c.depth, 1, c.is_signed});
    std::mt19937 draw(3);
    std::vector<std::int8_t> weights(static_cast<std::size_t>(outputs * c.depth));
    for (auto& w : weights)
        w = static_cast<std::int8_t>(static_cast<int>(draw() % (1u << c.weight_bits)) -
                                     (c.weight_bits == 1 ? 0 : 1 << (c.weight_bits - 1)));
    std::vector<std::int16_t> inputs(static_cast<std::size_t>(pixels * c.depth));
    for (auto& x : inputs)
        x = static_cast<std::int16_t>(static_cast<int>(draw() % (1u << c.activation_bits)) -
                                      (c.is_signed ? 1 << (c.activation_bits - 1) : 0));
    std::fill_n(inputs.begin(), 2 * c.depth, std::int16_t{0});  // cycles without any input
    CountHistogram fast(plan), plain(plan);
    CountedWeights(plan, outputs, weights).count(plan, pixels, inputs, fast);
    count_plainly(plan, outputs, weights, inputs, plain);
    EXPECT_EQ(fast, plain);
    std::size_t converted = 0;
    for (const ConversionPlan& k : plan.conversions) converted += k.through_adc;
    EXPECT_EQ(fast.total(), converted * static_cast<std::size_t>(outputs * pixels * plan.groups));
}

INSTANTIATE_TEST_SUITE_P(
    Layers, CountHistogramTest,
    ::testing::Values(Case{WeightEncoding::twos_complement, 8, 8, 1, false, 255, 300, 0, false},
                      Case{WeightEncoding::twos_complement, 8, 8, 1, false, 64, 64, 3, false},
                      Case{WeightEncoding::twos_complement, 4, 8, 3, false, 65, 130, 2, true},
                      Case{WeightEncoding::twos_complement, 1, 1, 1, false, 10, 21, 0, false},
                      Case{WeightEncoding::offset_binary, 6, 9, 4, true, 100, 99, 0, false},
                      Case{WeightEncoding::differential, 8, 8, 7, true, 128, 257, 0, false},
                      Case{WeightEncoding::xnor, 5, 8, 1, true, 70, 200, 0, false},
                      Case{WeightEncoding::xnor, 8, 8, 2, false, 63, 100, 1, false}));

// Keeps the inputs of every product of every layer.
class InputRecorder : public ProductKernel {
public:
    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override {
        auto packed = std::make_unique<Weights>();
        packed->values.assign(weights.begin(), weights.end());
        packed->plain = plain_->pack(plan, outputs, weights, site);
        return packed;
    }
    void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override {
        const auto& packed = static_cast<const Weights&>(weights);
        plain_->run(plan, *packed.plain, outputs, pixels, inputs, map, place, sums);
        products.push_back({place.layer,
                            outputs,
                            packed.values,
                            {inputs.begin(), inputs.begin() + pixels * plan.depth}});
    }

    struct Seen {
        std::uint32_t layer;
        int outputs;
        std::vector<std::int8_t> weights;
        std::vector<std::int16_t> inputs;
    };
    mutable std::vector<Seen> products;

private:
    struct Weights : PackedWeights {
        std::vector<std::int8_t> values;
        std::unique_ptr<PackedWeights> plain;
    };
    std::unique_ptr<ProductKernel> plain_ = make_reference_kernel();
};

LayerSettings settings_of(const Product& product, int rows) {
    LayerSettings s;
    s.weight_bits = product.weight_bits;
    s.activation_bits = product.input_quantisation.bits;
    s.macro.rows = rows;
    return s;
}

TEST(CountConversions, SeesTheInputsOfTheDigitalNetwork) {
    const QuantizedNetwork network = small_network();
    const SmallImages images(6);
    const std::vector<int> macs = network.mac_layers();
    std::vector<std::optional<LayerPlan>> plans(3);
    for (const std::size_t i : {0u, 1u, 2u}) {
        const auto& product = std::get<Product>(network.operators[macs[i]].op);
        if (i != 2)  // the last layer is not counted
            plans[i] = describe_layer(settings_of(product, 9), layer_shape(product));
    }
    std::vector<CountHistogram> plain;
    for (const auto& p : plans) plain.push_back(p ? CountHistogram(*p) : CountHistogram());
    const InputRecorder recorder;
    LayerSettings digital;
    digital.analog = false;
    CycleLawCache cache;
    const PointPlan plan = make_point_plan(network, testing_reference::uniform_point(digital),
                                           PhiloxKey{}, recorder, cache);
    ImageExecutor executor(network, recorder);
    for (std::uint32_t i = 0; i < 5; ++i) {
        images.read(i, 1, executor.input().data());
        executor.run(plan, {}, i, {});
    }
    for (const auto& seen : recorder.products)
        if (plans[seen.layer])
            count_plainly(*plans[seen.layer], seen.outputs, seen.weights, seen.inputs,
                          plain[seen.layer]);
    const auto kernel = make_reference_kernel();
    for (const int threads : {1, 2, 3})
        EXPECT_EQ((count_layers<CountHistogram, CountedWeights>(network, plans, images, 5, *kernel,
                                                                threads)),
                  plain);
    EXPECT_GT(plain[1].total(), 0u);
    EXPECT_TRUE(plain[2].parts.empty());
}

}  // namespace
}  // namespace acim
