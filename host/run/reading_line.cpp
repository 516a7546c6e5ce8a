// SPDX-License-Identifier: Apache-2.0
#include "host/run/reading_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "host/run/progress.hpp"

namespace acim {

ReadingLine::ReadingLine(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), start_(Clock::now()), shown_(start_) {}

void ReadingLine::operator()(const std::string& file, std::uint64_t done, std::uint64_t total) {
    const bool told = shown_ != start_;
    if (quiet_ || (told && !terminal_)) return;
    const Clock::time_point now = Clock::now();
    const bool last = done == total;
    const double since = std::chrono::duration<double>(now - shown_).count();
    const double patience = told ? 0.2 : terminal_ ? 3.0 : 30.0;  // a log wants few lines
    if (last ? !told : since < patience) return;
    shown_ = now;
    const auto all = static_cast<double>(total);
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    const double left = elapsed * (all - static_cast<double>(done)) / static_cast<double>(done);
    const std::string text = fmt::format("acimsweep: reading {} once: {} of {}, {} left", file,
                                         Progress::bytes(static_cast<double>(done)),
                                         Progress::bytes(all), Progress::duration(left));
    if (!terminal_)
        fmt::print(stderr, "{}\n", text);
    else if (last)
        fmt::print(stderr, "\r\033[K");
    else
        fmt::print(stderr, "\r{}\033[K", text);
    std::fflush(stderr);
}

}  // namespace acim
