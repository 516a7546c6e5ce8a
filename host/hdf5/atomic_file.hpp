// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace acim {

// Puts the bytes under the path so that a reader sees the old file or the whole new one, and so
// that the file survives a power loss once this returns: a new temporary file in the same directory
// (name: ".<file>.<random>.tmp"), write, fsync, close, rename, fsync of the directory; each checked.
// StorageError with path, reason and advice; then the temporary file is gone and the old one intact.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

// The whole file. InputError when it is missing, StorageError when reading fails.
std::vector<std::byte> read_whole_file(const std::filesystem::path& path);

// Creates the directory and its parents and makes them durable. StorageError when it cannot.
void create_directories_durably(const std::filesystem::path& path);

// Makes the names in the directory durable, whoever put them there. StorageError when it cannot.
void sync_directory(const std::filesystem::path& directory);

// A name part that no other process or attempt uses: 16 hexadecimal digits from the system.
std::string unique_token();

}  // namespace acim
