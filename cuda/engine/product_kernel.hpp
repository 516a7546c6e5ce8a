// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

// Exact integer products of signed bytes: what layers without conversions are, and what every
// analog layer is compared with.
namespace acim {

// out[g][m][n] = sum over k of a[g][m][k] * b[g][n][k], lines of `depth` bytes; |sum| < 2^31.
struct ByteProduct {
    const std::int8_t* a = nullptr;
    const std::int8_t* b = nullptr;
    std::int32_t* out = nullptr;
    int batches = 1, rows = 0, depth = 0;
    std::int64_t columns = 0;
};

// Steps of the sizes, by padding. Few rows (depthwise convolution) are not padded and take a kernel
// without tensor cores.
inline constexpr int product_column_step = 64, product_depth_step = 32;
inline constexpr int padded_product_rows(int rows) {
    return rows < 16 ? rows : (rows + 31) / 32 * 32;
}

void launch_byte_product(const ByteProduct& product, cudaStream_t stream);

// The same with rows of every slot: out[head][m][slot*pixels + p] = sum over k of
// a[slot][head][m][k] * b[head][slot*pixels + p][k]. A head has `stride` columns.
struct StoredProduct {
    const std::int8_t* a = nullptr;
    const std::int8_t* b = nullptr;
    std::int32_t* out = nullptr;
    int heads = 1, rows = 0, depth = 0, pixels = 0;
    std::int64_t slots = 0, stride = 0;
};
void launch_stored_product(const StoredProduct& product, cudaStream_t stream);

}  // namespace acim
