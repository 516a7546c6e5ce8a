// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/engine/cuda_engine.hpp"

// The parts of gpu_check. Each prints lines for people as it goes and returns its JSON.
namespace acim {

struct GpuCheckOptions {
    bool quick = false;  // few cases, few rounds: for compute-sanitizer
    bool pins = true, parity = true, speed = true;
    std::string json;          // file, "" for none
    std::string progress;      // file that names the case under way, "" for none
    std::string match;         // text that names of cases hold
    std::vector<int> devices;  // empty: all
    double seconds = 1.0;      // of one measurement of one case
    int rounds = 3;
    std::uint32_t images = 32;  // of a trial
};

struct SectionReport {
    std::string json;
    bool failed = false;
};

// Facts of the devices that the engine can use.
SectionReport describe_devices(const CudaStatus& status);
// Equal words, equal arithmetic; rates of pipes.
SectionReport check_pins(const GpuCheckOptions& options);
// Every parity case on the device beside the scalar reference engine: equal bytes.
SectionReport check_parity(const GpuCheckOptions& options);
// Conversions per second of the bench cases, in rounds over all of them.
SectionReport check_speed(const GpuCheckOptions& options);

}  // namespace acim
