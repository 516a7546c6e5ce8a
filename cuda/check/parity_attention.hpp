// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/check/parity_network.hpp"

// Networks with products of two computed tensors.
namespace acim {

// Attention of 9 tokens with 2 heads straight from the image, both products on the array, then
// logits. `bits` are those of both products' operands.
std::shared_ptr<TrialSetup> attention(const OperandBits& bits);

// The same with logits for each of the tokens: a network of 9 positions.
std::shared_ptr<TrialSetup> decoder();

// A transformer block with all that stands around attention: patches, class token, positions, layer
// norms, GELU; and an embedding of pixels.
std::shared_ptr<TrialSetup> transformer();

}  // namespace acim
