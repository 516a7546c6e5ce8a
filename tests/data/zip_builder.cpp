// SPDX-License-Identifier: Apache-2.0
#include "tests/data/data_fixture.hpp"

namespace acim {
namespace {

std::string number(std::uint64_t value, int width) {
    std::string out;
    for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
}

std::string deflated(const std::string& content) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace

std::string zip_bytes(const std::vector<ZipEntry>& entries) {
    std::string out, directory;
    for (const ZipEntry& entry : entries) {
        const std::string data = entry.deflated ? deflated(entry.content) : entry.content;
        const std::uint64_t bytes =
            entry.claimed_bytes == ~0ULL ? entry.content.size() : entry.claimed_bytes;
        const auto crc =
            crc32_z(0, reinterpret_cast<const Bytef*>(entry.content.data()), entry.content.size());
        const std::string both = number(entry.zip64 ? 0xffffffffU : data.size(), 4) +
                                 number(entry.zip64 ? 0xffffffffU : bytes, 4);
        const std::string extra =
            entry.zip64 ? number(1, 2) + number(16, 2) + number(bytes, 8) + number(data.size(), 8)
                        : "";
        const std::string common =
            number(45, 2) + number(0, 2) + number(entry.deflated ? 8 : 0, 2) + number(0, 4) +
            number(crc, 4) + both + number(entry.name.size(), 2) + number(extra.size(), 2);
        directory += number(0x02014b50, 4) + number(45, 2) + common + number(0, 2) + number(0, 2) +
                     number(0, 2) + number(0, 4) + number(out.size(), 4) + entry.name + extra;
        out += number(0x04034b50, 4) + common + entry.name + extra + data;
    }
    const std::uint64_t start = out.size();
    return out + directory + number(0x06054b50, 4) + number(0, 4) + number(entries.size(), 2) +
           number(entries.size(), 2) + number(directory.size(), 4) + number(start, 4) +
           number(0, 2);
}

}  // namespace acim
