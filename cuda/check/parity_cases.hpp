// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"

// What every engine has to compute alike: small networks under every error model. The scalar
// reference engine runs all cases in less than a minute.
namespace acim {

struct ParityCase {
    std::string name;  // "<network>/<point>"
    std::shared_ptr<const TrialSetup> setup;
    std::vector<WorkUnit> units;
};

std::vector<ParityCase> parity_cases();

}  // namespace acim
