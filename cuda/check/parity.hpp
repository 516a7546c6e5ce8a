// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/check/parity_cases.hpp"
#include "cuda/trial/engine.hpp"

namespace acim {

// How two engines differ on one case. Empty text and no bytes: not at all.
struct ParityDifference {
    std::string first;        // "case, unit, field: expected x, got y", or what was thrown
    std::uint64_t bytes = 0;  // of results that differ; all of a unit that is missing
    std::uint64_t compared = 0;
    bool engine_lost = false;  // it will run nothing else

    bool any() const { return !first.empty(); }
};

// Results of the case's units in their order. Throws std::runtime_error where the engine reports a
// unit twice, not at all, or one that it was not given.
std::vector<TrialResult> run_case(TrialEngine& engine, const ParityCase& c);

// Compares results unit by unit, field by field, with ==.
ParityDifference compare_results(const ParityCase& c, const std::vector<TrialResult>& expected,
                                 const std::vector<TrialResult>& actual);

// Runs the case on an engine whose results are known. What it throws is a difference.
ParityDifference compare_with(const ParityCase& c, const std::vector<TrialResult>& expected,
                              TrialEngine& actual);
// Runs the case on both engines.
ParityDifference compare_engines(const ParityCase& c, TrialEngine& expected, TrialEngine& actual);

}  // namespace acim
