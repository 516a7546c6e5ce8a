// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "cuda/model/macro/params.hpp"
#include "host/sweep/value.hpp"

// Measured chips in HDF5 files. As with measured tables, a file that was read stays for the rest of
// the process under the hash of its content, and the value of the key is {"file": as written,
// "sha256": hash} or null.
namespace acim {

inline constexpr std::uint64_t most_chip_values = std::uint64_t{8} << 20;  // 64 MiB of doubles

// Reads the datasets that docs/sweep_format.md lists; every one may be absent, but not all. Throws
// InputError.
nlohmann::json read_chip_file(const std::filesystem::path& file, const std::string& written,
                              const ValuePlace& where);

std::shared_ptr<const MeasuredChip> chip_file(const nlohmann::json& value);

}  // namespace acim
