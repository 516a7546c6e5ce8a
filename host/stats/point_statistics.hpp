// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "host/stats/interval.hpp"

namespace acim {

// One complete trial: one chip, one stream of temporal noise, all evaluation images.
struct TrialAccuracy {
    std::uint32_t chip = 0;
    std::uint32_t repeat = 0;
    double accuracy = 0.0;   // fraction of items that are correct [1]
    double agreement = 0.0;  // fraction with the class of the noise-free quantised network [1]
    double loss = 0.0;       // mean cross-entropy per item [nat]
};

// What the trials were drawn from.
struct TrialConditions {
    std::uint64_t images = 0;    // evaluation images of one trial
    bool deterministic = false;  // the point has no random term: every trial gives the same bits
    // Items of an image that are classified, each by itself: an accuracy is a multiple of
    // 1/(images*positions). Those of one image are not independent, so that they do not count as
    // draws in Wilson's interval.
    std::uint64_t positions = 1;
};

// How ci_low and ci_high came about.
enum class IntervalKind : std::uint8_t {
    none,       // fewer than two chips: NaN
    exact,      // the point is deterministic: the value itself, zero width
    student_t,  // t over chip means
    resolution  // t over chip means was narrower than half an image each side: widened to that
};

// Aggregates of one point. Accuracies are fractions, conditional on the evaluation images.
//
// Let a_cr be the accuracy of chip c in repeat r. One-way random-effects analysis of variance
// splits it into a chip part and a temporal part (Searle, Casella, McCulloch, Variance Components,
// 1992); a negative estimate of the chip part is set to 0. The interval is Student's
// t over the chip means, cut to [0, 1]. An accuracy is a multiple of 1/images, so equal chip means
// of a point with noise do not prove that all chips are equal: the interval is never narrower than
// half an item on each side, and then says `resolution`.
struct PointStatistics {
    std::uint32_t trials = 0;
    std::uint32_t chips = 0;
    double mean = 0.0;             // mean of the chip means; NaN without trials
    double between_chip_sd = 0.0;  // NaN with one chip (0 if deterministic)
    // False with one repeat: then between_chip_sd holds the temporal part too.
    bool temporal_removed = false;
    double temporal_sd = 0.0;  // within one chip; NaN with one repeat (0 if deterministic)
    double ci_low = 0.0;       // 95 %, two-sided
    double ci_high = 0.0;
    IntervalKind ci_kind = IntervalKind::none;
    double half_width = 0.0;         // of that interval before it is cut to [0, 1]; NaN for `none`
    double wilson_half_width = 0.0;  // 95 %, from the finite number of images, at the mean
    double loss_ci_low = 0.0,
           loss_ci_high = 0.0;              // 95 %, as ci_low and ci_high but for a resolution
    double p5 = 0.0, p50 = 0.0, p95 = 0.0;  // percentiles of chip means, linear as numpy's
    double min = 0.0, max = 0.0;            // of chip means
    double agreement = 0.0;                 // mean of the chip means
    double loss = 0.0;                      // mean of the chip means [nat]
};

// Half of the least interval of a noisy point: half an item.
double least_half_width(std::uint64_t images, std::uint64_t positions);

// The order of the trials does not matter; a repeated (chip, repeat) is a broken contract.
PointStatistics point_statistics(std::span<const TrialAccuracy> trials,
                                 const TrialConditions& conditions);

// Share of chips whose mean accuracy reaches a specification.
struct Yield {
    std::uint32_t passed = 0;
    std::uint32_t chips = 0;
    double fraction = 0.0;  // NaN without chips
    Interval interval;      // Clopper-Pearson over chips, 95 %
};

Yield yield_at(std::span<const TrialAccuracy> trials, double accuracy_spec);

}  // namespace acim
