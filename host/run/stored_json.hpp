// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "host/hdf5/atomic_file.hpp"

namespace acim {

// An object that is kept in a folder of the run directory, or null: where the folder is empty, the
// file is missing or holds something else. Callers check what is in it; making it anew gives the same.
inline nlohmann::json stored_object(const std::filesystem::path& folder, const std::string& name) {
    if (folder.empty() || !std::filesystem::exists(folder / name)) return nullptr;
    const auto bytes = read_whole_file(folder / name);
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    nlohmann::json value = nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
    return value.is_object() ? value : nlohmann::json();
}

}  // namespace acim
