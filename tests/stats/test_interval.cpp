// SPDX-License-Identifier: Apache-2.0
#include "host/stats/interval.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "host/core/error.hpp"

namespace acim {
namespace {

// References: quantiles of Student's t from mpmath with 40 digits (scipy 1.10.1 is off by 2e-10);
// scipy.stats.t.interval, beta.ppf and norm.ppf for the rest, printed with repr. Quantiles of t are
// rounded to 12 digits on purpose, which is up to 5e-12 of the value.
constexpr double relative = 5e-12;

void expect_close(double value, double reference) {
    EXPECT_NEAR(value, reference, relative * std::abs(reference));
}

TEST(StudentT, QuantilesEqualMpmath) {
    expect_close(student_t_quantile(0.975, 1), 12.706204736174705);
    expect_close(student_t_quantile(0.975, 2), 4.302652729749464);
    expect_close(student_t_quantile(0.975, 3), 3.1824463052837096);
    expect_close(student_t_quantile(0.975, 7), 2.3646242515927854);
    expect_close(student_t_quantile(0.975, 30), 2.0422724563012383);
    expect_close(student_t_quantile(0.995, 5), 4.032142983555228);
    expect_close(student_t_quantile(0.95, 9), 1.8331129326562372);
}

TEST(StudentT, IntervalEqualsScipy) {
    const std::vector<double> values = {0.91, 0.92, 0.905, 0.93};
    const Interval interval = t_interval(values);
    expect_close(interval.low, 0.8986084607053435);
    expect_close(interval.high, 0.9338915392946567);
}

TEST(StudentT, OneValueGivesNoInterval) {
    const std::vector<double> one = {0.9};
    EXPECT_TRUE(std::isnan(t_interval(one).low));
    EXPECT_TRUE(std::isnan(t_interval(one).high));
    EXPECT_TRUE(std::isnan(t_interval({}).low));
}

TEST(StudentT, RefusesImpossibleArguments) {
    EXPECT_THROW(student_t_quantile(1.0, 3), ContractError);
    EXPECT_THROW(student_t_quantile(0.5, 0), ContractError);
    EXPECT_THROW(t_interval({}, 1.0), ContractError);
}

TEST(ClopperPearson, EqualsTables) {
    struct Case {
        std::uint64_t successes, trials;
        double low, high;
    };
    const std::vector<Case> cases = {
        {0, 10, 0.0, 0.3084971078187608},
        {1, 10, 0.0025285785444617848, 0.4450161170281954},
        {5, 10, 0.18708602844739855, 0.8129139715526015},
        {10, 10, 0.6915028921812392, 1.0},
        {0, 4, 0.0, 0.6023646356164746},
        {19, 20, 0.7512672372279722, 0.9987349105020502},
        {50, 100, 0.39832112950330106, 0.6016788704966989},
        {3, 8, 0.08523341413725354, 0.7551367836334484},
    };
    for (const Case& c : cases) {
        const Interval interval = clopper_pearson(c.successes, c.trials);
        // Quantiles of the beta distribution come from a root finder: a little looser.
        EXPECT_NEAR(interval.low, c.low, 1e-10) << c.successes << "/" << c.trials;
        EXPECT_NEAR(interval.high, c.high, 1e-10) << c.successes << "/" << c.trials;
    }
    // Closed form where all pass: low = 0.025^(1/n).
    EXPECT_NEAR(clopper_pearson(37, 37).low, std::pow(0.025, 1.0 / 37.0), 1e-12);
}

TEST(ClopperPearson, NoTrialsSayNothing) {
    EXPECT_EQ(clopper_pearson(0, 0).low, 0.0);
    EXPECT_EQ(clopper_pearson(0, 0).high, 1.0);
    EXPECT_THROW(clopper_pearson(2, 1), ContractError);
}

// Exact, by summing the binomial law: the coverage is at least 95 % for every true proportion.
TEST(ClopperPearson, CoversAtLeastItsConfidence) {
    for (const unsigned n : {1U, 4U, 10U, 33U}) {
        std::vector<Interval> intervals;
        for (unsigned k = 0; k <= n; ++k) intervals.push_back(clopper_pearson(k, n));
        for (double p = 0.005; p < 1.0; p += 0.005) {
            double coverage = 0.0;
            for (unsigned k = 0; k <= n; ++k) {
                if (p < intervals[k].low || p > intervals[k].high) continue;
                const double choose =
                    std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
                coverage += std::exp(choose + k * std::log(p) + (n - k) * std::log1p(-p));
            }
            EXPECT_GE(coverage, 0.95 - 1e-9) << "n " << n << " p " << p;
        }
    }
}

TEST(Wilson, EqualsClosedForm) {
    expect_close(wilson_half_width(0.5, 100), 0.09616846963400437);
    expect_close(wilson_half_width(0.9, 500), 0.026372173447319194);
    expect_close(wilson_half_width(0.0, 20), 0.08056257902640969);
    expect_close(wilson_half_width(1.0, 500), 0.00381217023077612);
    EXPECT_TRUE(std::isnan(wilson_half_width(0.5, 0)));
    EXPECT_TRUE(std::isnan(wilson_half_width(std::nan(""), 10)));
}

}  // namespace
}  // namespace acim
