// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace acim {

// Two-sided confidence interval; both ends are NaN where the data does not support one.
struct Interval {
    double low;
    double high;
};

inline constexpr double default_confidence = 0.95;

// Quantile of Student's t with `degrees` > 0 degrees of freedom at 0 < probability < 1.
double student_t_quantile(double probability, double degrees);

// Student's t interval of the mean of independent values: mean +- t * s / sqrt(n). NaN ends for
// fewer than two values. Zero width if all values are equal: point_statistics widens that case.
Interval t_interval(std::span<const double> values, double confidence = default_confidence);

// Clopper-Pearson interval of a proportion, from quantiles of the beta distribution; its coverage
// is never below the confidence. (0, 1) for no trials.
Interval clopper_pearson(std::uint64_t successes, std::uint64_t trials,
                         double confidence = default_confidence);

// Half of the width of Wilson's score interval for a proportion seen as `mean` in `trials`
// draws; `mean` need not be a multiple of 1/trials. NaN for no trials or a NaN mean.
double wilson_half_width(double mean, double trials, double confidence = default_confidence);

}  // namespace acim
