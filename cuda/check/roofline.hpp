// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/check/case_work.hpp"
#include "cuda/engine/cuda_engine.hpp"

// What devices allow at most, in conversions per second. A bound is what one kind of hardware can
// do if nothing else stops it. Bounds of several devices are added up.
namespace acim {

struct Bound {
    std::string name;   // "ALU", "memory"
    double rate = 0.0;  // [1/s]
};

// Of one bench case; both lists are empty where the device or the case has no figures.
struct CaseBounds {
    // By the device's own properties, however the work is written: random bits, integers, tensor,
    // and the memory traffic of the engine's pipeline.
    std::vector<Bound> device;
    // By the instructions of the compiled hot loop: issue, ALU, FMA, XU, FP64, shared.
    std::vector<Bound> loop;
    std::string kernel;  // of the hot loop, "bytes"
};

// Lanes per clock and multiprocessor, in numbers of results.
struct ProcessorRates {
    double issue = 128;  // four warps
    double alu = 64;     // all integers but products
    double imad = 64;    // integer products
    double fma = 128;    // of the pipe that integer products take half of
    double xu = 16;      // population counts, conversions of numbers
    double fp64 = 64;
    double shared = 32;   // without conflicts of banks
    double bytes = 4096;  // products of signed bytes on tensor cores
    double bits = 32768;  // products of one bit
};

// By compute capability; none where no figures are known (before 8.0, after 9.0).
std::optional<ProcessorRates> processor_rates(const CudaDevice& device);

CaseBounds case_bounds(const BenchCase& bench, const CudaDevice& device);
// A name that one of the devices lacks is left out.
CaseBounds case_bounds(const BenchCase& bench, std::span<const CudaDevice> devices);

// The bound that stops first; none of none.
std::optional<Bound> least(const std::vector<Bound>& bounds);

}  // namespace acim
