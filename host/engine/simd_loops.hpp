// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/engine/simd_job.hpp"

// The vector loops, compiled once per instruction set and chosen at run time. All of them are
// integer loops, so that every instruction set gives the same numbers.
namespace acim::simd {

// Cuts the rows of every pixel into bit planes: [pixels][depth] to [pixels][groups][bits][words].
void pack_inputs(const SimdLayer& layer, const LayerPlan& plan, int pixels,
                 std::span<const std::int16_t> rows, std::uint64_t* packed);

// The values that rows are driven with, cycle by cycle, for columns with mismatch.
void pack_driven(const SimdLayer& layer, const LayerPlan& plan, int pixels,
                 std::span<const std::int16_t> rows, std::uint8_t* driven);

// All conversions of a layer: sums, codes, A, D and the exact product.
void run_conversions(const SimdJob& job);

// The same on one chip's columns and ADCs.
void run_chip(const SimdJob& job);

// The exact product alone.
void run_product(const SimdJob& job, int depth, std::span<const std::int16_t> rows);

// The errors of all events into A, on path events with a law that has some.
void run_events(const SimdJob& job);

// Instruction sets compiled in, best first, and the one in use.
std::vector<std::string> compiled_targets();
std::string chosen_target();
// For tests: restricts the choice to the named instruction set; "" lifts that. False if the
// machine cannot run it.
bool force_target(const std::string& name);

}  // namespace acim::simd
