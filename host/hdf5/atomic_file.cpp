// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/atomic_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <random>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/core/error.hpp"

namespace acim {

namespace fs = std::filesystem;

namespace {

const char* advice_for(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return "Disk full: free space or raise the quota; the same command resumes";
        case EFBIG:
            return "The file size limit is reached: raise it (ulimit -f)";
        case EROFS:
        case EACCES:
        case EPERM:
            return "It is not writable: choose another output directory or change its rights";
        case ENOENT:
        case ENOTDIR:
            return "The directory is missing: create it, or choose another path";
        default:
            return "Storage failed: what was stored before is intact; the same command resumes";
    }
}

[[noreturn]] void fail(const fs::path& path, const char* step, int error) {
    throw StorageError(fmt::format("{}: {} failed ({}). {}", path.string(), step,
                                   std::strerror(error), advice_for(error)));
}

// Its parents were there or were made.
[[noreturn]] void fail_to_create(const fs::path& directory, int error) {
    if (error != ENOENT && error != ENOTDIR) {
        fail(directory, "creating the directory", error);
    }
    throw StorageError(
        fmt::format("{}: creating the directory failed ({}). {}: choose another path",
                    directory.string(), std::strerror(error),
                    error == ENOENT ? "No directories can be made in its parent"
                                    : "A file or a broken link is in the way"));
}

// fsync, which network file systems let a signal interrupt; returns 0 or the error.
int sync_descriptor(int descriptor) {
    while (::fsync(descriptor) != 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

// A descriptor that closes itself on the failure path and removes a half-written file.
class NewFile {
public:
    NewFile(fs::path path, const fs::path& target) : path_(std::move(path)), target_(target) {
        descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor_ < 0) {
            fail(target_, "creating a temporary file beside it", errno);
        }
    }
    ~NewFile() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
        if (!kept_) {
            ::unlink(path_.c_str());
        }
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    void write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                fail(target_, "writing", count < 0 ? errno : ENOSPC);
            }
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
    }
    // Network file systems report a full disk as late as here. An interrupted close has closed, and
    // what it closes was synced.
    void finish() {
        if (const int error = sync_descriptor(descriptor_); error != 0) {
            fail(target_, "fsync", error);
        }
        const int descriptor = descriptor_;
        descriptor_ = -1;
        if (::close(descriptor) != 0 && errno != EINTR) {
            fail(target_, "closing", errno);
        }
    }
    void rename() {
        if (::rename(path_.c_str(), target_.c_str()) != 0) {
            fail(target_, "renaming", errno);
        }
        kept_ = true;
    }

private:
    fs::path path_;
    fs::path target_;
    int descriptor_ = -1;
    bool kept_ = false;
};

fs::path directory_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

void sync_directory(const fs::path& directory) {
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        fail(directory, "opening", errno);
    }
    const int error = sync_descriptor(descriptor);
    ::close(descriptor);
    // Some file systems cannot sync a directory and say so; they order renames themselves.
    if (error != 0 && error != EINVAL && error != ENOTSUP) {
        fail(directory, "fsync", error);
    }
}

std::string unique_token() {
    std::random_device device;
    const std::uint64_t high = device();
    return fmt::format("{:016x}", high << 32 | device());
}

void write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
    const fs::path directory = directory_of(path);
    NewFile file(directory / fmt::format(".{}.{}.tmp", path.filename().string(), unique_token()),
                 path);
    file.write(bytes);
    file.finish();
    file.rename();
    sync_directory(directory);
}

void write_file_atomically(const fs::path& path, std::string_view text) {
    write_file_atomically(path, std::as_bytes(std::span(text)));
}

std::vector<std::byte> read_whole_file(const fs::path& path) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file) {
        throw InputError(fmt::format("{}: cannot be opened ({}). Check the path", path.string(),
                                     error ? error.message() : std::strerror(errno)));
    }
    std::vector<std::byte> bytes(size);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (static_cast<std::uintmax_t>(file.gcount()) != size) {
        throw StorageError(fmt::format("{}: reading failed after {} of {} bytes. Try again",
                                       path.string(), file.gcount(), size));
    }
    return bytes;
}

void create_directories_durably(const fs::path& path) {
    if (path.empty() || fs::is_directory(path)) {
        return;
    }
    create_directories_durably(path.parent_path());
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
        fail_to_create(path, errno);
    }
    if (!fs::is_directory(path)) {
        fail_to_create(path, ENOTDIR);
    }
    sync_directory(directory_of(path));
}

}  // namespace acim
