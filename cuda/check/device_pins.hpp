// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// What has to hold on a device before its speed means anything, and what its pipes can do. The
// bodies are CUDA sources; this header names no type of CUDA.
namespace acim {

// The two computed the same numbers, or not.
struct PinResult {
    std::string name;
    std::string against;          // "cuRAND", "host"
    std::uint64_t compared = 0;   // values
    std::uint64_t different = 0;  // of them; 1 where only hashes are compared
    bool skipped = false;         // `against` is not there
};

// A rate measured in several rounds.
struct RateResult {
    std::string name, unit;
    std::vector<double> rounds;     // [unit], in the order of measurement
    std::vector<double> per_cycle;  // [operations per cycle and multiprocessor], empty: not counted

    double least() const;
    double median() const;
    double most() const;
    double cycle_median() const;  // 0 where not counted
};

// Makes a device the current one of this thread.
void use_device(int index);

// Words of philox4x32() beside those of cuRAND's device function and of the host, 2^20 counters.
std::vector<PinResult> philox_pins();
// Words per second of both, in turns.
std::vector<RateResult> philox_rates(int rounds);

// Integer inverse normal, and the double arithmetic of the transfer, on the device and the host.
std::vector<PinResult> arithmetic_pins();

// What one multiprocessor does per cycle: integer pipes, tensor cores, shared memory; copies.
std::vector<RateResult> pipe_rates(int rounds);

}  // namespace acim
