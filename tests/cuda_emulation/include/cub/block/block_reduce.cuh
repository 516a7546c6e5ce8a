// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stands in for CUB's header of this name: sums over all threads of a block.
#include <cuda_runtime.h>

#include <cstdint>
#include <string>

#include "tests/cuda_emulation/emulation.hpp"

namespace cub {

template <class T, int threads>
class BlockReduce {
public:
    // CUB's storage is shared memory; here every thread has its own, which only remembers its use.
    struct TempStorage {
        std::uint64_t used_at = ~std::uint64_t{0};  // barriers that the block had passed
    };

    explicit BlockReduce(TempStorage& storage) : storage_(storage) {}

    // The sum in thread 0, poison elsewhere. CUB wants a barrier before the storage is used again.
    T Sum(T value, ACIM_EMULATED_PLACE) {
        const acim::emulation::Call call{"cub::BlockReduce::Sum", {file, line}};
        if (blockDim.x * blockDim.y * blockDim.z != threads)
            acim::emulation::fail(call,
                                  "the block has not " + std::to_string(threads) + " threads");
        if (storage_.used_at == acim::emulation::barriers_passed())
            acim::emulation::fail(call, "no __syncthreads since the storage was used");
        storage_.used_at = acim::emulation::barriers_passed();
        acim::emulation::meet_block(call, &value, add);
        return value;
    }

private:
    static void add(void* const* operands, int present) {
        auto value = [&](int thread) -> T& { return *static_cast<T*>(operands[thread]); };
        T sum = value(0);
        for (int thread = 1; thread < present; ++thread) {
            sum = static_cast<T>(sum + value(thread));
            acim::emulation::poison(&value(thread), sizeof(T));
        }
        value(0) = sum;
    }

    TempStorage& storage_;
};

}  // namespace cub
