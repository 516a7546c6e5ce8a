// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

// Pearson's test of counts against a law.
namespace acim::testing_reference {

// P(chi-square with `dof` degrees of freedom > x): the regularised upper incomplete gamma function
// Q(dof/2, x/2), by its series below the mean and by Lentz's continued fraction above.
inline double chi_square_tail(double x, int dof) {
    const double a = 0.5 * dof, y = 0.5 * x;
    if (y <= 0.0) return 1.0;
    const double front = std::exp(a * std::log(y) - y - std::lgamma(a));
    if (y < a + 1.0) {
        double term = 1.0 / a, sum = term;
        for (int n = 1; n < 10000 && term > 1e-17 * sum; ++n) sum += term *= y / (a + n);
        return 1.0 - front * sum;
    }
    double b = y + 1.0 - a, c = 1e300, d = 1.0 / b, h = d;
    for (int n = 1; n < 10000; ++n) {
        const double an = -n * (n - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (std::abs(d * c - 1.0) < 1e-15) break;
    }
    return front * h;
}

struct ChiSquare {
    double statistic = 0.0;
    int bins = 0;
    double p_value() const { return bins < 2 ? 1.0 : chi_square_tail(statistic, bins - 1); }
};

// Neighbouring codes are pooled until a bin expects at least `least` draws.
inline ChiSquare chi_square(std::span<const std::uint64_t> counts, std::span<const long double> law,
                            double least = 10.0) {
    long double draws = 0.0L;
    for (const std::uint64_t c : counts) draws += static_cast<long double>(c);
    struct Bin {
        double seen = 0.0, expected = 0.0;
    };
    std::vector<Bin> bins(1);
    for (std::size_t i = 0; i < law.size(); ++i) {
        if (bins.back().expected >= least) bins.emplace_back();
        bins.back().seen += static_cast<double>(counts[i]);
        bins.back().expected += static_cast<double>(draws * law[i]);
    }
    if (bins.size() > 1 && bins.back().expected < least) {
        const Bin last = bins.back();
        bins.pop_back();
        bins.back().seen += last.seen;
        bins.back().expected += last.expected;
    }
    ChiSquare out;
    out.bins = static_cast<int>(bins.size());
    for (const Bin& b : bins) {
        const double d = b.seen - b.expected;
        out.statistic += d * d / b.expected;
    }
    return out;
}

}  // namespace acim::testing_reference
