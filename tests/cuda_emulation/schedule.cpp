// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda_emulation/schedule.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <numeric>
#include <string>
#include <utility>

#include "tests/cuda_emulation/meeting.hpp"

namespace acim::emulation {
namespace {

Schedule read_schedule() {
    const char* text = std::getenv("ACIM_EMULATION_ORDER");
    const std::string order = text == nullptr ? "ascending" : text;
    if (order == "ascending") return {Order::ascending, 0};
    if (order == "descending") return {Order::descending, 0};
    const std::string shuffled = "shuffled:";
    if (order.starts_with(shuffled)) {
        char* end = nullptr;
        const std::string seed = order.substr(shuffled.size());
        const std::uint64_t value = std::strtoull(seed.c_str(), &end, 10);
        if (!seed.empty() && *end == '\0') return {Order::shuffled, value};
    }
    fail({"ACIM_EMULATION_ORDER", {"environment", 0}},
         "'" + order + "' is none of ascending, descending, shuffled:SEED");
}

struct State {
    Schedule schedule = read_schedule();
    std::uint64_t drawn = 0;
};

State& state() {
    static State only;
    return only;
}

}  // namespace

void set_schedule(const Schedule& schedule) { state() = {schedule, 0}; }
Schedule schedule() { return state().schedule; }

std::string name_of(const Schedule& schedule) {
    if (schedule.order == Order::shuffled) return "shuffled:" + std::to_string(schedule.seed);
    return schedule.order == Order::ascending ? "ascending" : "descending";
}

std::vector<Schedule> all_schedules() {
    return {{Order::ascending, 0},
            {Order::descending, 0},
            {Order::shuffled, 1},
            {Order::shuffled, 2},
            {Order::shuffled, 3}};
}

// SplitMix64 (Steele, Lea, Flood 2014) of seed and place in the sequence.
std::uint64_t draw(std::uint64_t bound) {
    State& s = state();
    std::uint64_t x = s.schedule.seed * 0xd1342543de82ef95u + ++s.drawn * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (x ^ (x >> 31)) % bound;
}

void ReadyQueue::order() {
    const Order order = schedule().order;
    bool front = true;
    if (order == Order::descending) std::reverse(woken_.begin(), woken_.end());
    if (order == Order::shuffled) {
        for (std::size_t i = woken_.size(); i > 1; --i) std::swap(woken_[i - 1], woken_[draw(i)]);
        front = draw(2) == 0;
    }
    if (front)
        for (auto it = woken_.rbegin(); it != woken_.rend(); ++it) push_front(*it);
    else
        for (const int thread : woken_) push_back(thread);
    woken_.clear();
}

BlockOrder::BlockOrder(std::uint64_t blocks) : blocks_(blocks), left_(blocks) {
    const Order order = schedule().order;
    if (order == Order::descending) {
        block_ = blocks - 1;
        step_ = blocks - 1;
    } else if (order == Order::shuffled) {
        block_ = draw(blocks);
        do step_ = 1 + draw(blocks);
        while (std::gcd(step_, blocks) != 1);
    }
}

}  // namespace acim::emulation
