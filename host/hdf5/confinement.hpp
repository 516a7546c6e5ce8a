// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace acim::hdf5 {

// Sanitizers reserve terabytes of addresses, and open pipes and files at any time: under them neither
// memory nor system calls are limited.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif
#else
inline constexpr bool is_sanitized = false;
#endif

// What a child process gives up, one after the other, before it lets the HDF5 library touch a file
// that somebody else may have written.
class Confinement {
public:
    static constexpr int socket = 3;  // where the one connection lies after keep_descriptors()

    // Signals act as at the start of a program; those that a terminal or a scheduler sends to all
    // processes of a run are for the parent.
    static void reset_signals();
    // Closes all but the connection and the file under the path, if any; standard streams lead
    // nowhere. Returns a path of the file that still leads there.
    static std::string keep_descriptors(int connection, const std::string& path);
    // Address space in use + 512 MiB + twice the file + `byte_cap`, no core, first choice where the
    // system runs out of memory.
    static void limit_memory(std::uint64_t file_bytes, std::uint64_t byte_cap);
    // No file is opened from now on: a file can name others, to be read in its place.
    static void forbid_opening();
    // Processor time of 5 s and what a slow disk and deflate need, 20 MB/s, from now on.
    static void renew_time(std::uint64_t bytes);
};

}  // namespace acim::hdf5
