// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/params.hpp"

namespace acim {

inline constexpr int max_votes = 64;  // 2^CounterWidths::vote

// One value from n votes: the most frequent code (the smallest of equals), the lower median, or the
// sum of all, which the output scale divides by n. Sorts the votes.
ACIM_HD inline std::int32_t combine_votes(VoteCombination rule, std::int32_t* votes, int n) {
    if (rule == VoteCombination::mean) {
        std::int32_t sum = 0;
        for (int i = 0; i < n; ++i) sum += votes[i];
        return sum;
    }
    for (int i = 1; i < n; ++i) {  // insertion sort
        const std::int32_t v = votes[i];
        int at = i;
        for (; at > 0 && votes[at - 1] > v; --at) votes[at] = votes[at - 1];
        votes[at] = v;
    }
    if (rule == VoteCombination::median) return votes[(n - 1) / 2];
    std::int32_t best = votes[0];
    int most = 0;
    for (int begin = 0, end = 0; begin < n; begin = end) {
        while (end < n && votes[end] == votes[begin]) ++end;
        if (end - begin > most) {
            most = end - begin;
            best = votes[begin];
        }
    }
    return best;
}

}  // namespace acim
