// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"

// Networks made in code: weights come from mt19937, whose output the standard fixes, scales from a
// run of the network so far, so that activations spread over their quantiser.
namespace acim {

// Random images [C, H, W]; one value in eight is exactly 0.
class RandomImages : public ImageSource {
public:
    struct Look {
        std::vector<int> shape;  // [C, H, W]
        bool is_signed = false;  // values in [-1, 1] instead of [0, 1]
        int classes = 2;         // of the labels
        int positions = 1;       // labels of an image
    };

    RandomImages(const Look& look, std::uint32_t count, unsigned seed);

    std::uint32_t count() const override { return count_; }
    std::vector<int> image_shape() const override { return look_.shape; }
    void read(std::uint32_t first, std::uint32_t images, float* out) const override;
    std::int32_t label(std::uint32_t item) const override { return labels_[item]; }

private:
    Look look_;
    std::uint32_t count_ = 0;
    std::size_t elements_ = 1;
    std::vector<float> values_;
    std::vector<std::int32_t> labels_;
};

// A convolution's geometry but for what its input says.
struct ConvSpec {
    int outputs = 1;
    int kernel_height = 3, kernel_width = 3;
    int stride_height = 1, stride_width = 1;
    int dilation_height = 1, dilation_width = 1;
    int pad_top = 1, pad_left = 1, pad_bottom = 1, pad_right = 1;
    int groups = 1;

    static ConvSpec square(int outputs, int kernel, int stride = 1, int pad = 0);
};

// Widths of a product's operands.
struct OperandBits {
    int weights = 8;
    int activations = 8;
    bool is_signed = false;  // activations
};

// How the second tensor of a computed product is stored.
struct StoredSpec {
    int heads = 1;
    bool on_left = false;
};

// Adds operators one by one; every call returns the tensor that it makes.
class NetworkBuilder {
public:
    // `images` serve the calibration; `shape` is that of the input tensor, as many elements.
    NetworkBuilder(std::shared_ptr<const ImageSource> images, std::vector<int> shape,
                   unsigned seed);

    TensorId input() const { return network_.input; }
    TensorId conv(TensorId input, const ConvSpec& spec, const OperandBits& bits);
    // Over the last axis.
    TensorId linear(TensorId input, int outputs, const OperandBits& bits);
    TensorId relu(TensorId input);
    TensorId clip(TensorId input, float low, float high);
    TensorId add(TensorId a, TensorId b);
    // Random factors over axis 1, about `scale`.
    TensorId affine(TensorId input, float scale, float shift);
    TensorId max_pool(TensorId input, int kernel, int stride, int pad);
    TensorId average_pool(TensorId input, int kernel, int stride, int pad, bool count_pad);
    TensorId global_average(TensorId input);
    TensorId view(TensorId input, std::vector<int> shape);
    // Random values within +-scale.
    TensorId constant(std::vector<int> shape, float scale);
    // `extents` are the output's shape unless that is given.
    TensorId rearrange(TensorId input, int offset, std::vector<int> extents,
                       std::vector<int> strides, std::vector<int> shape = {});
    TensorId concat(std::vector<TensorId> inputs, int outer, std::vector<int> shape);
    TensorId softmax(TensorId input, int length, int inner, bool is_log);
    // Over the last axis, random parameters.
    TensorId layer_norm(TensorId input, bool is_centred);
    TensorId function(TensorId input, FunctionKind kind);
    TensorId binary(BinaryKind kind, TensorId a, TensorId b, std::vector<int> extents,
                    std::vector<int> a_strides, std::vector<int> b_strides);
    // A row of a random table for each value of the input.
    TensorId embedding(TensorId input, int rows, int width);
    // Signed.
    TensorId requantise(TensorId input, int bits);
    // Heads of products of the input and the stored tensor, both [heads][..][..].
    TensorId computed(TensorId input, TensorId stored, const StoredSpec& spec,
                      const OperandBits& bits);

    // The network whose logits are that tensor; with three axes, one vector for each position.
    std::shared_ptr<const QuantizedNetwork> finish(TensorId logits, std::string name);

private:
    const std::vector<int>& shape(TensorId t) const { return network_.tensors[t].shape; }
    TensorId new_tensor(std::vector<int> shape);
    TensorId add_product(Product product, const OperandBits& bits, std::vector<int> shape);
    std::vector<float> random_values(std::size_t count, float scale);
    PoolGeometry pool(TensorId input, int kernel, int stride, int pad) const;
    Quantisation calibrate(TensorId input, const OperandBits& bits) const;
    template <class Op>
    TensorId append(Op op, std::vector<int> shape);

    std::shared_ptr<const ImageSource> images_;
    QuantizedNetwork network_;
    std::mt19937 random_;
};

// A setup without points on that network; the reference classes, one an item, are those of its
// digital run.
std::shared_ptr<TrialSetup> make_setup(std::shared_ptr<const QuantizedNetwork> network,
                                       std::shared_ptr<const ImageSource> images);

}  // namespace acim
