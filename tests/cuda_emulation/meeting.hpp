// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

// Where threads wait for each other: what barriers, collectives and reductions are made of.
namespace acim::emulation {

// Place of a call in a kernel.
struct Place {
    const char* file;
    int line;
};

// What a thread takes part in: the CUDA name of the function and where it is called.
struct Call {
    const char* name;
    Place place;
};

// Ends the process with a message that names the block and the thread that runs now, because a
// kernel that misuses CUDA has no result.
[[noreturn]] void fail(const Call& call, const std::string& problem);

// Works on the operands of all who met, while all of them wait. Lanes without part have none.
using Finish = void (*)(void* const* operands, std::uint32_t lanes);
using FinishBlock = void (*)(void* const* operands, int threads);

// Returns once every lane of `mask` has called with the same name and mask and `finish` has run.
// Lanes may then proceed in any order. A lane that is left out or has exited is an error.
void meet_warp(const Call& call, std::uint32_t mask, void* operand, Finish finish);

// The same for all threads of the block that have not exited, and from one place in the source.
void meet_block(const Call& call, void* operand, FinishBlock finish);

// How many barriers the block that runs now has passed.
std::uint64_t barriers_passed();

}  // namespace acim::emulation
