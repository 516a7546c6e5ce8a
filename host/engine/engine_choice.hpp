// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "cuda/trial/engine.hpp"

namespace acim {

enum class EngineChoice { automatic, cpu, cuda };

// "auto", "cpu" or "cuda". InputError for another word.
EngineChoice engine_choice(std::string_view word);

// What the choice stands for on this machine, cpu or cuda: automatic is CUDA where it has a device.
// InputError where cuda was asked for and there is none.
EngineChoice available_engine(EngineChoice choice);

// That engine. `threads` are the CPU engine's, 0 for every core. InputError as above; EngineFailure
// where a device that is there cannot be used.
std::unique_ptr<TrialEngine> make_engine(EngineChoice choice, int threads);

}  // namespace acim
