// SPDX-License-Identifier: Apache-2.0
#include "host/stats/interval.hpp"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Probability below the upper end of a two-sided interval.
double upper_probability(double confidence) {
    ACIM_EXPECT(confidence > 0.0 && confidence < 1.0);
    return 0.5 * (1.0 + confidence);
}

// Double throughout: Boost's default promotes to long double, which differs between machine types.
// The value to 12 digits: libm's last bits depend on the machine, and intervals are stored.
double portable(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.11e", value);
    return std::strtod(text, nullptr);
}

using Policy = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
using StudentT = boost::math::students_t_distribution<double, Policy>;
using Beta = boost::math::beta_distribution<double, Policy>;
using Normal = boost::math::normal_distribution<double, Policy>;

}  // namespace

double student_t_quantile(double probability, double degrees) {
    ACIM_EXPECT(probability > 0.0 && probability < 1.0 && degrees > 0.0);
    return portable(boost::math::quantile(StudentT(degrees), probability));
}

Interval t_interval(std::span<const double> values, double confidence) {
    const double probability = upper_probability(confidence);
    if (values.size() < 2) return {nan, nan};
    const double n = static_cast<double>(values.size());
    double sum = 0.0;
    for (double value : values) sum += value;
    const double mean = sum / n;
    double squares = 0.0;
    for (double value : values) squares += (value - mean) * (value - mean);
    const double error = std::sqrt(squares / (n - 1.0) / n);
    const double half = student_t_quantile(probability, n - 1.0) * error;
    return {mean - half, mean + half};
}

Interval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double confidence) {
    const double upper = upper_probability(confidence);
    ACIM_EXPECT(successes <= trials);
    const double k = static_cast<double>(successes);
    const double n = static_cast<double>(trials);
    Interval interval{0.0, 1.0};
    if (successes > 0) {
        interval.low = boost::math::quantile(Beta(k, n - k + 1.0), 1.0 - upper);
    }
    if (successes < trials) {
        interval.high = boost::math::quantile(Beta(k + 1.0, n - k), upper);
    }
    return interval;
}

double wilson_half_width(double mean, double trials, double confidence) {
    const double z = boost::math::quantile(Normal(), upper_probability(confidence));
    if (!(trials > 0.0) || std::isnan(mean)) return nan;
    ACIM_EXPECT(mean >= 0.0 && mean <= 1.0);
    const double zz = z * z / trials;
    return z / (1.0 + zz) * std::sqrt(mean * (1.0 - mean) / trials + zz / (4.0 * trials));
}

}  // namespace acim
