// SPDX-License-Identifier: Apache-2.0
#include "host/data/idx_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "host/core/error.hpp"
#include "host/data/file_array.hpp"
#include "host/data/read_file.hpp"
#include "host/data/stored_set.hpp"

namespace acim {
namespace {

struct GzClose {
    void operator()(gzFile file) const { gzclose(file); }
};

// A plain or compressed stream; zlib tells them apart by the first two bytes.
class ByteStream {
public:
    explicit ByteStream(const std::string& path) : path_(path) {
        if (std::filesystem::is_directory(path))
            throw InputError(path + ": is a directory. Give the path of an IDX file");
        if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path))
            throw InputError(path + ": is not a file. Give the path of an IDX file");
        errno = 0;
        file_.reset(gzopen(path.c_str(), "rb"));
        if (!file_)
            throw InputError(fmt::format("{}: cannot be opened ({}). Check the path", path,
                                         errno ? std::strerror(errno) : "out of memory"));
        gzbuffer(file_.get(), 1 << 17);
    }

    // Reads up to `bytes` bytes; less only at the end of the data.
    std::size_t read(void* to, std::size_t bytes) {
        auto* out = static_cast<std::uint8_t*>(to);
        std::size_t done = 0;
        while (done < bytes) {
            const auto step = static_cast<unsigned>(std::min<std::size_t>(bytes - done, 1U << 30));
            const int got = gzread(file_.get(), out + done, step);
            if (got < 0) fail();
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        if (done < bytes) check_end();
        return done;
    }
    bool compressed() const { return gzdirect(file_.get()) == 0; }

private:
    // A compressed stream that stops in the middle reports it here and not in gzread.
    void check_end() {
        int code = Z_OK;
        gzerror(file_.get(), &code);
        if (code != Z_OK && code != Z_STREAM_END) fail();
    }
    [[noreturn]] void fail() {
        int code = Z_OK;
        const char* text = gzerror(file_.get(), &code);
        if (code == Z_BUF_ERROR)
            throw InputError(path_ + ": the compressed data end too early. Fetch the file again");
        throw InputError(fmt::format("{}: cannot be read ({}). Fetch the file again", path_,
                                     code == Z_ERRNO ? std::strerror(errno) : text));
    }

    std::string path_;
    std::unique_ptr<gzFile_s, GzClose> file_;
};

std::uint32_t big_endian(const std::uint8_t* b) {
    return (std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) | (std::uint32_t{b[2]} << 8) |
           std::uint32_t{b[3]};
}

std::vector<std::uint64_t> read_header(ByteStream& stream, const std::string& path) {
    std::uint8_t magic[4] = {};
    const std::size_t got = stream.read(magic, 4);
    if (got < 4 || magic[0] != 0 || magic[1] != 0)
        throw InputError(
            fmt::format("{}: is not an IDX file (first bytes {:02x} {:02x} {:02x} {:02x}, expected "
                        "00 00 08 and "
                        "the number of dimensions). Give an IDX file, plain or .gz",
                        path, magic[0], magic[1], magic[2], magic[3]));
    if (magic[2] != 0x08)
        throw InputError(fmt::format(
            "{}: IDX values of type 0x{:02x} are not supported. Store unsigned bytes (type 0x08)",
            path, magic[2]));
    if (magic[3] == 0 || magic[3] > 4)
        throw InputError(fmt::format(
            "{}: {} dimensions. Images have 3 or 4 ([N,H,W] or [N,C,H,W]), tokens 2, labels 1",
            path, magic[3]));
    std::uint8_t sizes[16];
    const std::size_t bytes = std::size_t{4} * magic[3];
    if (stream.read(sizes, bytes) < bytes)
        throw InputError(path + ": ends inside its header. Fetch the file again");
    std::vector<std::uint64_t> dims;
    for (std::size_t i = 0; i < magic[3]; ++i) dims.push_back(big_endian(sizes + 4 * i));
    return dims;
}

[[noreturn]] void fail_longer(const std::string& path, std::uint64_t promised) {
    throw InputError(fmt::format(
        "{}: data follow the {} bytes of values that the header promises. The file is damaged",
        path, promised));
}

std::uint64_t promised_bytes(const std::vector<std::uint64_t>& dims, const std::string& path) {
    std::uint64_t total = 1;
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (dims[i] == 0)
            throw InputError(fmt::format(
                "{}: dimension {} is 0. The file must hold at least one item", path, i));
        total *= dims[i];  // below 2^40 * 2^32 here: no overflow
        if (total > idx_byte_limit)
            throw InputError(fmt::format(
                "{}: the header promises more than {} bytes. The file is damaged or too large",
                path, idx_byte_limit));
    }
    return total;
}

// The values of a stream that is positioned behind its header.
std::vector<std::byte> read_values(ByteStream& stream, std::uint64_t promised,
                                   const std::string& path) {
    constexpr std::uint64_t chunk = std::uint64_t{16} << 20;
    std::vector<std::byte> values;
    std::uint64_t done = 0;
    while (done < promised) {
        const std::uint64_t want = std::min(chunk, promised - done);
        values.resize(done + want);
        const std::size_t got = stream.read(values.data() + done, want);
        done += got;
        if (got < want)
            throw InputError(
                fmt::format("{}: is truncated ({} bytes of values, the header promises {}). Fetch "
                            "the file again",
                            path, done, promised));
    }
    std::byte extra{};
    if (stream.read(&extra, 1) != 0) fail_longer(path, promised);
    return values;
}

}  // namespace

std::shared_ptr<const ItemArray> open_idx_file(const std::string& path) {
    ByteStream stream(path);
    const std::vector<std::uint64_t> dims = read_header(stream, path);
    const std::uint64_t promised = promised_bytes(dims, path);
    if (!stream.compressed()) {
        auto file = std::make_shared<const ReadFile>(path, "an IDX file");
        const std::uint64_t header = 4 + 4 * dims.size();
        if (file->size() > header + promised) fail_longer(path, promised);
        if (file->size() < header + promised)
            throw InputError(
                fmt::format("{}: is truncated ({} bytes of values, the header promises {}). Fetch "
                            "the file again",
                            path, file->size() - std::min(file->size(), header), promised));
        return std::make_shared<FileArray>(std::move(file), ValueType::u1, dims,
                                           FilePlace{header, 0});
    }
    if (promised > memory_limit)
        throw InputError(fmt::format(
            "{}: holds {} bytes of compressed values, but at most {} are kept in memory. Unpack it "
            "(gunzip): a plain file is read by range",
            path, promised, memory_limit));
    return std::make_shared<MemoryArray>(path, ValueType::u1, dims,
                                         read_values(stream, promised, path));
}

StoredSet open_idx(const DataSpec& spec) {
    StoredSet set;
    set.images = open_idx_file(spec.images);
    // MNIST's format knows [N,H,W]; a fourth axis is the channels'.
    if (set.images->dims().size() == 4 && !spec.layout) set.layout = DataLayout::nchw;
    if (!spec.labels.empty()) set.labels = open_idx_file(spec.labels);
    return set;
}

}  // namespace acim
