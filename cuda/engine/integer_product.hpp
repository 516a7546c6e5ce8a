// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <string>

#include "cuda/engine/product_kernel.hpp"

namespace acim {

// Exact products of bytes by cuBLAS where its library is on the machine, else by the engine's own
// kernel: the same integers. The library is opened at run time, so that the program starts without
// it. One object a lane.
class IntegerProduct {
public:
    explicit IntegerProduct(bool allow_library = true);
    ~IntegerProduct();
    IntegerProduct(const IntegerProduct&) = delete;
    IntegerProduct& operator=(const IntegerProduct&) = delete;

    void run(const ByteProduct& product, cudaStream_t stream);

private:
    struct Library;
    std::unique_ptr<Library> library_;  // null: own kernel
};

// For people: "cuBLAS 13.0" or "own kernel".
std::string integer_product_name();

}  // namespace acim
