// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace acim {

// A regular file that is read by range and watched for changes. Several threads may read.
class ReadFile {
public:
    // Throws InputError where it cannot be opened; `kind` says what is wanted ("an IDX file").
    ReadFile(const std::string& path, const std::string& kind);
    ~ReadFile();
    ReadFile(const ReadFile&) = delete;
    ReadFile& operator=(const ReadFile&) = delete;

    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }

    // Fills `out` from the offset on; the range must lie within size(). StorageError where the disk
    // fails, or where the file has another size or time of change than when it was opened: what was
    // computed so far belongs to the old content, and no later result may be mixed with it.
    void read(std::uint64_t offset, std::span<std::byte> out) const;

private:
    std::string path_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
    std::int64_t seconds_ = 0;  // time of the last change
    std::int64_t nanoseconds_ = 0;
};

}  // namespace acim
