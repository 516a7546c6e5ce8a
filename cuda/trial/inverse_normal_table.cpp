// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/inverse_normal_table.hpp"

#include <array>
#include <bit>
#include <memory>

#include "cuda/model/macro/rounding.hpp"
#include "cuda/trial/normal_law.hpp"

namespace acim {
namespace {

// Chebyshev nodes of four points on [0, 1]: (1 + cos((2i+1) pi/8)) / 2.
constexpr std::array<double, 4> nodes = {0.96193976625564337, 0.69134171618254492,
                                         0.30865828381745514, 0.03806023374435663};

// Tail probability at fraction f of a segment: t = 2^(63-octave) * (1 + (segment + f)/16), p = t/2^65.
double tail_probability(int octave, int segment, double f) {
    const double scale = std::bit_cast<double>(static_cast<std::uint64_t>(1023 - 2 - octave) << 52);
    return scale * (1.0 + (segment + f) / 16.0);
}

// Monomial coefficients of the cubic through (nodes[i], z[i]), by Newton's divided differences.
std::array<double, 4> cubic_through(const std::array<double, 4>& z) {
    std::array<double, 4> d = z;
    for (int level = 1; level < 4; ++level)
        for (int i = 3; i >= level; --i) d[i] = (d[i] - d[i - 1]) / (nodes[i] - nodes[i - level]);
    std::array<double, 4> c = {d[3], 0.0, 0.0, 0.0};
    for (int level = 2; level >= 0; --level) {
        for (int i = 3; i >= 1; --i) c[i] = c[i - 1] - nodes[level] * c[i];
        c[0] = d[level] - nodes[level] * c[0];
    }
    return c;
}

std::unique_ptr<const InverseNormalTable> build() {
    auto table = std::make_unique<InverseNormalTable>();
    constexpr double unit = 1 << InverseNormalTable::coefficient_bits;
    for (int octave = 0; octave < InverseNormalTable::octaves; ++octave) {
        for (int segment = 0; segment < InverseNormalTable::segments; ++segment) {
            std::array<double, 4> z;
            for (int i = 0; i < 4; ++i)
                z[i] = inverse_normal_tail(tail_probability(octave, segment, nodes[i]));
            const auto c = cubic_through(z);
            for (int i = 0; i < 4; ++i)
                table->c[octave][segment][i] =
                    static_cast<std::int32_t>(round_half_even(c[i] * unit));
        }
    }
    return table;
}

}  // namespace

const InverseNormalTable& inverse_normal_table() {
    static const std::unique_ptr<const InverseNormalTable> table = build();
    return *table;
}

}  // namespace acim
