// SPDX-License-Identifier: Apache-2.0
#include "host/engine/engine_choice.hpp"

#include <string>

#include "cuda/engine/cuda_engine.hpp"
#include "host/core/error.hpp"
#include "host/engine/cpu_engine.hpp"

namespace acim {

EngineChoice engine_choice(std::string_view word) {
    if (word == "auto") return EngineChoice::automatic;
    if (word == "cpu") return EngineChoice::cpu;
    if (word == "cuda") return EngineChoice::cuda;
    throw InputError("--engine " + std::string(word) + ": expected auto, cpu or cuda");
}

EngineChoice available_engine(EngineChoice choice) {
    if (choice == EngineChoice::cpu) return choice;
    const CudaStatus status = cuda_status();
    if (!status.devices.empty()) return EngineChoice::cuda;
    if (choice == EngineChoice::automatic) return EngineChoice::cpu;
    throw InputError("--engine cuda: " + status.missing +
                     ". --engine cpu gives the same bytes without a GPU");
}

std::unique_ptr<TrialEngine> make_engine(EngineChoice choice, int threads) {
    if (available_engine(choice) == EngineChoice::cpu) return make_cpu_engine(threads);
    try {
        return make_cuda_engine();
    } catch (const EngineFailure&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw EngineFailure(std::string("the CUDA engine does not start: ") + error.what());
    }
}

}  // namespace acim
