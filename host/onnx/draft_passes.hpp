// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/draft.hpp"

namespace acim::onnx_import {

// Folds scalar factors in front of a product of two computed tensors into its factor.
void fold_factors(Draft& draft);

// Folds an affine map (BatchNormalization, Add of a bias) into the product or affine map in front of
// it, if that has no other reader and the channels stand on the same axis.
void fold_affine(Draft& draft);

// An affine map that the engine has not in this form (another axis, no leading axis of 1) becomes
// elementwise operators with constants.
void spread_affine(Draft& draft);

// Gives products the quantisation that the file states in front of them. The product then reads the
// unrounded values, as it rounds by itself.
void state_quantisation(Draft& draft);

// Joins views that follow each other or stand beside a Rearrange, and removes those that change
// nothing.
void merge_views(Draft& draft);

}  // namespace acim::onnx_import
