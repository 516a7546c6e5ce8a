// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/trial/product_kernel.hpp"

namespace acim {

// The product on AiDAC macros, plan.macro.kind == aidac. It serves every engine on a CPU: with one
// conversion per output and span there is little to gain from more than contiguous rows. Observers
// see sum x_u*w_u of the array's 8-bit operands over the span, at most 32768 * 255^2, as s.
std::unique_ptr<ProductKernel> make_aidac_kernel(ConversionObserver* observer = nullptr);

}  // namespace acim
