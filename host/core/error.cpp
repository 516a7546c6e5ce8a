// SPDX-License-Identifier: Apache-2.0
#include "host/core/error.hpp"

namespace acim {

void fail_contract(const char* expression, const char* file, int line) {
    throw ContractError(std::string(file) + ":" + std::to_string(line) +
                        ": broken contract: " + expression);
}

}  // namespace acim
