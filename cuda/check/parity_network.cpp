// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/parity_network.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cuda/model/digital/quantise.hpp"
#include "cuda/trial/image_executor.hpp"
#include "cuda/trial/metrics.hpp"

namespace acim {
namespace {

// Uniform in [0, 1).
float unit(std::mt19937& random) { return static_cast<float>(random() % 65536u) / 65536.0F; }

// Values of the network's output tensor, every layer digital, one image after the other.
class DigitalRun {
public:
    DigitalRun(const QuantizedNetwork& network, const ImageSource& images)
        : images_(images), kernel_(make_reference_kernel()), executor_(network, *kernel_) {
        LayerSettings digital;
        digital.analog = false;
        DesignPoint point;
        point.layers.assign(network.mac_layers().size(), digital);
        CycleLawCache cache;
        plan_ = make_point_plan(network, point, PhiloxKey{}, *kernel_, cache);
    }
    std::span<const float> run(std::uint32_t image) {
        images_.read(image, 1, executor_.input().data());
        return executor_.run(plan_, PhiloxKey{}, image, {});
    }

private:
    const ImageSource& images_;
    std::unique_ptr<ProductKernel> kernel_;
    ImageExecutor executor_;
    PointPlan plan_;
};

}  // namespace

RandomImages::RandomImages(const Look& look, std::uint32_t count, unsigned seed)
    : look_(look), count_(count) {
    std::mt19937 random(seed);
    for (const int d : look.shape) elements_ *= static_cast<std::size_t>(d);
    for (std::size_t i = 0; i < elements_ * count; ++i) {
        const float v = random() % 8u == 0 ? 0.0F : unit(random);
        values_.push_back(look.is_signed && random() % 2u == 0 ? -v : v);
    }
    for (std::uint32_t i = 0; i < count * static_cast<std::uint32_t>(look.positions); ++i)
        labels_.push_back(
            static_cast<std::int32_t>(random() % static_cast<unsigned>(look.classes)));
}

void RandomImages::read(std::uint32_t first, std::uint32_t images, float* out) const {
    std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(first * elements_),
                images * elements_, out);
}

ConvSpec ConvSpec::square(int outputs, int kernel, int stride, int pad) {
    ConvSpec s;
    s.outputs = outputs;
    s.kernel_height = s.kernel_width = kernel;
    s.stride_height = s.stride_width = stride;
    s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = pad;
    return s;
}

NetworkBuilder::NetworkBuilder(std::shared_ptr<const ImageSource> images, std::vector<int> shape,
                               unsigned seed)
    : images_(std::move(images)), random_(seed) {
    network_.input = new_tensor(std::move(shape));
}

TensorId NetworkBuilder::new_tensor(std::vector<int> shape) {
    const auto id = static_cast<TensorId>(network_.tensors.size());
    network_.tensors.push_back({"t" + std::to_string(id), std::move(shape)});
    return id;
}

template <class Op>
TensorId NetworkBuilder::append(Op op, std::vector<int> shape) {
    op.output = new_tensor(std::move(shape));
    const TensorId output = op.output;
    network_.operators.push_back({"op" + std::to_string(network_.operators.size()), std::move(op)});
    return output;
}

// The largest magnitude over the first images lies near the end of the quantiser; some clip.
Quantisation NetworkBuilder::calibrate(TensorId input, const OperandBits& bits) const {
    QuantizedNetwork part = network_;
    part.output = input;
    DigitalRun run(part, *images_);
    float most = 0.0F;
    for (std::uint32_t i = 0; i < std::min(images_->count(), 2u); ++i)
        for (const float v : run.run(i)) most = std::max(most, v < 0.0F ? -v : v);
    const int top = digital::quantised_high(bits.activations, bits.is_signed);
    const bool usable = most > 0.0F && most < 1e30F;
    return {bits.activations, bits.is_signed,
            usable ? 0.8F * most / static_cast<float>(top) : 1.0F};
}

TensorId NetworkBuilder::add_product(Product p, const OperandBits& bits, std::vector<int> shape) {
    p.weight_bits = bits.weights;
    p.input_quantisation = calibrate(p.input, bits);
    const bool one_bit = bits.weights == 1;
    const int high = one_bit ? 1 : (1 << (bits.weights - 1)) - 1;
    const int low = one_bit ? 0 : -high;
    const auto values = static_cast<unsigned>(high - low + 1);
    p.weights.resize(static_cast<std::size_t>(p.outputs) * static_cast<std::size_t>(p.depth));
    for (auto& w : p.weights)
        w = static_cast<std::int8_t>(low + static_cast<int>(random_() % values));
    // A sum of K random products is then of the order of the input.
    const float spread = static_cast<float>(high) * std::sqrt(static_cast<float>(p.depth));
    for (int m = 0; m < p.outputs; ++m) {
        p.weight_scale.push_back((1.0F + unit(random_)) / spread);
        p.bias.push_back(0.25F * (unit(random_) - 0.5F));
    }
    return append(std::move(p), std::move(shape));
}

