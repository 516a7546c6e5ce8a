// SPDX-License-Identifier: Apache-2.0
// The library that the stand-in cublas_v2.h declares: int8 x int8 -> int32 for transposed A and plain
// B, which is all that cuBLAS has fast kernels for.
#include <cublas_v2.h>

#include <cstdint>

namespace {

// cuBLAS documentation, "cublasGemmEx": sizes of a line and addresses of integer products.
constexpr int alignment = 4;

bool aligned(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory) % alignment == 0;
}

std::int32_t dot(const std::int8_t* a, const std::int8_t* b, int k) {
    std::int32_t sum = 0;
    for (int i = 0; i < k; ++i) sum += a[i] * b[i];
    return sum;
}

}  // namespace

struct cublasContext {};

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
    *handle = new cublasContext;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t) {
    return handle == nullptr ? CUBLAS_STATUS_NOT_INITIALIZED : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int* version) {
    *version = 10000 * CUBLAS_VER_MAJOR + 100 * CUBLAS_VER_MINOR;
    return handle == nullptr ? CUBLAS_STATUS_NOT_INITIALIZED : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const void* alpha, const void* A, cudaDataType Atype, int lda, long long strideA, const void* B,
    cudaDataType Btype, int ldb, long long strideB, const void* beta, void* C, cudaDataType Ctype,
    int ldc, long long strideC, int batchCount, cublasComputeType_t computeType, cublasGemmAlgo_t) {
    if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (m < 0 || n < 0 || k < 0 || batchCount < 0 || lda < k || ldb < k || ldc < m)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (transa != CUBLAS_OP_T || transb != CUBLAS_OP_N || Atype != CUDA_R_8I ||
        Btype != CUDA_R_8I || Ctype != CUDA_R_32I || computeType != CUBLAS_COMPUTE_32I ||
        lda % alignment != 0 || ldb % alignment != 0 || !aligned(A) || !aligned(B) || !aligned(C))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    const std::int32_t scale = *static_cast<const std::int32_t*>(alpha);
    const std::int32_t keep = *static_cast<const std::int32_t*>(beta);
    for (long long batch = 0; batch < batchCount; ++batch) {
        const auto* a = static_cast<const std::int8_t*>(A) + batch * strideA;
        const auto* b = static_cast<const std::int8_t*>(B) + batch * strideB;
        auto* c = static_cast<std::int32_t*>(C) + batch * strideC;
        for (long long column = 0; column < n; ++column)
            for (long long row = 0; row < m; ++row) {
                std::int32_t& out = c[column * ldc + row];
                const std::int32_t before = keep == 0 ? 0 : keep * out;
                out = scale * dot(a + row * lda, b + column * ldb, k) + before;
            }
    }
    return CUBLAS_STATUS_SUCCESS;
}
