// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "cuda/engine/cuda_engine.hpp"

// The factory of a build without CUDA.
namespace acim {

CudaStatus cuda_status() {
    CudaStatus status;
    status.missing =
        "this build has no CUDA engine; install the CUDA Toolkit (12.4 or later), set CUDA_HOME to "
        "it or configure with -DACIM_CUDA=ON, and build again";
    return status;
}

std::unique_ptr<TrialEngine> make_cuda_engine(const CudaEngineOptions&) {
    throw std::runtime_error(cuda_status().missing);
}

}  // namespace acim
