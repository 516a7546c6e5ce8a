// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "cuda/model/macro/params.hpp"
#include "tests/trial/normal_reference.hpp"

// The exact law of one conversion's code, formed from SPEC section 3 in long double and from
// nothing in cuda/.
namespace acim::testing_reference {

struct ConversionCase {
    std::string name;
    MacroParams macro;
    int width = 1;
    int s = 0;

    long double full_scale() const {
        return static_cast<long double>(macro.rows) * ((1 << width) - 1);
    }
    long double codes() const { return (1 << macro.adc.bits) - 1; }
    // Span of one full scale [LSB].
    long double lsb_per_fs() const {
        if (macro.adc.range == AdcRange::counts) return full_scale();
        if (macro.adc.range == AdcRange::full) return codes();
        return codes() * 65536.0L / (macro.adc.hi - macro.adc.lo);
    }
    long double low() const {
        return macro.adc.range == AdcRange::window ? macro.adc.lo / 65536.0L : 0.0L;
    }
    // Position of s [LSB]; for `full` and `counts` a ratio of integers, so that ties are ties.
    long double position() const {
        if (macro.adc.range == AdcRange::counts) return s;
        if (macro.adc.range == AdcRange::full) return s * codes() / full_scale();
        return (s * 65536.0L - full_scale() * macro.adc.lo) * codes() /
               (full_scale() * (macro.adc.hi - macro.adc.lo));
    }
    long double sigma() const {
        const NoiseParams& n = macro.noise;
        const long double random = n.random.unit == NoiseUnit::lsb
                                       ? n.random.sigma
                                       : n.random.sigma / 100.0L * lsb_per_fs();
        const long double nonlinear = n.nonlinear.sigma / 100.0L * lsb_per_fs() /
                                      std::sqrt(s * macro.rows / full_scale() + 1.0L);
        return std::sqrt(random * random + nonlinear * nonlinear);
    }
    int top_code() const {
        return static_cast<int>(
            macro.adc.range == AdcRange::counts ? std::min(codes(), full_scale()) : codes());
    }
};

inline void PrintTo(const ConversionCase& c, std::ostream* out) { *out << c.name; }

// Law of the codes 0 .. top from P(code >= c) for c = 1 .. top.
template <class AtLeast>
std::vector<long double> clipped_law(int top, const AtLeast& at_least) {
    std::vector<long double> law;
    long double above = 1.0L;
    for (int c = 0; c <= top; ++c) {
        const long double next = c == top ? 0.0L : at_least(c + 1);
        law.push_back(above - next);
        above = next;
    }
    return law;
}

// The Gaussian law, both ends clipped.
inline std::vector<long double> gaussian_law(const ConversionCase& c) {
    const long double position = c.position(), sigma = c.sigma();
    return clipped_law(c.top_code(),
                       [&](int code) { return tail((code - 0.5L - position) / sigma); });
}

// The law of the reference path: position on a grid of 2^-16 LSB, sigma on one of 2^-20 LSB, noise
// rounded half up to the first grid, an edge itself belongs to the even code.
inline std::vector<long double> grid_law(const ConversionCase& c) {
    const long double position = std::nearbyint(std::ldexp(c.position(), 16));
    const long double sigma = std::ldexp(std::nearbyint(std::ldexp(c.sigma(), 20)), -4);  // [2^-16]
    return clipped_law(c.top_code(), [&](int code) {
        const long double edge = 65536.0L * code - 32768.0L + (code % 2 != 0 ? 1.0L : 0.0L);
        return tail((edge - position - 0.5L) / sigma);
    });
}

}  // namespace acim::testing_reference
