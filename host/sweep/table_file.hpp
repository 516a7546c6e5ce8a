// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "cuda/model/macro/params.hpp"
#include "host/sweep/value.hpp"

// Measured tables in files, CSV or HDF5. A table that was read stays for the rest of the process
// under the hash of its content, because a point that is made again must see the same numbers even
// if the file has changed. The value of such a key is {"file": as written, "sha256": hash} or null.
namespace acim {

inline constexpr std::size_t most_table_values = 1'000'000;

// Reads INL of code edges: columns `edge` = 1, 2, .. 2^B-1 and `inl_lsb`, or `adc0`, `adc1`, ... for
// several ADCs; in HDF5 the dataset `inl_lsb` [adcs][edges]. Throws InputError.
nlohmann::json read_edge_table(const std::filesystem::path& file, const std::string& written,
                               const ValuePlace& where);

// Reads errors of conversions: columns `sum`, `mean_lsb`, `sigma_lsb`, or datasets of these names.
nlohmann::json read_error_table(const std::filesystem::path& file, const std::string& written,
                                const ValuePlace& where);

// The table that a value stands for; null for null.
std::shared_ptr<const AdcEdgeTable> edge_table(const nlohmann::json& value);
std::shared_ptr<const MeasuredErrorTable> error_table(const nlohmann::json& value);

}  // namespace acim
