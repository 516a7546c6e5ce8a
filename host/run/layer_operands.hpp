// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cuda/model/macro/params.hpp"
#include "cuda/trial/network.hpp"
#include "cuda/trial/product_kernel.hpp"

namespace acim {

// The products that `acimsweep mac` knows (SPEC section 2).
enum class LayerOperation : std::uint8_t {
    convolution,      // x [B, C, H, W], w [N, C/groups, kh, kw]
    linear,           // x [..., K], w [N, K]
    query_key,        // q [..., Tq, d] are the weights, k [..., Tk, d] the inputs; y [..., Tq, Tk]
    attention_value,  // a [..., Tq, Tk] are the inputs, v [..., Tk, n] the weights; y [..., Tq, n]
};

std::string to_string(LayerOperation operation);

// The integer operands of one layer, checked. An image is one index of the leading axis; its
// product falls into parts that share nothing: convolution groups or attention heads.
struct LayerOperands {
    LayerOperation operation = LayerOperation::linear;
    bool is_signed = false;  // activations
    ConvGeometry conv;       // convolution only
    int images = 1;
    int parts = 1;    // of one image
    int outputs = 0;  // M of one part
    int pixels = 0;   // columns of inputs of one part
    int depth = 0;    // K of one part
    // [parts][outputs][depth], for attention [images][parts][outputs][depth]
    std::vector<std::int8_t> weights;
    // [images][C][H][W] for a convolution, else [images][parts][pixels][depth]
    std::vector<std::int16_t> inputs;
    std::vector<std::uint64_t> output_shape;  // of all images

    bool is_attention() const { return operation >= LayerOperation::query_key; }
    std::int64_t elements() const { return std::int64_t{parts} * outputs * pixels; }  // an image
    LayerShape shape() const;
    // Where the outputs of a part lie in the output tensor of one image.
    OutputMap output_map(int part) const;
    // Weights of a part [outputs][depth]; attention has its own in every image.
    std::span<const std::int8_t> part_weights(int image, int part) const;
    // Inputs of a part [pixels][depth]; windows of a convolution are laid side by side in `rows`.
    std::span<const std::int16_t> part_inputs(int image, int part,
                                              std::vector<std::int16_t>& rows) const;
};

// Reads the operands from an HDF5 file (docs/mac.md) and checks them against the bits of the
// settings. Throws InputError naming the file, the dataset or attribute, the index and the value.
LayerOperands read_layer_operands(const std::filesystem::path& file, const LayerSettings& settings);

}  // namespace acim
