// SPDX-License-Identifier: Apache-2.0
#include <cublas_v2.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace acim {
namespace {

template <class Function>
Function* function(const char* name) {
    static void* const library = dlopen("libcublas.so.0", RTLD_NOW | RTLD_LOCAL);
    return library == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(library, name));
}

TEST(Cublas, MultipliesABatchOfBytes) {
    const auto create = function<decltype(cublasCreate_v2)>("cublasCreate_v2");
    const auto destroy = function<decltype(cublasDestroy_v2)>("cublasDestroy_v2");
    const auto product =
        function<decltype(cublasGemmStridedBatchedEx)>("cublasGemmStridedBatchedEx");
    ASSERT_TRUE(create != nullptr && destroy != nullptr && product != nullptr) << dlerror();

    constexpr int m = 5, n = 3, k = 7, line = 8, tall = 6, batches = 2;
    std::mt19937 draw(3);
    std::vector<std::int8_t> a(batches * m * line), b(batches * n * line);
    for (auto& x : a) x = static_cast<std::int8_t>(draw());
    for (auto& x : b) x = static_cast<std::int8_t>(draw());
    std::vector<std::int32_t> c(batches * n * tall, 10), expected = c;
    for (int i = 0; i < batches * n * m; ++i) {
        const int batch = i / (n * m), column = i / m % n, row = i % m;
        std::int32_t sum = 0;
        for (int x = 0; x < k; ++x)
            sum += a[(batch * m + row) * line + x] * b[(batch * n + column) * line + x];
        expected[(batch * n + column) * tall + row] = 2 * sum - 10;
    }
    const std::int32_t alpha = 2, beta = -1;
    cublasHandle_t handle = nullptr;
    ASSERT_EQ(create(&handle), CUBLAS_STATUS_SUCCESS);
    auto multiply = [&](int line_of_a) {
        return product(handle, CUBLAS_OP_T, CUBLAS_OP_N, m, n, k, &alpha, a.data(), CUDA_R_8I,
                       line_of_a, m * line, b.data(), CUDA_R_8I, line, n * line, &beta, c.data(),
                       CUDA_R_32I, tall, n * tall, batches, CUBLAS_COMPUTE_32I,
                       CUBLAS_GEMM_DEFAULT);
    };
    EXPECT_EQ(multiply(7), CUBLAS_STATUS_NOT_SUPPORTED);
    EXPECT_EQ(multiply(line), CUBLAS_STATUS_SUCCESS);
    EXPECT_EQ(c, expected);
    EXPECT_EQ(destroy(handle), CUBLAS_STATUS_SUCCESS);
}

}  // namespace
}  // namespace acim
