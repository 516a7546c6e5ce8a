// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "cuda/engine/runtime.hpp"
#include "tests/cuda_emulation/emulation.hpp"

namespace acim {

// Puts the schedule back that was there before.
class ScheduleGuard {
public:
    ScheduleGuard() = default;
    ~ScheduleGuard() { emulation::set_schedule(before_); }
    ScheduleGuard(const ScheduleGuard&) = delete;
    ScheduleGuard& operator=(const ScheduleGuard&) = delete;

private:
    emulation::Schedule before_ = emulation::schedule();
};

template <class Test>
void for_every_schedule(Test test) {
    const ScheduleGuard guard;
    for (const emulation::Schedule& schedule : emulation::all_schedules()) {
        SCOPED_TRACE(emulation::name_of(schedule));
        emulation::set_schedule(schedule);
        test();
    }
}

template <class T>
std::vector<T> downloaded(const DeviceArray<T>& array) {
    std::vector<T> values(array.size());
    array.download(values, nullptr);
    return values;
}

}  // namespace acim
