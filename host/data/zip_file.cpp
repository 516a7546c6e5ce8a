// SPDX-License-Identifier: Apache-2.0
#include "host/data/zip_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr std::uint32_t end_mark = 0x06054b50, end64_mark = 0x06064b50, locator_mark = 0x07064b50;
constexpr std::uint32_t member_mark = 0x02014b50, local_mark = 0x04034b50;
constexpr std::size_t end_bytes = 22, end64_bytes = 56, locator_bytes = 20;
constexpr std::size_t member_bytes = 46, local_bytes = 30;
constexpr std::uint64_t directory_limit = std::uint64_t{1} << 18;
constexpr std::size_t block = std::size_t{1} << 20;

// Little-endian unsigned number; the caller has checked the range.
std::uint64_t number(const std::vector<std::byte>& bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;)
        value = value << 8 | std::to_integer<std::uint64_t>(bytes.at(at + i));
    return value;
}

std::uint32_t crc_of(std::uint32_t crc, std::span<const std::byte> bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// A raw deflate stream.
class Inflater {
public:
    Inflater() { ACIM_EXPECT(inflateInit2(&stream_, -MAX_WBITS) == Z_OK); }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    void give(std::span<const std::byte> in) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
    }
    bool wants_input() const { return stream_.avail_in == 0; }
    bool ended() const { return ended_; }
    // The number of bytes put into `out`; -1 for a damaged stream.
    std::ptrdiff_t take(std::span<std::byte> out) {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        const int code = ::inflate(&stream_, Z_NO_FLUSH);
        ended_ = code == Z_STREAM_END;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return -1;
        return static_cast<std::ptrdiff_t>(out.size() - stream_.avail_out);
    }

private:
    z_stream stream_{};
    bool ended_ = false;
};

}  // namespace

struct ZipFile::Directory {
    std::uint64_t offset = 0, bytes = 0, members = 0;
};

void ZipFile::fail(const std::string& problem) const {
    throw InputError(fmt::format("{}: {}", file_->path(), problem));
}

std::vector<std::byte> ZipFile::bytes_at(std::uint64_t offset, std::uint64_t count) const {
    if (offset > file_->size() || count > file_->size() - offset)
        fail("the ZIP archive points beyond its end. The file is damaged; write it again");
    std::vector<std::byte> bytes(static_cast<std::size_t>(count));
    file_->read(offset, bytes);
    return bytes;
}

ZipFile::ZipFile(std::shared_ptr<const ReadFile> file) : file_(std::move(file)) {
    const Directory directory = find_directory();
    if (directory.bytes > directory_limit)
        fail(
            fmt::format("a ZIP directory of {} bytes; at most {} are read. Give an archive of few "
                        "arrays",
                        directory.bytes, directory_limit));
    const std::vector<std::byte> bytes = bytes_at(directory.offset, directory.bytes);
    std::size_t at = 0;
    while (at < bytes.size()) read_member(bytes, at);
    if (members_.size() != directory.members)
        fail("the ZIP directory is damaged. Write the file again");
}

// The end record lies before a comment of at most 65535 bytes.
ZipFile::Directory ZipFile::find_directory() const {
    const std::uint64_t tail = std::min<std::uint64_t>(file_->size(), end_bytes + 65535);
    const std::uint64_t first = file_->size() - tail;
    const std::vector<std::byte> bytes = bytes_at(first, tail);
    for (std::size_t at = bytes.size(); at-- > 0;) {
        if (bytes.size() - at < end_bytes || number(bytes, at, 4) != end_mark) continue;
        if (number(bytes, at + 20, 2) != bytes.size() - at - end_bytes) continue;
        Directory out{number(bytes, at + 16, 4), number(bytes, at + 12, 4),
                      number(bytes, at + 10, 2)};
        const std::uint64_t end = first + at;
        if (end < locator_bytes) return out;
        const std::vector<std::byte> locator = bytes_at(end - locator_bytes, locator_bytes);
        if (number(locator, 0, 4) != locator_mark) return out;
        const std::vector<std::byte> end64 = bytes_at(number(locator, 8, 8), end64_bytes);
        if (number(end64, 0, 4) != end64_mark) fail("the ZIP end record is damaged");
        return {number(end64, 48, 8), number(end64, 40, 8), number(end64, 32, 8)};
    }
    fail("is not an NPZ file (no ZIP archive, or one cut short). Give one that numpy.savez wrote");
}

