// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "host/store/run_directory.hpp"
#include "host/store/segment_file.hpp"
#include "host/store/stored_trial.hpp"

namespace acim {

// When finished trials become a segment: whichever comes first.
struct FlushPolicy {
    std::size_t trials = 256;
    std::chrono::milliseconds interval{10000};  // since the oldest trial that waits
    std::size_t fold_files = 64;                // so many segments of a writer become one
    std::uintmax_t fold_bytes = 64 << 20;       // unless that would be larger than this
};

// Collects finished trials and puts them into segments. A trial is reported complete when its
// segment has been renamed: from then on it survives kill -9 and power loss. Files are called
// seg-<shard>-<token>-<n>.h5; the token is unique to this object, so nobody else writes them. When
// they are many, they are folded into one: the new file is durable before the old ones go, so a
// kill in between leaves trials twice and equal, and a failure leaves the old ones.
// Safe to call from several threads. The destructor does not flush: what was never reported
// complete is run again.
class SegmentWriter {
public:
    SegmentWriter(const RunDirectory& directory, const std::string& shard, FlushPolicy policy = {});

    // Each returns how many trials are complete so far. StorageError when the disk fails: the
    // trials stay here, and a later flush() tries again.
    std::uint64_t append(StoredTrial trial);
    std::uint64_t flush_if_due();
    std::uint64_t flush();

    std::uint64_t complete() const;
    std::size_t waiting() const;
    const std::string& token() const { return token_; }

private:
    struct OwnFile {
        std::filesystem::path path;
        std::uintmax_t bytes = 0;
    };

    std::uint64_t flush_locked();
    bool due() const;
    OwnFile write(std::span<const StoredTrial> trials);
    void fold(std::size_t level);
    bool fold_into_next(const std::vector<OwnFile>& files, std::size_t level);

    const std::filesystem::path folder_;
    const SegmentOrigin origin_;
    const std::string stem_;
    const std::string token_;
    const FlushPolicy policy_;
    mutable std::mutex mutex_;
    std::vector<StoredTrial> waiting_;
    std::chrono::steady_clock::time_point oldest_;
    std::uint64_t complete_ = 0;
    std::uint64_t files_ = 0;
    std::vector<std::vector<OwnFile>> levels_;  // own segments by how often they were folded
};

}  // namespace acim
