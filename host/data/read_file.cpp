// SPDX-License-Identifier: Apache-2.0
#include "host/data/read_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/core/error.hpp"

namespace acim {

ReadFile::ReadFile(const std::string& path, const std::string& kind) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0)
        throw InputError(
            fmt::format("{}: cannot be opened ({}). Check the path", path, std::strerror(errno)));
    struct stat facts {};
    if (::fstat(descriptor_, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        ::close(descriptor_);
        throw InputError(fmt::format("{}: {}. Give the path of {}", path,
                                     S_ISDIR(facts.st_mode) ? "is a directory" : "is not a file",
                                     kind));
    }
    size_ = static_cast<std::uint64_t>(facts.st_size);
    seconds_ = facts.st_mtim.tv_sec;
    nanoseconds_ = facts.st_mtim.tv_nsec;
}

ReadFile::~ReadFile() { ::close(descriptor_); }

void ReadFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    ACIM_EXPECT(offset <= size_ && out.size() <= size_ - offset);
    std::size_t done = 0;
    while (done < out.size()) {
        const std::size_t step = std::min<std::size_t>(out.size() - done, std::size_t{1} << 30);
        const ssize_t got =
            ::pread(descriptor_, out.data() + done, step, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            throw StorageError(
                fmt::format("{}: cannot be read ({}). Check the disk; what is "
                            "stored stays",
                            path_, std::strerror(errno)));
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    struct stat facts {};
    const bool same = ::fstat(descriptor_, &facts) == 0 &&
                      static_cast<std::uint64_t>(facts.st_size) == size_ &&
                      facts.st_mtim.tv_sec == seconds_ && facts.st_mtim.tv_nsec == nanoseconds_;
    if (!same || done < out.size())
        throw StorageError(
            fmt::format("{}: has changed since it was opened. Put the old content "
                        "back and run again; what is stored stays",
                        path_));
}

}  // namespace acim
