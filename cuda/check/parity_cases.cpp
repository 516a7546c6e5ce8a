// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/parity_cases.hpp"

#include "cuda/check/parity_attention.hpp"
#include "cuda/check/parity_network.hpp"
#include "cuda/check/parity_points.hpp"
#include "cuda/trial/point_plan.hpp"

namespace acim {
namespace {

using Images = std::shared_ptr<const RandomImages>;
constexpr std::uint32_t image_count = 12;

Images make_images(std::vector<int> shape, bool is_signed, int classes) {
    return std::make_shared<const RandomImages>(
        RandomImages::Look{std::move(shape), is_signed, classes}, image_count, 5);
}

// Every operator: strides, pools with padding, a sum with one element, depthwise convolution.
std::shared_ptr<TrialSetup> operators() {
    const Images images = make_images({3, 9, 9}, false, 7);
    NetworkBuilder n(images, {1, 3, 9, 9}, 11);
    const OperandBits bits;
    const TensorId c1 = n.conv(n.input(), ConvSpec::square(10, 3, 2, 1), bits);
    const TensorId r1 = n.relu(c1);
    ConvSpec depthwise = ConvSpec::square(10, 3, 1, 1);
    depthwise.groups = 10;
    const TensorId c2 = n.affine(n.conv(r1, depthwise, bits), 1.0F, 0.5F);
    const TensorId residual = n.clip(n.add(c2, r1), -0.5F, 1.5F);
    const TensorId gate = n.global_average(n.conv(r1, ConvSpec::square(1, 1), bits));
    const TensorId sum = n.add(residual, gate);
    const TensorId most = n.max_pool(sum, 3, 1, 1);
    const TensorId counted = n.average_pool(most, 2, 2, 1, true);
    const TensorId mean = n.average_pool(counted, 2, 1, 0, false);
    const TensorId flat = n.view(mean, {1, 40});
    return make_setup(n.finish(n.linear(flat, 7, {8, 8, true}), "operators"), images);
}

// Strides, paddings, dilations, groups and kernels that are not square.
std::shared_ptr<TrialSetup> convolutions() {
    const Images images = make_images({4, 8, 7}, true, 9);
    NetworkBuilder n(images, {1, 4, 8, 7}, 12);
    ConvSpec uneven;
    uneven.outputs = 18;
    uneven.kernel_height = 2;
    uneven.stride_width = 2;
    uneven.pad_top = 1;
    uneven.pad_left = 2;
    uneven.pad_bottom = 0;
    uneven.pad_right = 1;
    const TensorId c1 = n.conv(n.input(), uneven, {8, 8, true});
    ConvSpec dilated = ConvSpec::square(6, 3, 1, 2);
    dilated.groups = 3;
    dilated.dilation_height = dilated.dilation_width = 2;
    const TensorId c2 = n.conv(n.relu(c1), dilated, {6, 7, false});
    const TensorId c3 = n.conv(c2, ConvSpec::square(33, 1), {8, 8, true});
    ConvSpec depthwise = ConvSpec::square(33, 3, 2, 1);
    depthwise.groups = 33;
    const TensorId c4 = n.conv(n.relu(c3), depthwise, {4, 5, false});
    const TensorId flat = n.view(n.global_average(c4), {1, 33});
    return make_setup(n.finish(n.linear(flat, 9, {8, 8, true}), "convolutions"), images);
}

// Linear layers over the last axis with several positions.
std::shared_ptr<TrialSetup> positions() {
    const Images images = make_images({1, 5, 38}, true, 5);
    NetworkBuilder n(images, {1, 1, 5, 38}, 13);
    const TensorId tokens = n.view(n.input(), {1, 5, 38});
    const TensorId hidden = n.relu(n.linear(tokens, 70, {8, 8, true}));
    const TensorId out = n.add(n.linear(hidden, 38, {8, 8, false}), tokens);
    const TensorId flat = n.view(n.affine(out, 1.0F, 0.2F), {1, 190});
    return make_setup(n.finish(n.linear(flat, 5, {8, 8, true}), "positions"), images);
}

// One layer that is no multiple of any tile, 20 outputs of 108 rows on 5 x 5 pixels, then logits.
std::shared_ptr<TrialSetup> layer(const OperandBits& bits) {
    const Images images = make_images({12, 5, 5}, bits.is_signed, 6);
    NetworkBuilder n(images, {1, 12, 5, 5}, 14);
    const TensorId c = n.relu(n.conv(n.input(), ConvSpec::square(20, 3, 1, 1), bits));
    const TensorId flat = n.view(n.max_pool(c, 3, 2, 0), {1, 80});
    const TensorId scores = n.linear(flat, 6, {bits.weights, bits.activations, false});
    return make_setup(n.finish(scores, "layer"), images);
}

std::shared_ptr<TrialSetup> deep() {
    const Images images = make_images({128, 2, 2}, false, 18);
    NetworkBuilder n(images, {1, 128, 2, 2}, 15);
    const TensorId c = n.conv(n.input(), ConvSpec::square(18, 3, 1, 1), {});
    return make_setup(n.finish(n.view(n.global_average(c), {1, 18}), "deep"), images);
}

// Infinities, NaN, logits that are equal or not numbers.
std::shared_ptr<TrialSetup> extremes() {
    const Images images = make_images({2, 4, 4}, true, 4);
    NetworkBuilder n(images, {1, 2, 4, 4}, 16);
    const TensorId c1 = n.conv(n.input(), ConvSpec::square(4, 3, 1, 1), {8, 8, true});
    const TensorId huge = n.affine(c1, 3e38F, 0.0F);
    const TensorId more = n.affine(huge, 2.0F, 0.0F);
    const TensorId less = n.affine(huge, -2.0F, 0.0F);
    const TensorId nan = n.add(more, less);
    const TensorId pooled = n.average_pool(n.max_pool(nan, 2, 1, 0), 2, 1, 0, false);
    const TensorId c2 = n.conv(n.clip(nan, -1.0F, 1.0F), ConvSpec::square(4, 1, 2), {8, 8, true});
    const TensorId sum = n.add(pooled, c2);
    const TensorId flat = n.view(n.max_pool(sum, 2, 1, 0), {1, 4});
    return make_setup(n.finish(n.affine(n.view(flat, {1, 1, 4}), 1e30F, 0.0F), "extremes"), images);
}

// Ranges that start and end anywhere; chips that differ, repeats of one chip.
std::vector<WorkUnit> units_of(const QuantizedNetwork& network, const DesignPoint& point,
                               std::uint32_t index) {
    if (differs_by_chip(network, point)) return {{index, 0, 0, 0, 2}, {index, 3, 1, 1, 2}};
    return {{index, 0, 0, 0, 3}, {index, 0, 2, 5, 2}};
}

class CaseList {
public:
    // One case per point, the same settings for every layer.
    void add(const std::string& prefix, const std::shared_ptr<TrialSetup>& base,
             const std::vector<NamedSettings>& points) {
        for (const NamedSettings& p : points) {
            DesignPoint point;
            point.id = p.name;
            point.layers.assign(base->network->mac_layers().size(), p.settings);
            point.seed_mask = 0x9E3779B97F4A7C15ull * (1 + cases_.size());
            add_setup(prefix + "/" + p.name, *base, {point});
        }
    }
    // All points in one setup, so that a batch may mix them; and one whose layers differ.
    void add_mixture(const std::string& prefix, const std::shared_ptr<TrialSetup>& base,
                     const std::vector<NamedSettings>& points) {
        const std::size_t layers = base->network->mac_layers().size();
        std::vector<DesignPoint> all(points.size());
        DesignPoint mixed;
        mixed.id = "layers differ";
        for (std::size_t i = 0; i < points.size(); ++i) {
            all[i].id = points[i].name;
            all[i].layers.assign(layers, points[i].settings);
        }
        for (std::size_t i = 0; i < layers; ++i)
            mixed.layers.push_back(points[(i + 3) % points.size()].settings);
        all.push_back(mixed);
        add_setup(prefix + "/points together", *base, all);
        // Correct bits beyond one byte, a unit of one image, a last image.
        cases_.back().units.push_back({1, 0, 1, 1, 11});
        cases_.back().units.push_back({4, 1, 0, 0, 12});
        cases_.back().units.push_back({2, 0, 0, 11, 1});
    }
    std::vector<ParityCase> take() { return std::move(cases_); }

private:
    void add_setup(const std::string& name, const TrialSetup& base,
                   const std::vector<DesignPoint>& points) {
        auto setup = std::make_shared<TrialSetup>(base);
        setup->points = points;
        ParityCase c{name, setup, {}};
        for (std::size_t i = 0; i < points.size(); ++i)
            for (const WorkUnit& unit :
                 units_of(*setup->network, points[i], static_cast<std::uint32_t>(i)))
                c.units.push_back(unit);
        cases_.push_back(std::move(c));
    }

