// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"

// What an engine's speed is measured on: networks made in code, so that no file is needed and every
// machine runs the same work.
namespace acim {

// One design point of one setup.
struct BenchCase {
    std::string name;                           // "conv256/table"
    std::string title;                          // one line for people
    SamplingPath path = SamplingPath::product;  // of every layer
    std::shared_ptr<const TrialSetup> setup;    // cases of one network share it
    std::uint32_t point = 0;                    // in setup->points
    std::uint64_t conversions_per_image = 0;    // on path `product` those that it stands for
};

// Three networks (conv256, conv64, resnet20), each without noise (product), with noise through the
// table of a lossless ADC (lossless), with noise that depends on the sum (table), and with cells
// that differ by chip (chip); conv256 with votes and with cycles of two bits, too. `images` is the size
// of the evaluation set, at least 1.
std::vector<BenchCase> bench_cases(std::uint32_t images);

struct BenchFigure {
    double seconds = 0.0;      // measured
    std::uint64_t trials = 0;  // that ran in this time
    std::uint64_t images = 0;  // of these trials
    std::uint64_t conversions = 0;

    double trials_per_second() const { return per_second(trials); }
    double images_per_second() const { return per_second(images); }
    double conversions_per_second() const { return per_second(conversions); }

private:
    double per_second(std::uint64_t n) const {
        return seconds > 0.0 ? static_cast<double>(n) / seconds : 0.0;
    }
};

// Runs trials of `images_per_trial` images (no more than the evaluation set has) for about
// `seconds`, after a warm-up that is not counted. A call of the engine gets `trials` units to begin
// with; the warm-up doubles them until a call takes a quarter of `seconds`, so that devices of any
// size have enough to do. Trials are repeats on one chip.
BenchFigure measure(TrialEngine& engine, const BenchCase& bench, double seconds,
                    std::uint32_t images_per_trial, std::uint32_t trials);

}  // namespace acim
