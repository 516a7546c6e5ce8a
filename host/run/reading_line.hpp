// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace acim {

// Tells on stderr that a data set is read from end to end, once that takes long: after three seconds a
// line that redraws itself on a terminal, after thirty one line in a log. Called as a DataProgress.
class ReadingLine {
public:
    explicit ReadingLine(bool quiet);
    void operator()(const std::string& file, std::uint64_t done, std::uint64_t total);

private:
    using Clock = std::chrono::steady_clock;
    bool quiet_, terminal_;
    Clock::time_point start_;
    Clock::time_point shown_;  // start_ until something has been shown
};

}  // namespace acim
