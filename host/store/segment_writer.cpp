// SPDX-License-Identifier: Apache-2.0
#include "host/store/segment_writer.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

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
void expect_sound(const StoredTrial& trial, const SegmentOrigin& origin) {
    const TrialResult& result = trial.result;
    ACIM_EXPECT(!trial.point_id.empty());
    ACIM_EXPECT(result.unit.images > 0);
    const std::size_t items = std::size_t{result.unit.images} * origin.positions;
    ACIM_EXPECT(result.correct_bits.size() == (items + 7) / 8);
    ACIM_EXPECT(result.predictions.size() == (origin.predictions ? items : 0));
    ACIM_EXPECT(counts_fit(result, items));
}

}  // namespace

SegmentWriter::SegmentWriter(const RunDirectory& directory, const std::string& shard,
                             FlushPolicy policy)
    : folder_(directory.segments()),
      origin_(origin_of(directory.plan())),
      stem_("seg-" + file_name_part(shard)),
      token_(unique_token()),
      policy_(policy) {}

std::uint64_t SegmentWriter::append(StoredTrial trial) {
    expect_sound(trial, origin_);
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
    const OwnFile file = write(waiting_);
    complete_ += waiting_.size();
    waiting_.clear();
    levels_.resize(std::max<std::size_t>(levels_.size(), 1));
    levels_[0].push_back(file);
    fold(0);
    return complete_;
}

SegmentWriter::OwnFile SegmentWriter::write(std::span<const StoredTrial> trials) {
    const auto path = folder_ / fmt::format("{}-{}-{}.h5", stem_, token_, files_);
    const std::vector<std::byte> bytes = encode_segment(origin_, trials);
    write_file_atomically(path, bytes);
    files_ += 1;
    return {path, bytes.size()};
}

void SegmentWriter::fold(std::size_t level) {
    if (levels_[level].size() < policy_.fold_files) {
        return;
    }
    const std::vector<OwnFile> files = std::exchange(levels_[level], {});
    if (fold_into_next(files, level)) {
        for (const OwnFile& file : files) {
            std::error_code gone;
            std::filesystem::remove(file.path, gone);
        }
        fold(level + 1);
    }
}

// False where they stay as they are: they would be too large together, or the disk fails, which the
// next segment reports if it still does.
bool SegmentWriter::fold_into_next(const std::vector<OwnFile>& files, std::size_t level) {
    std::uintmax_t bytes = 0;
    for (const OwnFile& file : files) {
        bytes += file.bytes;
    }
    if (bytes > policy_.fold_bytes) {
        return false;
    }
    try {
        std::vector<StoredTrial> trials;
        for (const OwnFile& file : files) {
            Segment segment = read_segment(file.path);
            std::move(segment.trials.begin(), segment.trials.end(), std::back_inserter(trials));
        }
        levels_.resize(std::max(levels_.size(), level + 2));
        levels_[level + 1].push_back(write(trials));
        return true;
    } catch (const StorageError&) {
        return false;
    } catch (const InputError&) {
        return false;
    }
}

}  // namespace acim
