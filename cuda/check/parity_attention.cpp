// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/parity_attention.hpp"

namespace acim {
namespace {

constexpr std::uint32_t image_count = 12;
constexpr int heads = 2;

std::shared_ptr<const RandomImages> make_images(std::vector<int> shape, int classes,
                                                int positions = 1) {
    return std::make_shared<const RandomImages>(
        RandomImages::Look{std::move(shape), true, classes, positions}, image_count, 6);
}

// Attention over [tokens][3][heads][width] as one linear layer gives it: queries, keys, values.
class Attention {
public:
    Attention(NetworkBuilder& n, int tokens, int width, const OperandBits& bits)
        : n_(n), tokens_(tokens), width_(width), bits_(bits) {}

    // [1][tokens][heads*width]
    TensorId add(TensorId qkv) {
        const int line = 3 * heads * width_;
        const auto part = [&](int index, std::vector<int> shape, std::vector<int> strides) {
            return n_.rearrange(qkv, index * heads * width_, std::move(shape), std::move(strides));
        };
        const std::vector<int> plain{heads, tokens_, width_}, steps{width_, line, 1};
        const TensorId q = part(0, plain, steps);
        const TensorId k = part(1, {heads, width_, tokens_}, {width_, 1, line});
        const TensorId v = part(2, plain, steps);
        const TensorId scores =
            n_.computed(k, q, {heads, true}, {bits_.weights, bits_.activations, true});
        const TensorId shares = n_.softmax(scores, tokens_, 1, false);
        const TensorId mixed =
            n_.computed(shares, v, {heads, false}, {bits_.weights, bits_.activations, false});
        return n_.rearrange(mixed, 0, {1, tokens_, heads, width_}, {0, width_, tokens_ * width_, 1},
                            {1, tokens_, heads * width_});
    }

private:
    NetworkBuilder& n_;
    int tokens_, width_;
    OperandBits bits_;
};

}  // namespace

std::shared_ptr<TrialSetup> attention(const OperandBits& bits) {
    constexpr int tokens = 9, width = 8;
    const auto images = make_images({1, tokens, 3 * heads * width}, 5);
    NetworkBuilder n(images, {1, 1, tokens, 3 * heads * width}, 21);
    const TensorId mixed = Attention(n, tokens, width, bits).add(n.input());
    const TensorId first = n.rearrange(mixed, 0, {1, heads * width}, {0, 1});
    const OperandBits last{bits.weights, bits.activations, true};
    return make_setup(n.finish(n.linear(first, 5, last), "attention"), images);
}

std::shared_ptr<TrialSetup> decoder() {
    constexpr int tokens = 9, width = 8;
    const auto images = make_images({1, tokens, 3 * heads * width}, 5, tokens);
    NetworkBuilder n(images, {1, 1, tokens, 3 * heads * width}, 23);
    const OperandBits bits{8, 8, true};
    const TensorId mixed = Attention(n, tokens, width, bits).add(n.input());
    return make_setup(n.finish(n.linear(mixed, 5, bits), "decoder"), images);
}

std::shared_ptr<TrialSetup> transformer() {
    constexpr int patches = 9, tokens = patches + 1, width = 16;
    const std::vector<int> line{1, tokens, width};
    const OperandBits bits{8, 8, true};
    const auto images = make_images({3, 9, 9}, 6);
    NetworkBuilder n(images, {1, 3, 9, 9}, 22);
    const TensorId stem = n.conv(n.input(), ConvSpec::square(width, 3, 3, 0), bits);
    const TensorId rows = n.rearrange(stem, 0, {1, patches, width}, {0, 1, patches});
    const TensorId pixels = n.rearrange(n.input(), 4, {1, patches}, {0, 9});
    const TensorId steps =
        n.binary(BinaryKind::multiply, pixels, n.constant({1, 1}, 8.0F), {1, 9}, {0, 1}, {0, 0});
    const TensorId known = n.binary(BinaryKind::add, rows, n.embedding(steps, 5, width),
                                    {1, patches, width}, {0, width, 1}, {0, width, 1});
    const TensorId all = n.concat({n.constant({1, 1, width}, 1.0F), known}, 1, line);
    const TensorId x =
        n.binary(BinaryKind::add, all, n.constant(line, 0.5F), line, {0, width, 1}, {0, width, 1});
    const TensorId qkv = n.linear(n.layer_norm(x, true), 3 * width, bits);
    const TensorId mixed = Attention(n, tokens, width / heads, {7, 8, true}).add(qkv);
    const TensorId y = n.add(n.linear(mixed, width, bits), x);
    const TensorId wide = n.linear(n.layer_norm(y, false), 24, bits);
    const TensorId gated = n.requantise(n.function(wide, FunctionKind::gelu), 7);
    const TensorId z = n.add(n.linear(gated, width, bits), y);
    const TensorId first = n.rearrange(z, 0, {1, width}, {0, 1});
    const TensorId scores = n.function(n.linear(first, 6, bits), FunctionKind::tanh);
    return make_setup(n.finish(n.softmax(scores, 6, 1, true), "transformer"), images);
}

}  // namespace acim
