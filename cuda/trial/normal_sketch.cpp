// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/normal_sketch.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/trial/inverse_normal_table.hpp"

namespace acim {
namespace {

// Where float rounding, fused or not, may lead a cubic: each of its four terms passes through at
// most seven roundings of 2^-24.
constexpr double float_roundings = 8.0 / 16777216.0;
// A cell's inner normals leave the span of its ends by no more than twice the error of
// inverse_normal(), 2^-20 each.
constexpr double inner_error = 2.0 / 1048576.0;

// Both ends of a tail cell, turned so that the sign of x is theirs.
struct CellSpan {
    double p, low, high;
    double middle() const { return 0.5 * (low + high); }
};

CellSpan cell_span(std::uint32_t u) {
    const InverseNormalTable& table = inverse_normal_table();
    const auto at = [&](std::uint64_t rest) {
        return -inverse_normal(table, std::uint64_t{u} << 48 | rest) / 16777216.0;
    };
    const double a = at(0), b = at((std::uint64_t{1} << 48) - 1);
    return {2.0 * u + 1.0, std::min(a, b), std::max(a, b)};
}

// Coefficients in p of the polynomial through n <= 4 cells: Newton's divided differences,
// multiplied out.
void interpolate(const CellSpan* nodes, int n, double* c) {
    double newton[4], product[4] = {1.0, 0.0, 0.0, 0.0};
    for (int i = 0; i < n; ++i) newton[i] = nodes[i].middle();
    for (int order = 1; order < n; ++order)
        for (int i = n - 1; i >= order; --i)
            newton[i] = (newton[i] - newton[i - 1]) / (nodes[i].p - nodes[i - order].p);
    std::fill_n(c, 4, 0.0);
    for (int i = 0; i < n; ++i) {
        for (int power = 0; power <= i; ++power) c[power] += newton[i] * product[power];
        for (int power = 3; power >= 0; --power)
            product[power] = (power > 0 ? product[power - 1] : 0.0) - nodes[i].p * product[power];
    }
}

// Nodes as Chebyshev places them: the worst error of the interpolation is then nearly the least.
void fit(NormalSketch& sketch, int segment, const std::vector<CellSpan>& cells) {
    const int n = static_cast<int>(std::min<std::size_t>(4, cells.size()));
    CellSpan nodes[4];
    const auto last = static_cast<double>(cells.size() - 1);
    for (int i = 0; i < n; ++i) {
        const double place = 0.5 - 0.5 * std::cos((2 * i + 1) * std::numbers::pi / (2 * n));
        const auto at = cells.size() <= 4 ? static_cast<std::size_t>(i)
                                          : static_cast<std::size_t>(std::lround(place * last));
        nodes[i] = cells[at];
    }
    double c[4];
    interpolate(nodes, n, c);
    for (int power = 0; power < 4; ++power) sketch.c[power][segment] = static_cast<float>(c[power]);
}

// The farthest that any normal of any cell lies from the polynomial with its float coefficients.
double measured_slack(const NormalSketch& sketch, int segment, const std::vector<CellSpan>& cells) {
    double slack = 0.0;
    for (const CellSpan& cell : cells) {
        double value = 0.0, size = 0.0, power = 1.0;
        for (int i = 0; i < 4; ++i, power *= cell.p) {
            value += sketch.c[i][segment] * power;
            size += std::fabs(sketch.c[i][segment] * power);
        }
        const double reach = std::max(cell.high - value, value - cell.low);
        slack = std::max(slack, reach + inner_error + size * float_roundings);
    }
    return slack;
}

NormalSketch build() {
    std::vector<CellSpan> cells[NormalSketch::segments];
    for (std::uint32_t u = 0; u < 32768; ++u)
        cells[sketch_segment(static_cast<float>(2 * u + 1))].push_back(cell_span(u));
    NormalSketch sketch;
    for (int segment = 0; segment < NormalSketch::segments; ++segment) {
        if (cells[segment].empty()) continue;
        fit(sketch, segment, cells[segment]);
        sketch.slack[segment] =
            static_cast<float>(measured_slack(sketch, segment, cells[segment]) * (1.0 + 1e-6));
    }
    return sketch;
}

}  // namespace

const NormalSketch& normal_sketch() {
    static const NormalSketch sketch = build();
    return sketch;
}

}  // namespace acim