TensorId NetworkBuilder::conv(TensorId input, const ConvSpec& s, const OperandBits& bits) {
    const std::vector<int>& in = shape(input);
    ConvGeometry g;
    g.groups = s.groups;
    g.in_channels = in[1];
    g.in_height = in[2];
    g.in_width = in[3];
    g.kernel_height = s.kernel_height;
    g.kernel_width = s.kernel_width;
    g.stride_height = s.stride_height;
    g.stride_width = s.stride_width;
    g.dilation_height = s.dilation_height;
    g.dilation_width = s.dilation_width;
    g.pad_top = s.pad_top;
    g.pad_left = s.pad_left;
    g.pad_bottom = s.pad_bottom;
    g.pad_right = s.pad_right;
    g.out_channels = s.outputs;
    const auto length = [](int size, int pads, int kernel, int dilation, int stride) {
        return (size + pads - (dilation * (kernel - 1) + 1)) / stride + 1;
    };
    g.out_height = length(in[2], s.pad_top + s.pad_bottom, s.kernel_height, s.dilation_height,
                          s.stride_height);
    g.out_width =
        length(in[3], s.pad_left + s.pad_right, s.kernel_width, s.dilation_width, s.stride_width);
    Product p;
    p.input = input;
    p.is_conv = true;
    p.conv = g;
    p.outputs = s.outputs;
    p.depth = in[1] / s.groups * s.kernel_height * s.kernel_width;
    return add_product(std::move(p), bits, {1, s.outputs, g.out_height, g.out_width});
}

TensorId NetworkBuilder::linear(TensorId input, int outputs, const OperandBits& bits) {
    std::vector<int> out = shape(input);
    Product p;
    p.input = input;
    p.outputs = outputs;
    p.depth = out.back();
    out.back() = outputs;
    return add_product(std::move(p), bits, std::move(out));
}

TensorId NetworkBuilder::relu(TensorId input) { return append(Relu{input, -1}, shape(input)); }

TensorId NetworkBuilder::clip(TensorId input, float low, float high) {
    return append(Clip{input, -1, low, high}, shape(input));
}

TensorId NetworkBuilder::add(TensorId a, TensorId b) { return append(Add{a, b, -1}, shape(a)); }

TensorId NetworkBuilder::affine(TensorId input, float scale, float shift) {
    Affine op;
    op.input = input;
    for (int c = 0; c < shape(input)[1]; ++c) {
        op.scale.push_back(scale * (0.5F + unit(random_)));
        op.shift.push_back(shift * (unit(random_) - 0.5F));
    }
    return append(std::move(op), shape(input));
}

PoolGeometry NetworkBuilder::pool(TensorId input, int kernel, int stride, int pad) const {
    const std::vector<int>& in = shape(input);
    const auto length = [&](int size) { return (size + 2 * pad - kernel) / stride + 1; };
    return {in[1],  in[2], in[3], length(in[2]), length(in[3]), kernel, kernel, stride,
            stride, pad,   pad};
}

TensorId NetworkBuilder::max_pool(TensorId input, int kernel, int stride, int pad) {
    const PoolGeometry g = pool(input, kernel, stride, pad);
    return append(MaxPool{input, -1, g}, {1, g.channels, g.out_height, g.out_width});
}

TensorId NetworkBuilder::average_pool(TensorId input, int kernel, int stride, int pad,
                                      bool count_pad) {
    const PoolGeometry g = pool(input, kernel, stride, pad);
    return append(AveragePool{input, -1, g, count_pad, 24},
                  {1, g.channels, g.out_height, g.out_width});
}

TensorId NetworkBuilder::global_average(TensorId input) {
    const std::vector<int>& in = shape(input);
    PoolGeometry g{in[1], in[2], in[3], 1, 1, in[2], in[3], 1, 1, 0, 0};
    return append(AveragePool{input, -1, g, false, 24}, {1, in[1], 1, 1});
}

TensorId NetworkBuilder::view(TensorId input, std::vector<int> out) {
    return append(View{input, -1}, std::move(out));
}

