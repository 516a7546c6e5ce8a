// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace acim {

// What is left of a run, told on stderr: a bar that redraws itself on a terminal, a plain line
// every ten seconds in a log.
class Progress {
public:
    // work: units of work in conversions (or any other additive measure of cost).
    Progress(std::uint64_t units, double conversions, bool quiet);
    void add(double conversions);  // one more unit is done
    void finish();

    // "1.46 G", "430 kB" and "0:01:09", for other messages too.
    static std::string with_prefix(double value);
    static std::string bytes(double value);
    static std::string duration(double seconds);

private:
    using Clock = std::chrono::steady_clock;
    void show(bool last);

    const std::uint64_t units_;
    const double conversions_;
    const bool quiet_, terminal_;
    const Clock::time_point start_;
    Clock::time_point shown_;
    std::mutex mutex_;
    std::uint64_t units_done_ = 0;
    double conversions_done_ = 0.0;
};

}  // namespace acim
