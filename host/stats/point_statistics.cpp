// SPDX-License-Identifier: Apache-2.0
#include "host/stats/point_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct ChipMean {
    std::size_t trials = 0;
    double accuracy = 0.0;
    double agreement = 0.0;
    double loss = 0.0;
    double squares = 0.0;  // sum over repeats of (accuracy - mean of the chip)^2
};

ChipMean chip_mean(std::span<const TrialAccuracy> trials) {
    ChipMean chip;
    chip.trials = trials.size();
    for (const TrialAccuracy& trial : trials) {
        chip.accuracy += trial.accuracy;
        chip.agreement += trial.agreement;
        chip.loss += trial.loss;
    }
    const double n = static_cast<double>(trials.size());
    chip.accuracy /= n;
    chip.agreement /= n;
    chip.loss /= n;
    for (const TrialAccuracy& trial : trials) {
        chip.squares += (trial.accuracy - chip.accuracy) * (trial.accuracy - chip.accuracy);
    }
    return chip;
}

// Chip means in order of the chip; sorting first makes the sums independent of the given order.
std::vector<ChipMean> chip_means(std::span<const TrialAccuracy> given) {
    std::vector<TrialAccuracy> trials(given.begin(), given.end());
    const auto key_less = [](const TrialAccuracy& a, const TrialAccuracy& b) {
        return a.chip != b.chip ? a.chip < b.chip : a.repeat < b.repeat;
    };
    std::sort(trials.begin(), trials.end(), key_less);
    std::vector<ChipMean> chips;
    for (std::size_t first = 0; first < trials.size();) {
        std::size_t last = first + 1;
        while (last < trials.size() && trials[last].chip == trials[first].chip) {
            ACIM_EXPECT(trials[last].repeat != trials[last - 1].repeat);
            ++last;
        }
        chips.push_back(chip_mean(std::span(trials).subspan(first, last - first)));
        first = last;
    }
    return chips;
}

double mean_of(const std::vector<ChipMean>& chips, double ChipMean::*field) {
    double sum = 0.0;
    for (const ChipMean& chip : chips) sum += chip.*field;
    return sum / static_cast<double>(chips.size());
}

// One-way random-effects analysis of variance with unequal numbers of repeats.
void split_variance(const std::vector<ChipMean>& chips, PointStatistics& out) {
    const double count = static_cast<double>(chips.size());
    double total = 0.0, sum_of_squares = 0.0, weighted = 0.0, within = 0.0;
    for (const ChipMean& chip : chips) {
        const double n = static_cast<double>(chip.trials);
        total += n;
        sum_of_squares += n * n;
        weighted += n * chip.accuracy;
        within += chip.squares;
    }
    const double grand = weighted / total;
    double between = 0.0;
    for (const ChipMean& chip : chips) {
        const double distance = chip.accuracy - grand;
        between += static_cast<double>(chip.trials) * distance * distance;
    }
    const double between_mean = between / (count - 1.0);  // unused with one chip
    if (total > count) {
        const double within_mean = within / (total - count);
        out.temporal_sd = std::sqrt(within_mean);
        out.temporal_removed = chips.size() > 1;
        if (chips.size() < 2) return;
        const double repeats = (total - sum_of_squares / total) / (count - 1.0);
        out.between_chip_sd = std::sqrt(std::max(0.0, (between_mean - within_mean) / repeats));
    } else if (chips.size() > 1) {
        out.between_chip_sd = std::sqrt(between_mean);
    }
}

