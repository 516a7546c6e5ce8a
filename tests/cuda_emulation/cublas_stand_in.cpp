// SPDX-License-Identifier: Apache-2.0
// A library of the name that the emulated engine opens: one function of cuBLAS in plain loops, with
// the reference BLAS's meaning of its arguments and cuBLAS's demands on integer products.
#include <cublas_v2.h>

#include <cstdint>

struct cublasContext {
    int unused;
};

namespace {

bool aligned(long long value) { return value % 4 == 0; }

}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
    *handle = new cublasContext{};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; }

cublasStatus_t cublasGetVersion_v2(cublasHandle_t, int* version) {
    *version = 100;
    return CUBLAS_STATUS_SUCCESS;
}

// C = alpha*op(A)*op(B) + beta*C, all by columns; op(A) is m x k, op(B) k x n.
cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t, cublasOperation_t op_a,
                                          cublasOperation_t op_b, int m, int n, int k,
                                          const void* alpha, const void* a, cudaDataType type_a,
                                          int lda, long long stride_a, const void* b,
                                          cudaDataType type_b, int ldb, long long stride_b,
                                          const void* beta, void* c, cudaDataType type_c, int ldc,
                                          long long stride_c, int batches,
                                          cublasComputeType_t compute, cublasGemmAlgo_t) {
    const int rows_a = op_a == CUBLAS_OP_N ? m : k, rows_b = op_b == CUBLAS_OP_N ? k : n;
    if (type_a != CUDA_R_8I || type_b != CUDA_R_8I || type_c != CUDA_R_32I ||
        compute != CUBLAS_COMPUTE_32I || lda < rows_a || ldb < rows_b || ldc < m || !aligned(m) ||
        !aligned(k) || !aligned(lda) || !aligned(ldb) || !aligned(ldc))
        return CUBLAS_STATUS_INVALID_VALUE;
    const std::int32_t scale = *static_cast<const std::int32_t*>(alpha);
    const std::int32_t keep = *static_cast<const std::int32_t*>(beta);
    for (long long batch = 0; batch < batches; ++batch) {
        const auto* x = static_cast<const std::int8_t*>(a) + batch * stride_a;
        const auto* y = static_cast<const std::int8_t*>(b) + batch * stride_b;
        auto* out = static_cast<std::int32_t*>(c) + batch * stride_c;
        for (long long j = 0; j < n; ++j)
            for (long long i = 0; i < m; ++i) {
                std::int32_t sum = 0;
                for (long long l = 0; l < k; ++l)
                    sum += x[op_a == CUBLAS_OP_N ? i + l * lda : l + i * lda] *
                           y[op_b == CUBLAS_OP_N ? l + j * ldb : j + l * ldb];
                std::int32_t& to = out[i + j * ldc];
                to = scale * sum + (keep == 0 ? 0 : keep * to);
            }
    }
    return CUBLAS_STATUS_SUCCESS;
}
}
