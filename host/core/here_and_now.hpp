// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace acim {

// For people and records only: nothing of it may reach results.
std::string utc_now();    // ISO 8601, to the second
std::string host_name();  // "unknown" where the system does not say

}  // namespace acim