std::vector<float> NetworkBuilder::random_values(std::size_t count, float scale) {
    std::vector<float> out(count);
    for (float& v : out) v = scale * (2.0F * unit(random_) - 1.0F);
    return out;
}

TensorId NetworkBuilder::constant(std::vector<int> out, float scale) {
    std::size_t count = 1;
    for (const int d : out) count *= static_cast<std::size_t>(d);
    return append(Constant{-1, random_values(count, scale)}, std::move(out));
}

TensorId NetworkBuilder::rearrange(TensorId input, int offset, std::vector<int> extents,
                                   std::vector<int> strides, std::vector<int> out) {
    if (out.empty()) out = extents;
    return append(Rearrange{input, -1, offset, std::move(extents), std::move(strides)},
                  std::move(out));
}

TensorId NetworkBuilder::concat(std::vector<TensorId> inputs, int outer, std::vector<int> out) {
    return append(Concat{std::move(inputs), -1, outer}, std::move(out));
}

TensorId NetworkBuilder::softmax(TensorId input, int length, int inner, bool is_log) {
    return append(Softmax{input, -1, length, inner, is_log}, shape(input));
}

TensorId NetworkBuilder::layer_norm(TensorId input, bool is_centred) {
    const auto length = static_cast<std::size_t>(shape(input).back());
    LayerNorm op{input, -1, is_centred, 1e-5F, random_values(length, 2.0F), {}};
    op.shift = random_values(length, 0.5F);
    return append(std::move(op), shape(input));
}

TensorId NetworkBuilder::function(TensorId input, FunctionKind kind) {
    return append(Function{input, -1, kind}, shape(input));
}

TensorId NetworkBuilder::binary(BinaryKind kind, TensorId a, TensorId b, std::vector<int> extents,
                                std::vector<int> a_strides, std::vector<int> b_strides) {
    std::vector<int> out = extents;
    return append(
        Binary{a, b, -1, kind, std::move(extents), std::move(a_strides), std::move(b_strides)},
        std::move(out));
}

TensorId NetworkBuilder::embedding(TensorId input, int rows, int width) {
    std::vector<int> out = shape(input);
    out.push_back(width);
    const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width);
    return append(Embedding{input, -1, width, random_values(count, 1.0F)}, std::move(out));
}

TensorId NetworkBuilder::requantise(TensorId input, int bits) {
    return append(Requantise{input, -1, calibrate(input, {8, bits, true})}, shape(input));
}

TensorId NetworkBuilder::computed(TensorId input, TensorId stored, const StoredSpec& spec,
                                  const OperandBits& bits) {
    const std::vector<int>&left = shape(spec.on_left ? stored : input),
          &right = shape(spec.on_left ? input : stored);
    Product p;
    p.input = input;
    p.stored = {stored, spec.heads, spec.on_left, calibrate(stored, {8, bits.weights, true}).scale};
    p.depth = left[2];
    p.outputs = spec.heads * (spec.on_left ? left[1] : right[2]);
    p.weight_bits = bits.weights;
    p.input_quantisation = calibrate(input, bits);
    const float factor = p.stored.scale / std::sqrt(static_cast<float>(p.depth));
    p.weight_scale.assign(static_cast<std::size_t>(p.outputs), factor);
    p.bias.assign(static_cast<std::size_t>(p.outputs), 0.0F);
    return append(std::move(p), {spec.heads, left[1], right[2]});
}

std::shared_ptr<const QuantizedNetwork> NetworkBuilder::finish(TensorId logits, std::string name) {
    network_.output = logits;
    const Tensor& last = network_.tensors[logits];
    network_.classes = last.shape.size() == 3 ? last.shape[2] : static_cast<int>(last.elements());
    network_.hash = std::move(name);
    return std::make_shared<const QuantizedNetwork>(std::move(network_));
}

std::shared_ptr<TrialSetup> make_setup(std::shared_ptr<const QuantizedNetwork> network,
                                       std::shared_ptr<const ImageSource> images) {
    auto setup = std::make_shared<TrialSetup>();
    setup->predictions = true;
    setup->seed = 0x0123456789ABCDEFull;
    DigitalRun run(*network, *images);
    const auto classes = static_cast<std::size_t>(network->classes);
    for (std::uint32_t i = 0; i < images->count(); ++i) {
        const std::span<const float> logits = run.run(i);
        for (std::size_t at = 0; at < logits.size(); at += classes)
            setup->reference_top1.push_back(top1(logits.subspan(at, classes)));
    }
    setup->network = std::move(network);
    setup->images = std::move(images);
    return setup;
}

}  // namespace acim