bool ZipFile::read_wide_sizes(const std::vector<std::byte>& directory, std::size_t at,
                              std::size_t end, ZipMember& member) {
    while (end - at >= 4) {
        const std::uint64_t kind = number(directory, at, 2);
        const auto size = static_cast<std::size_t>(number(directory, at + 2, 2));
        at += 4;
        if (end - at < size) return false;
        std::size_t wide = at;
        for (std::uint64_t* value : {&member.bytes, &member.stored_bytes, &member.header}) {
            if (kind != 1 || *value != 0xffffffffU) continue;
            if (at + size - wide < 8) return false;
            *value = number(directory, wide, 8);
            wide += 8;
        }
        at += size;
    }
    return true;
}

void ZipFile::read_member(const std::vector<std::byte>& directory, std::size_t& at) {
    const auto damaged = [&] { fail("the ZIP directory is damaged. Write the file again"); };
    if (directory.size() - at < member_bytes || number(directory, at, 4) != member_mark) damaged();
    const std::uint64_t flags = number(directory, at + 8, 2);
    const std::uint64_t method = number(directory, at + 10, 2);
    ZipMember member;
    member.crc = static_cast<std::uint32_t>(number(directory, at + 16, 4));
    member.stored_bytes = number(directory, at + 20, 4);
    member.bytes = number(directory, at + 24, 4);
    member.header = number(directory, at + 42, 4);
    const auto name = static_cast<std::size_t>(number(directory, at + 28, 2));
    const auto extra = static_cast<std::size_t>(number(directory, at + 30, 2));
    const auto comment = static_cast<std::size_t>(number(directory, at + 32, 2));
    if (directory.size() - at - member_bytes < name + extra + comment) damaged();
    member.name.assign(reinterpret_cast<const char*>(directory.data()) + at + member_bytes, name);
    const std::size_t fields = at + member_bytes + name;
    if (!read_wide_sizes(directory, fields, fields + extra, member)) damaged();
    at = fields + extra + comment;
    if ((flags & 1) != 0) fail("is encrypted. Give a plain archive");
    if (method != 0 && method != 8)
        fail(
            fmt::format("a member is compressed by method {}. Write it with numpy.savez or "
                        "numpy.savez_compressed",
                        method));
    member.deflated = method == 8;
    if (!member.deflated && member.stored_bytes != member.bytes) damaged();
    if (find(member.name) != nullptr) fail("two members have one name. Write the file again");
    members_.push_back(std::move(member));
}

const ZipMember* ZipFile::find(const std::string& name) const {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const ZipMember& m) { return m.name == name; });
    return found == members_.end() ? nullptr : &*found;
}

std::uint64_t ZipFile::data_offset(const ZipMember& member) const {
    const std::vector<std::byte> local = bytes_at(member.header, local_bytes);
    if (number(local, 0, 4) != local_mark)
        fail("a ZIP member is not where the directory says. Write the file again");
    const std::uint64_t offset =
        member.header + local_bytes + number(local, 26, 2) + number(local, 28, 2);
    if (offset > file_->size() || member.stored_bytes > file_->size() - offset)
        fail("the ZIP archive points beyond its end. The file is damaged; write it again");
    return offset;
}

void ZipFile::check_stored(const ZipMember& member) const {
    const std::uint64_t offset = data_offset(member);
    std::vector<std::byte> bytes(block);
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < member.bytes; at += block) {
        const auto part = std::span(bytes).first(std::min<std::uint64_t>(block, member.bytes - at));
        file_->read(offset + at, part);
        crc = crc_of(crc, part);
    }
    if (crc != member.crc)
        fail(member.name + " has another checksum than the archive says. Write the file again");
}

std::vector<std::byte> ZipFile::inflate(const ZipMember& member) const {
    const auto damaged = [&] {
        fail(member.name + ": the compressed data are damaged. Write the file again");
    };
    const std::uint64_t offset = data_offset(member);
    Inflater inflater;
    // Deflate makes at most 1032 bytes of one.
    if (member.bytes / 1032 > member.stored_bytes) damaged();
    std::vector<std::byte> in(block), out;
    out.reserve(static_cast<std::size_t>(member.bytes) + 1);
    std::uint64_t given = 0;
    while (!inflater.ended()) {
        if (inflater.wants_input()) {
            const auto part =
                std::span(in).first(std::min<std::uint64_t>(block, member.stored_bytes - given));
            if (part.empty()) damaged();
            file_->read(offset + given, part);
            inflater.give(part);
            given += part.size();
        }
        const std::size_t before = out.size();
        out.resize(std::min<std::uint64_t>(before + block, member.bytes + 1));
        const std::ptrdiff_t got = inflater.take(std::span(out).subspan(before));
        if (got < 0) damaged();
        out.resize(before + static_cast<std::size_t>(got));
        if (out.size() > member.bytes) damaged();
    }
    if (out.size() != member.bytes || crc_of(0, out) != member.crc) damaged();
    return out;
}

}  // namespace acim
