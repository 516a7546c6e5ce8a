// SPDX-License-Identifier: Apache-2.0
#include "host/store/segment_writer.hpp"

#include <bit>
#include <cctype>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim {

namespace {

std::string file_name_part(std::string text) {
    for (char& c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            c = '_';
        }
    }
    return text;
}

// What later readers rely on; a broken engine must not fill the store.
void expect_sound(const StoredTrial& trial) {
    const TrialResult& result = trial.result;
    ACIM_EXPECT(!trial.point_id.empty());
    ACIM_EXPECT(result.unit.images > 0);
    ACIM_EXPECT(result.correct_bits.size() == (std::size_t{result.unit.images} + 7) / 8);
    std::uint32_t ones = 0;
    for (const std::uint8_t byte : result.correct_bits) {
        ones += static_cast<std::uint32_t>(std::popcount(byte));
    }
    ACIM_EXPECT(ones == result.correct && result.correct <= result.unit.images);
    ACIM_EXPECT(result.agree <= result.unit.images);
}

}  // namespace

SegmentWriter::SegmentWriter(const RunDirectory& directory, const std::string& shard,
                             FlushPolicy policy)
    : folder_(directory.segments()),
      origin_{directory.plan().seed, directory.plan().model_version, directory.plan().data_hash},
      stem_("seg-" + file_name_part(shard)),
      token_(unique_token()),
      policy_(policy) {}

std::uint64_t SegmentWriter::append(StoredTrial trial) {
    expect_sound(trial);
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
        oldest_ = std::chrono::steady_clock::now();
    }
    trial.result.unit.point = 0;
    waiting_.push_back(std::move(trial));
    return due() ? flush_locked() : complete_;
}

std::uint64_t SegmentWriter::flush_if_due() {
    const std::lock_guard lock(mutex_);
    return due() ? flush_locked() : complete_;
}

std::uint64_t SegmentWriter::flush() {
    const std::lock_guard lock(mutex_);
    return flush_locked();
}

std::uint64_t SegmentWriter::complete() const {
    const std::lock_guard lock(mutex_);
    return complete_;
}

std::size_t SegmentWriter::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

bool SegmentWriter::due() const {
    return !waiting_.empty() && (waiting_.size() >= policy_.trials ||
                                 std::chrono::steady_clock::now() - oldest_ >= policy_.interval);
}

std::uint64_t SegmentWriter::flush_locked() {
    if (waiting_.empty()) {
        return complete_;
    }
    const auto path = folder_ / fmt::format("{}-{}-{}.h5", stem_, token_, files_);
    write_file_atomically(path, encode_segment(origin_, waiting_));
    complete_ += waiting_.size();
    files_ += 1;
    waiting_.clear();
    return complete_;
}

}  // namespace acim
