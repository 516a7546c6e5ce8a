// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace acim {

// A time limit as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
// days-hours:minutes, days-hours:minutes:seconds; "" and UNLIMITED are none. Any other text is an
// InputError. [s]
std::optional<std::uint64_t> time_limit_seconds(const std::string& text);

// How long before the limit a task is told of it, so that it can store what it has and be queued
// again: two minutes, less where the whole limit is below ten. [s]
std::uint64_t warning_seconds(const std::optional<std::uint64_t>& limit);

// "hours:minutes:seconds".
std::string clock_text(std::uint64_t seconds);

}  // namespace acim
