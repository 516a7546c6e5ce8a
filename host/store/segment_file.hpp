// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "host/store/plan_record.hpp"
#include "host/store/stored_trial.hpp"

namespace acim {

// What all trials of a segment share beyond their keys; a segment of another origin is refused.
struct SegmentOrigin {
    std::uint64_t seed = 0;
    std::int64_t model_version = 0;
    std::string data_hash;
    std::uint32_t positions = 1;  // items of an image
    bool predictions = false;     // trials keep theirs

    friend bool operator==(const SegmentOrigin&, const SegmentOrigin&) = default;
};

// That of the trials of a plan.
SegmentOrigin origin_of(const PlanRecord& plan);

// A segment as a sealed HDF5 image (sealed_file.hpp, docs/result_format.md).
std::vector<std::byte> encode_segment(const SegmentOrigin& origin,
                                      std::span<const StoredTrial> trials);

// True where the counts are those of the bits, no bit stands behind the items and no count is above
// their number: what the writer
// promises and all readers rely on.
bool counts_fit(const TrialResult& result, std::uint64_t items);

struct Segment {
    SegmentOrigin origin;
    std::vector<StoredTrial> trials;
};

// Throws DamagedFile when the bytes are not exactly what was written, or what was written makes no
// sense (the seal shows damage, not malice); InputError for a segment of another version.
Segment read_segment(const std::filesystem::path& path);

}  // namespace acim
