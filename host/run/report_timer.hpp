// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace acim {

// When an attempt tells how far it is: at once where more units are stored than it has told, so that
// a kill leaves the right number behind; else every five seconds, as a sign of life.
class ReportTimer {
public:
    using Time = std::chrono::steady_clock::time_point;

    bool is_due(std::uint64_t stored, Time now) const {
        return stored != told_ || now - last_ >= std::chrono::seconds(5);
    }
    // Told, or tried: what failed is tried again after five seconds, or with the next units.
    void told(std::uint64_t stored, Time now) {
        told_ = stored;
        last_ = now;
    }

private:
    std::uint64_t told_ = 0;
    Time last_{};
};

}  // namespace acim
