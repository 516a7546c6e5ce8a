// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/run/shard.hpp"

namespace acim {

// One line about an attempt that seems to be at work on the same units of this directory: who, since
// when, and how to share the work instead. Empty where there is none: no attempt, another shard of
// the same cut, one that `status` takes for dead, or one whose process on this machine is gone.
// `own` is the token of the caller's attempt, which is passed over. Reads little and throws nothing.
std::string other_runs_line(const std::filesystem::path& run_directory, const Shard& shard,
                            std::string_view own = {});

}  // namespace acim
