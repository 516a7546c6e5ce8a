// SPDX-License-Identifier: Apache-2.0
#include "host/run/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace acim {

Progress::Progress(std::uint64_t units, double conversions, bool quiet)
    : units_(units),
      conversions_(conversions),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      shown_(start_) {}

void Progress::add(double conversions) {
    const std::lock_guard lock(mutex_);
    ++units_done_;
    conversions_done_ += conversions;
    const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
    if (since >= (terminal_ ? 0.2 : 10.0)) show(false);
}

void Progress::finish() {
    const std::lock_guard lock(mutex_);
    show(true);
}

std::string Progress::with_prefix(double value) {
    const char* prefixes[] = {"", " k", " M", " G", " T", " P"};
    int i = 0;
    while (value >= 1000.0 && i < 5) {
        value /= 1000.0;
        ++i;
    }
    return fmt::format("{:.3g}{}", value, prefixes[i]);
}

std::string Progress::bytes(double value) {
    return with_prefix(value) + (value < 1000.0 ? " B" : "B");
}

std::string Progress::duration(double seconds) {
    const auto s = static_cast<std::int64_t>(seconds + 0.5);
    if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
    return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

void Progress::show(bool last) {
    shown_ = Clock::now();
    if (quiet_) return;
    const double elapsed = std::chrono::duration<double>(shown_ - start_).count();
    const double part = conversions_ > 0.0 ? conversions_done_ / conversions_
                                           : static_cast<double>(units_done_) /
                                                 static_cast<double>(units_ > 0 ? units_ : 1);
    const double rate = elapsed > 0.0 ? conversions_done_ / elapsed : 0.0;
    const double trials = elapsed > 0.0 ? static_cast<double>(units_done_) / elapsed : 0.0;
    const std::string left =
        last ? "in " + duration(elapsed)
             : "ETA " + (part > 0.0 ? duration(elapsed * (1.0 - part) / part) : std::string("--"));
    const std::string numbers =
        fmt::format("{:3.0f} %  {}/{} units  {} conversions/s  {:.3g} units/s  {}", 100.0 * part,
                    units_done_, units_, with_prefix(rate), trials, left);
    if (terminal_) {
        const auto filled = static_cast<std::size_t>(part * 24.0);
        const std::string bar = std::string(filled, '#') + std::string(24 - filled, '.');
        fmt::print(stderr, "\r[{}] {}\033[K{}", bar, numbers, last ? "\n" : "");
    } else {
        fmt::print(stderr, "{}\n", numbers);
    }
    std::fflush(stderr);
}

}  // namespace acim
