// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "cuda/model/digital/quantise.hpp"
#include "cuda/trial/engine.hpp"
#include "cuda/trial/metrics.hpp"
#include "cuda/trial/point_plan.hpp"

// One product with its inputs, and what a kernel of cuda/trial makes of it: the truth for devices.
namespace acim::testing_device {

// Images of one trial.
struct LayerPart {
    std::uint32_t point = 0, chip = 0, repeat = 0;
    std::uint32_t first_image = 0, images = 1;
};

struct LayerCase {
    static constexpr std::uint64_t seed = 77;

    std::vector<LayerSettings> points;
    Product product;  // without its tensors
    std::vector<int> input_shape, output_shape;
    std::uint32_t layer = 0;  // MAC layers before it
    std::vector<LayerPart> parts;
    // Quantised, [stored images][elements]; image i is the (i mod stored)-th.
    std::vector<std::int16_t> inputs;
    // The stored operand of each of them, where the product has one.
    std::vector<std::int8_t> stored;

    int conv_groups() const { return product.groups(); }
    std::size_t stored_elements() const {
        return product.is_computed() ? static_cast<std::size_t>(product.outputs) * product.depth
                                     : 0;
    }
    // The image has the stored operand behind the input.
    std::vector<int> image_shape() const {
        if (!product.is_computed()) return input_shape;
        return {1, static_cast<int>(elements() + stored_elements())};
    }
    std::size_t elements() const {
        std::size_t n = 1;
        for (const int d : input_shape) n *= static_cast<std::size_t>(d);
        return n;
    }
    std::span<const std::int16_t> image(std::uint32_t index) const {
        const std::size_t images = inputs.size() / elements();
        return std::span(inputs).subspan(index % images * elements(), elements());
    }
    std::span<const std::int8_t> stored_of(std::uint32_t index) const {
        const std::size_t images = inputs.size() / elements();
        return std::span(stored).subspan(index % images * stored_elements(), stored_elements());
    }

    // Products of one value, as many as stand before, and the product.
    QuantizedNetwork network() const {
        QuantizedNetwork n;
        n.tensors = {
            {"input", input_shape}, {"output", output_shape}, {"x", {1, 1}}, {"y", {1, 1}}};
        Product one;
        one.input = 2, one.output = 3;
        one.outputs = one.depth = 1;
        one.weights = {1};
        one.weight_scale = {1.0F};
        one.bias = {0.0F};
        for (std::uint32_t i = 0; i < layer; ++i) n.operators.push_back({"before", one});
        Product last = product;
        last.input = n.input = 0;
        last.output = n.output = 1;
        if (product.is_computed()) split_image(n, last);
        n.operators.push_back({"layer", last});
        n.classes = static_cast<int>(n.tensors[1].elements());
        return n;
    }

    // The image becomes the product's input and its stored operand.
    void split_image(QuantizedNetwork& n, Product& last) const {
        const int size = static_cast<int>(elements());
        const int other = static_cast<int>(stored_elements());
        n.input = 4;
        last.stored.tensor = 5;
        n.tensors.push_back({"image", image_shape()});
        n.tensors.push_back({"stored", {1, other}});
        n.operators.push_back({"inputs", Rearrange{4, 0, 0, {size}, {1}}});
        n.operators.push_back({"weights", Rearrange{4, 5, size, {other}, {1}}});
    }

    std::vector<DesignPoint> design_points() const {
        LayerSettings digital;
        digital.analog = false;
        std::vector<DesignPoint> out;
        for (const LayerSettings& settings : points) {
            std::vector<LayerSettings> layers(layer, digital);
            layers.push_back(settings);
            out.push_back({std::to_string(out.size()), layers});
        }
        return out;
    }
};

// What a product computes for all images of all parts, side by side. A, D and exact are
// [outputs][images][pixels], outputs the bits of the float tensors, sums one for each part.
struct LayerOutcome {
    std::vector<std::int64_t> analog, digital, exact;
    std::vector<std::uint32_t> outputs;
    std::vector<LayerSums> sums;
};

// [columns][rows] of [rows][columns].
template <class Integer>
std::vector<Integer> transposed(std::span<const Integer> in, std::size_t rows) {
    std::vector<Integer> out;
    const std::size_t columns = in.size() / rows;
    for (std::size_t c = 0; c < columns; ++c)
        for (std::size_t r = 0; r < rows; ++r) out.push_back(in[r * columns + c]);
    return out;
}

// The weights [M][K] of one head of a stored operand.
inline std::vector<std::int8_t> stored_weights(const Product& product, int head,
                                               std::span<const std::int8_t> stored) {
    const std::size_t size = stored.size() / static_cast<std::size_t>(product.groups());
    const auto own = stored.subspan(static_cast<std::size_t>(head) * size, size);
    if (product.stored.on_left) return {own.begin(), own.end()};
    return transposed(own, static_cast<std::size_t>(product.depth));
}

// Inputs of every output pixel side by side, [pixels][c][kh][kw]; padding is 0.
inline std::vector<std::int16_t> unfolded_inputs(const Product& product, int group, int pixels,
                                                 std::span<const std::int16_t> image) {
    if (!product.is_conv) {
        const std::size_t size = image.size() / static_cast<std::size_t>(product.groups());
        const auto own = image.subspan(static_cast<std::size_t>(group) * size, size);
        if (product.is_computed() && product.stored.on_left)
            return transposed(own, static_cast<std::size_t>(product.depth));
        return {own.begin(), own.end()};
    }
    const ConvGeometry& c = product.conv;
    const int channels = c.in_channels / c.groups;
    std::vector<std::int16_t> out;
    for (int p = 0; p < pixels; ++p)
        for (int ch = group * channels; ch < (group + 1) * channels; ++ch)
            for (int kh = 0; kh < c.kernel_height; ++kh)
                for (int kw = 0; kw < c.kernel_width; ++kw) {
                    const int y =
                        p / c.out_width * c.stride_height + kh * c.dilation_height - c.pad_top;
                    const int x =
                        p % c.out_width * c.stride_width + kw * c.dilation_width - c.pad_left;
                    const bool inside = y >= 0 && y < c.in_height && x >= 0 && x < c.in_width;
                    out.push_back(inside ? image[(ch * c.in_height + y) * c.in_width + x]
                                         : std::int16_t{0});
                }
    return out;
}

// Runs a kernel on a case, image by image and convolution group by group.
class LayerOnKernel {
public:
    // Told before every run of the kernel.
    using Watch = std::function<void(const LayerPlan&, const OutputMap&, const ProductPlace&)>;