// Percentile of sorted values, linear between order statistics (type 7 of Hyndman and Fan 1996,
// numpy's default).
double percentile(const std::vector<double>& sorted, double fraction) {
    const double place = fraction * static_cast<double>(sorted.size() - 1);
    const std::size_t below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

void set_interval(const std::vector<double>& means, const TrialConditions& conditions,
                  PointStatistics& out) {
    if (conditions.deterministic) {
        out.ci_low = out.ci_high = out.mean;
        out.ci_kind = IntervalKind::exact;
        out.half_width = 0.0;
        return;
    }
    if (means.size() < 2) return;
    Interval interval = t_interval(means);
    out.ci_kind = IntervalKind::student_t;
    const double resolution = least_half_width(conditions.images, conditions.positions);
    out.half_width = std::max(resolution, (interval.high - interval.low) / 2.0);
    if (interval.high - interval.low < 2.0 * resolution) {
        interval = {out.mean - resolution, out.mean + resolution};
        out.ci_kind = IntervalKind::resolution;
    }
    out.ci_low = std::max(0.0, interval.low);
    out.ci_high = std::min(1.0, interval.high);
}

// Of the mean cross-entropy, for what follows from it; NaN where one chip says nothing.
void set_loss_interval(const std::vector<ChipMean>& chips, const TrialConditions& conditions,
                       PointStatistics& out) {
    if (conditions.deterministic) {
        out.loss_ci_low = out.loss_ci_high = out.loss;
        return;
    }
    std::vector<double> losses;
    for (const ChipMean& chip : chips) losses.push_back(chip.loss);
    const Interval interval = t_interval(losses);
    out.loss_ci_low = std::max(0.0, interval.low);
    out.loss_ci_high = interval.high;
}

PointStatistics unknown_statistics() {
    PointStatistics out;
    for (double* field :
         {&out.mean, &out.between_chip_sd, &out.temporal_sd, &out.ci_low, &out.ci_high,
          &out.half_width, &out.wilson_half_width, &out.p5, &out.p50, &out.p95, &out.min, &out.max,
          &out.agreement, &out.loss, &out.loss_ci_low, &out.loss_ci_high}) {
        *field = nan;
    }
    return out;
}

}  // namespace

double least_half_width(std::uint64_t images, std::uint64_t positions) {
    return 0.5 / static_cast<double>(images * positions);
}

PointStatistics point_statistics(std::span<const TrialAccuracy> trials,
                                 const TrialConditions& conditions) {
    PointStatistics out = unknown_statistics();
    if (trials.empty()) return out;
    ACIM_EXPECT(conditions.images > 0);
    const std::vector<ChipMean> chips = chip_means(trials);
    std::vector<double> means;
    for (const ChipMean& chip : chips) means.push_back(chip.accuracy);
    std::sort(means.begin(), means.end());

    out.trials = static_cast<std::uint32_t>(trials.size());
    out.chips = static_cast<std::uint32_t>(chips.size());
    out.min = means.front();
    out.max = means.back();
    // Rounding must not push the mean outside of the values it is the mean of.
    out.mean = std::clamp(mean_of(chips, &ChipMean::accuracy), out.min, out.max);
    out.agreement = mean_of(chips, &ChipMean::agreement);
    out.loss = mean_of(chips, &ChipMean::loss);
    out.p5 = percentile(means, 0.05);
    out.p50 = percentile(means, 0.50);
    out.p95 = percentile(means, 0.95);
    out.wilson_half_width = wilson_half_width(out.mean, static_cast<double>(conditions.images));
    if (conditions.deterministic) {
        // Means of equal values may differ in the last bit when chips have unequal repeats.
        for (const TrialAccuracy& trial : trials)
            ACIM_EXPECT(trial.accuracy == trials.front().accuracy);
        out.mean = out.min = out.max = out.p5 = out.p50 = out.p95 = trials.front().accuracy;
        out.between_chip_sd = out.temporal_sd = 0.0;
        out.temporal_removed = true;
    } else {
        split_variance(chips, out);
    }
    set_interval(means, conditions, out);
    set_loss_interval(chips, conditions, out);
    return out;
}

Yield yield_at(std::span<const TrialAccuracy> trials, double accuracy_spec) {
    Yield out;
    for (const ChipMean& chip : chip_means(trials)) {
        ++out.chips;
        if (chip.accuracy >= accuracy_spec) ++out.passed;
    }
    out.fraction = out.chips == 0 ? nan : static_cast<double>(out.passed) / out.chips;
    out.interval = clopper_pearson(out.passed, out.chips);
    return out;
}

}  // namespace acim
