// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "cuda/model/digital/quantise.hpp"
#include "host/core/error.hpp"
#include "host/quant/calibrate.hpp"
#include "host/quant/nearest_rank.hpp"

namespace acim {
namespace {

constexpr int mse_candidates = 128;

// Magnitude and how often it was seen.
struct WeightedValue {
    double magnitude;
    double count;
};

float magnitude(float x) { return x < 0.0F ? -x : x; }

double squared_error(const std::vector<WeightedValue>& values, double scale, int high) {
    const double largest = high;
    double sum = 0.0;
    for (const WeightedValue& v : values) {
        const double steps = std::min(v.magnitude / scale, largest);
        const double error = v.magnitude - digital::nearest_even(steps) * scale;
        sum += v.count * (error * error);
    }
    return sum;
}

// The candidate i/128 of the largest magnitude with the least squared error; the widest on ties.
double least_error_range(const std::vector<WeightedValue>& values, double abs_max, int high) {
    double best_range = abs_max;
    double best_error = std::numeric_limits<double>::infinity();
    for (int i = mse_candidates; i >= 1; --i) {
        const double range = abs_max * static_cast<double>(i) / mse_candidates;
        const double error = squared_error(values, choose_scale(range, high), high);
        if (error < best_error) {
            best_error = error;
            best_range = range;
        }
    }
    return best_range;
}

// Four points inside every bin that holds something, so that a bin wider than a step of 9 bits does
// not look like one value.
std::vector<WeightedValue> weighted_values(const MagnitudeHistogram& histogram) {
    constexpr int points = 4;
    std::vector<WeightedValue> values;
    const auto counts = histogram.counts();
    for (int bin = 1; bin < MagnitudeHistogram::bins; ++bin) {
        const std::uint64_t n = counts[static_cast<std::size_t>(bin)];
        if (n == 0) continue;
        const double low = MagnitudeHistogram::lower(bin);
        const bool last = bin == MagnitudeHistogram::bins - 1;
        const double width = last ? 0.0 : MagnitudeHistogram::upper(bin) - low;
        for (int p = 0; p < points; ++p)
            values.push_back({low + width * (p + 0.5) / points, static_cast<double>(n) / points});
    }
    return values;
}

// Upper edge of the bin that holds the rank; the largest magnitude where that is the bin of zero.
double histogram_percentile(const InputStatistics& statistics, double percentile) {
    const std::uint64_t rank = nearest_rank(percentile, statistics.histogram.total());
    const auto counts = statistics.histogram.counts();
    std::uint64_t seen = 0;
    int bin = 0;
    while ((seen += counts[static_cast<std::size_t>(bin)]) < rank) ++bin;
    const double abs_max = statistics.abs_max;
    return bin == 0 ? abs_max : std::min(abs_max, MagnitudeHistogram::upper(bin));
}

}  // namespace

double choose_range(std::span<const float> values, RangeRule rule, double percentile, int high) {
    ACIM_EXPECT(!values.empty());
    std::vector<float> magnitudes(values.size());
    std::transform(values.begin(), values.end(), magnitudes.begin(), magnitude);
    const double abs_max = *std::max_element(magnitudes.begin(), magnitudes.end());
    if (abs_max == 0.0 || rule == RangeRule::max) return abs_max;
    if (rule == RangeRule::percentile) {
        const auto nth = magnitudes.begin() + static_cast<std::ptrdiff_t>(
                                                  nearest_rank(percentile, magnitudes.size()) - 1);
        std::nth_element(magnitudes.begin(), nth, magnitudes.end());
        return *nth > 0.0F ? static_cast<double>(*nth) : abs_max;
    }
    std::vector<WeightedValue> weighted;
    for (float m : magnitudes) weighted.push_back({m, 1.0});
    return least_error_range(weighted, abs_max, high);
}

double choose_range(const InputStatistics& statistics, RangeRule rule, double percentile,
                    int high) {
    const double abs_max = statistics.abs_max;
    if (abs_max == 0.0 || rule == RangeRule::max) return abs_max;
    if (rule == RangeRule::percentile) return histogram_percentile(statistics, percentile);
    return least_error_range(weighted_values(statistics.histogram), abs_max, high);
}

float choose_scale(double range, int high) {
    const float scale = static_cast<float>(range) / static_cast<float>(high);
    const bool normal =
        scale >= std::numeric_limits<float>::min() && scale <= std::numeric_limits<float>::max();
    return normal ? scale : 1.0F;
}

}  // namespace acim