    LayerOnKernel(const LayerCase& c, const ProductKernel& kernel, Watch watch = {})
        : c_(c), kernel_(kernel), watch_(std::move(watch)), network_(c.network()) {}

    LayerOutcome run(CycleLawCache& cache) {
        const auto points = c_.design_points();
        std::uint32_t images = 0;
        for (const LayerPart& part : c_.parts) images += part.images;
        pixels_ = output_pixels(network_, product());
        line_ = images * static_cast<std::size_t>(pixels_);
        out_ = {};
        for (auto* all : {&out_.analog, &out_.digital, &out_.exact})
            all->assign(static_cast<std::size_t>(product().outputs) * line_, 0);
        out_.outputs.resize(static_cast<std::size_t>(product().outputs) * line_);
        slot_ = 0;
        for (const LayerPart& part : c_.parts) {
            const PointPlan plan =
                make_point_plan(network_, points[part.point], chip_key(LayerCase::seed, part.chip),
                                kernel_, cache, part.chip);
            const PhiloxKey key = trial_key(LayerCase::seed, part.chip, part.repeat);
            LayerSums sums;
            for (std::uint32_t i = 0; i < part.images; ++i, ++slot_)
                run_image(plan.layers.back(), {key, c_.layer, part.first_image + i}, sums);
            out_.sums.push_back(sums);
        }
        return std::move(out_);
    }

private:
    const Product& product() const { return std::get<Product>(network_.operators.back().op); }

    void run_image(const PointPlan::Layer& layer, const ProductPlace& place, LayerSums& sums) {
        const auto n = static_cast<std::size_t>(layer.group_outputs) * pixels_;
        std::vector<std::int64_t> a(n), d(n), exact(n);
        for (int group = 0; group < product().groups(); ++group) {
            const auto g = static_cast<std::size_t>(group);
            const auto inputs = unfolded_inputs(product(), group, pixels_, c_.image(place.image));
            const OutputMap map = output_map(product(), layer.group_outputs, pixels_, group);
            if (watch_) watch_(layer.plan, map, place);
            const auto own = weights_of(layer, group, place.image);
            kernel_.run(layer.plan, own ? *own : *layer.weights[g], layer.group_outputs, pixels_,
                        inputs, map, place, {a, d, exact});
            for (std::size_t at = 0; at < n; ++at) {
                const std::size_t m = at / pixels_, p = at % pixels_;
                const std::size_t channel = g * layer.group_outputs + m;
                const std::size_t to = channel * line_ + slot_ * pixels_ + p;
                const double y = product_value(layer.plan, a[at], d[at], exact[at]);
                out_.exact[to] = exact[at];
                set_output(channel, map.element(m, p), y);
                if (layer.plan.analog) add_output(sums, exact[at], y);
                if (layer.plan.path == SamplingPath::product) continue;  // A and D mean nothing
                out_.analog[to] = a[at];
                out_.digital[to] = d[at];
            }
            sums.conversions += layer.plan.adc_conversions(static_cast<std::int64_t>(n));
        }
    }

    // Those of an image, or null where they are constant.
    std::unique_ptr<PackedWeights> weights_of(const PointPlan::Layer& layer, int head,
                                              std::uint32_t image) const {
        if (!product().is_computed()) return nullptr;
        ProductSite site = layer.site;
        site.first_output = head * layer.group_outputs;
        return kernel_.pack(layer.plan, layer.group_outputs,
                            stored_weights(product(), head, c_.stored_of(image)), site);
    }

    void set_output(std::size_t channel, std::size_t element, double y) {
        const double scale = digital::product_scale(product().weight_scale[channel],
                                                    product().input_quantisation.scale);
        out_.outputs[slot_ * network_.classes + element] =
            std::bit_cast<std::uint32_t>(digital::dequantise(y, scale, product().bias[channel]));
    }

    const LayerCase& c_;
    const ProductKernel& kernel_;
    Watch watch_;
    QuantizedNetwork network_;
    int pixels_ = 0;
    std::size_t line_ = 0, slot_ = 0;  // integers of an output, image under way
    LayerOutcome out_;
};

}  // namespace acim::testing_device