    std::vector<ParityCase> cases_;
};

void add_widths(CaseList& list) {
    for (const OperandBits& bits :
         {OperandBits{1, 1, false}, OperandBits{1, 8, true}, OperandBits{2, 2, true},
          OperandBits{3, 9, false}, OperandBits{4, 4, false}, OperandBits{5, 3, true},
          OperandBits{6, 6, true}, OperandBits{7, 5, false}, OperandBits{8, 9, true},
          OperandBits{8, 1, false}}) {
        const std::string name = "W" + std::to_string(bits.weights) + " X" +
                                 std::to_string(bits.activations) + (bits.is_signed ? "s" : "");
        const std::shared_ptr<TrialSetup> base = layer(bits);
        list.add(name, base, basic_points());
        // Where every encoding has a sign to put somewhere, and where there is none.
        if (bits.weights == 6 || (bits.weights == 1 && bits.is_signed))
            list.add(name, base, encoding_points());
        if (bits.weights == 4) list.add(name, base, aidac_points());
    }
}

// Every error model where both operands are computed.
void add_attention(CaseList& list) {
    const std::shared_ptr<TrialSetup> both = attention({8, 8, true});
    for (const auto points : {exact_points, noise_points, threshold_points, transfer_points,
                              technique_points, chip_mixture_points, array_points, aidac_points})
        list.add("attention", both, points());
    // A window of the ADC that lies above all sums here leaves nothing but zeros.
    std::vector<NamedSettings> encodings = encoding_points();
    std::erase_if(encodings, [](const auto& p) { return p.name == "differential, window"; });
    list.add("attention", both, encodings);
    list.add("attention", both, cycle_points(7));
    list.add("attention W3 X9", attention({3, 9, true}), basic_points());
    list.add("attention W6 X4", attention({6, 4, true}), encodings);
    list.add("transformer", transformer(), basic_points());
    list.add_mixture("transformer", transformer(), basic_points());
}

}  // namespace

std::vector<ParityCase> parity_cases() {
    CaseList list;
    const std::shared_ptr<TrialSetup> all = operators();
    list.add("operators", all, basic_points());
    list.add_mixture("operators", all, basic_points());
    list.add("convolutions", convolutions(), basic_points());
    list.add("positions", positions(), basic_points());
    list.add("extremes", extremes(), basic_points());
    add_widths(list);
    const std::shared_ptr<TrialSetup> plain = layer({});
    list.add("layer", plain, exact_points());
    list.add("layer", plain, noise_points());
    list.add("layer", plain, threshold_points());
    list.add("layer", plain, cycle_points(8));
    list.add("layer", plain, transfer_points());
    list.add("layer", plain, technique_points());
    list.add("layer", plain, encoding_points());
    list.add("layer", plain, chip_points());
    list.add("layer", plain, chip_mixture_points());
    list.add("layer", plain, aidac_points());
    const std::shared_ptr<TrialSetup> with_signs = layer({8, 8, true});
    list.add("signed", with_signs, cycle_points(7));
    list.add("signed", with_signs, technique_points());
    list.add("signed", with_signs, encoding_points());
    list.add("signed", with_signs, aidac_points());
    list.add("signed", with_signs, chip_mixture_points());
    list.add("arrays", convolutions(), array_points());
    list.add("deep", deep(), deep_points());
    list.add_mixture("decoder", decoder(), basic_points());
    add_attention(list);
    return list.take();
}

}  // namespace acim
