// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "cuda/trial/engine.hpp"
#include "cuda/trial/point_plan.hpp"

namespace acim {

// Plans of the points that have open units, one per chip where chips differ: made by the first
// thread that needs one, dropped with the last unit. Threads make different plans side by side; those
// that need the same one wait for it. Announce every unit before the first get().
class OpenPlans {
public:
    using Key = std::pair<std::uint32_t, std::uint32_t>;  // point, chip

    OpenPlans(const TrialSetup& setup, const WeightPacker& packer)
        : setup_(setup), packer_(packer) {}

    void expect(const WorkUnit& unit);
    std::shared_ptr<const PointPlan> get(const WorkUnit& unit);
    void done(const WorkUnit& unit);
    // Units of equal key share a plan.
    Key key_of(const WorkUnit& unit);

private:
    struct Entry {
        std::size_t units = 0;
        std::mutex mutex;  // of what follows
        std::shared_ptr<const PointPlan> plan;
    };

    Key find_key(const WorkUnit& unit);
    std::shared_ptr<Entry> entry_of(const WorkUnit& unit);

    const TrialSetup& setup_;
    const WeightPacker& packer_;
    std::mutex mutex_;
    std::map<Key, std::shared_ptr<Entry>> open_;
    std::map<std::uint32_t, bool> differs_;  // by point
    CycleLawCache laws_;
};

}  // namespace acim
