// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/trial/engine.hpp"

namespace acim {

// One thread, one conversion after the other, no dependency: what the other engines are tested
// against.
std::unique_ptr<TrialEngine> make_reference_engine();

}  // namespace acim
