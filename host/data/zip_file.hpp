// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/data/read_file.hpp"

namespace acim {

// One file within a ZIP archive, as the central directory describes it.
struct ZipMember {
    std::string name;
    bool deflated = false;
    std::uint32_t crc = 0;
    std::uint64_t stored_bytes = 0;  // as they lie in the archive
    std::uint64_t bytes = 0;         // once they are inflated
    std::uint64_t header = 0;        // offset of the local header
};

// Reads the directory of a ZIP archive with or without the 64-bit extensions (PKWARE, APPNOTE.TXT
// 6.3), as numpy.savez writes it: stored or deflated members, no encryption, one disk. Throws
// InputError for anything else.
class ZipFile {
public:
    explicit ZipFile(std::shared_ptr<const ReadFile> file);

    const ZipMember* find(const std::string& name) const;  // null: not there

    // Where the bytes of a member begin. Checks that they lie within the archive.
    std::uint64_t data_offset(const ZipMember& member) const;
    // Reads a stored member once and compares its checksum.
    void check_stored(const ZipMember& member) const;
    // The inflated bytes of a deflated member. Memory grows with what the stream really holds; no
    // more than `bytes` are inflated. Throws InputError for another size or checksum.
    std::vector<std::byte> inflate(const ZipMember& member) const;

private:
    struct Directory;
    std::vector<std::byte> bytes_at(std::uint64_t offset, std::uint64_t count) const;
    Directory find_directory() const;
    // The 64-bit extra field holds those sizes that do not fit 32 bits. False where it is damaged.
    static bool read_wide_sizes(const std::vector<std::byte>& directory, std::size_t at,
                                std::size_t end, ZipMember& member);
    void read_member(const std::vector<std::byte>& directory, std::size_t& at);
    [[noreturn]] void fail(const std::string& problem) const;

    std::shared_ptr<const ReadFile> file_;
    std::vector<ZipMember> members_;
};

}  // namespace acim
