// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/integer_product.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "cuda/engine/runtime.hpp"

// cuBLAS is a package of its own beside the compiler; where it was not there, the own kernel serves.
#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>

namespace acim {
namespace {

constexpr int alignment = 4;  // of sizes and lines of cuBLAS's integer products

// Of two overloads the one with a computeType of its own.
using ProductFunction = cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t,
                                           int, int, int, const void*, const void*, cudaDataType,
                                           int, long long, const void*, cudaDataType, int,
                                           long long, const void*, void*, cudaDataType, int,
                                           long long, int, cublasComputeType_t, cublasGemmAlgo_t);

// The functions of cuBLAS that the engine calls.
struct CublasFunctions {
    decltype(&cublasCreate_v2) create = nullptr;
    decltype(&cublasDestroy_v2) destroy = nullptr;
    decltype(&cublasSetStream_v2) set_stream = nullptr;
    decltype(&cublasGetVersion_v2) version = nullptr;
    ProductFunction product = nullptr;

    bool complete() const {
        return create != nullptr && destroy != nullptr && set_stream != nullptr &&
               version != nullptr && product != nullptr;
    }
};

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
}

// Where the loader finds it, else in the toolkit's folder. It stays open until the process ends, as
// the CUDA runtime wants it.
void* open_library() {
    const std::string name = "libcublas.so." + std::to_string(CUBLAS_VER_MAJOR);
    if (void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    const char* home = std::getenv("CUDA_HOME");
    const std::string toolkit = home != nullptr && *home != '\0' ? home : "/usr/local/cuda";
    return dlopen((toolkit + "/lib64/" + name).c_str(), RTLD_NOW | RTLD_LOCAL);
}

CublasFunctions open_cublas() {
    CublasFunctions f;
    void* library = open_library();
    if (library == nullptr) return f;
    find(library, "cublasCreate_v2", f.create);
    find(library, "cublasDestroy_v2", f.destroy);
    find(library, "cublasSetStream_v2", f.set_stream);
    find(library, "cublasGetVersion_v2", f.version);
    find(library, "cublasGemmStridedBatchedEx", f.product);
    return f;
}

const CublasFunctions& cublas() {
    static const CublasFunctions functions = open_cublas();
    return functions;
}

void check_cublas(cublasStatus_t status, const char* what) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    const bool memory = status == CUBLAS_STATUS_ALLOC_FAILED;
    throw DeviceError(
        memory ? cudaErrorMemoryAllocation : cudaErrorUnknown,
        std::string(what) + ": cuBLAS reports status " + std::to_string(static_cast<int>(status)));
}

}  // namespace

struct IntegerProduct::Library {
    cublasHandle_t handle = nullptr;

    Library() = default;
    ~Library() {
        if (handle != nullptr) cublas().destroy(handle);
    }
    bool open() { return cublas().create(&handle) == CUBLAS_STATUS_SUCCESS; }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    static bool takes(const ByteProduct& p) {
        return p.rows % alignment == 0 && p.depth % alignment == 0 && p.columns % alignment == 0 &&
               p.columns <= std::numeric_limits<int>::max();
    }

    // cuBLAS counts by columns: its m are our columns n, its n our rows, both factors transposed
    // as its integer kernels want it.
    // False where the library does not take the product after all.
    bool run(const ByteProduct& p, cudaStream_t stream) {
        check_cublas(cublas().set_stream(handle, stream), "cublasSetStream");
        const std::int32_t one = 1, zero = 0;
        const auto n = static_cast<int>(p.columns);
        const cublasStatus_t status = cublas().product(
            handle, CUBLAS_OP_T, CUBLAS_OP_N, n, p.rows, p.depth, &one, p.b, CUDA_R_8I, p.depth,
            p.columns * p.depth, p.a, CUDA_R_8I, p.depth, static_cast<long long>(p.rows) * p.depth,
            &zero, p.out, CUDA_R_32I, n, p.columns * p.rows, p.batches, CUBLAS_COMPUTE_32I,
            CUBLAS_GEMM_DEFAULT);
        // What it refuses without having begun.
        if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE ||
            status == CUBLAS_STATUS_ARCH_MISMATCH)
            return false;
        check_cublas(status, "integer product");
        return true;
    }
};

IntegerProduct::IntegerProduct(bool allow_library) {
    if (!allow_library || !cublas().complete()) return;
    library_ = std::make_unique<Library>();
    if (!library_->open()) library_.reset();  // no memory for it, say: the own kernel needs none
}

IntegerProduct::~IntegerProduct() = default;

void IntegerProduct::run(const ByteProduct& product, cudaStream_t stream) {
    if (library_ && Library::takes(product) && library_->run(product, stream)) return;
    launch_byte_product(product, stream);
}

std::string integer_product_name() {
    if (!cublas().complete()) return "own kernel";
    return "cuBLAS " + std::to_string(CUBLAS_VER_MAJOR) + "." + std::to_string(CUBLAS_VER_MINOR);
}

}  // namespace acim

#else

namespace acim {

struct IntegerProduct::Library {};

IntegerProduct::IntegerProduct(bool) {}

IntegerProduct::~IntegerProduct() = default;

void IntegerProduct::run(const ByteProduct& product, cudaStream_t stream) {
    launch_byte_product(product, stream);
}

std::string integer_product_name() { return "own kernel"; }

}  // namespace acim

#endif
