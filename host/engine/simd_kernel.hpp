// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cuda/trial/product_kernel.hpp"

namespace acim {

// The product kernel of the CPU engine. Settings that its 16-bit lanes cannot hold run on the
// reference kernel; the integers are the same.
std::unique_ptr<ProductKernel> make_simd_kernel();

}  // namespace acim
