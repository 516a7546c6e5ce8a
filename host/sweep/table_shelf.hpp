// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/sweep/value.hpp"

// What readers of measured files have in common.
namespace acim {

// Tables by the hash of their content.
template <class Table>
class TableShelf {
public:
    void put(Table table) {
        const std::lock_guard lock(mutex_);
        const std::string hash = table.hash;
        tables_.try_emplace(hash, std::make_shared<const Table>(std::move(table)));
    }
    std::shared_ptr<const Table> take(const nlohmann::json& value) const {
        if (value.is_null()) return nullptr;
        const std::lock_guard lock(mutex_);
        const auto found = tables_.find(value.at("sha256").get<std::string>());
        ACIM_EXPECT(found != tables_.end());
        return found->second;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const Table>> tables_;
};

// Little-endian doubles, as on every supported host.
inline void hash_values(Sha256& hash, const std::vector<double>& values) {
    hash.update(std::as_bytes(std::span(values)));
}

inline void expect_file(const std::filesystem::path& file) {
    std::error_code none;
    if (std::filesystem::is_regular_file(file, none)) return;
    throw InputError(file.string() + ": there is no such file. Check the path.");
}

// The messages of the file, with the key that names it in front.
template <class Load>
auto load_for(const ValuePlace& where, Load&& load) {
    try {
        return load();
    } catch (const InputError& error) {
        throw InputError(fmt::format("{}: {}: {}", where.place, where.subject, error.what()));
    }
}

}  // namespace acim
