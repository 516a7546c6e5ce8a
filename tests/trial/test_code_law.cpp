// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/code_law.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "cuda/model/random/code_cell.hpp"
#include "tests/trial/normal_reference.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

constexpr int escape_mark = 1 << 20;  // stands for ESCAPE among offsets

// Sigmas [LSB] on a fine grid up to the largest that a table takes, and fractions of an LSB.
std::vector<double> sigmas() {
    std::vector<double> out = {0.001, 0.003, 0.01, 0.03, 0.05};
    for (double s = 0.06; s < 1.2; s += 0.02) out.push_back(s);
    for (double s = 1.2; s <= 5.95; s += 0.19) out.push_back(s);
    out.push_back(6.0);
    return out;
}
std::vector<double> fractions() {
    return {0.0, 1.0 / 255, 0.1, 1.0 / 3, 0.49, 0.5, 0.51, 0.75, 254.0 / 255};
}

template <class Check>
void for_each_law(const Check& check) {
    for (const double sigma : sigmas())
        for (const double fraction : fractions()) {
            SCOPED_TRACE("sigma " + std::to_string(sigma) + " fraction " +
                         std::to_string(fraction));
            check(sigma, fraction, cell_law(fraction, sigma));
        }
}

// Outcome of each of the 65536 cells: an offset or ESCAPE.
std::vector<int> expand(const std::vector<CellColumn>& columns, std::uint32_t escape) {
    std::vector<int> out;
    for (std::uint32_t u = 0; u < total_cells; ++u) {
        const CellColumn& c = columns[u / cells_per_column];
        const int cell = static_cast<int>(u % cells_per_column);
        out.push_back(u < escape                     ? escape_mark
                      : cell <= c.last_cell_of_first ? c.offset0
                                                     : c.offset1);
    }
    return out;
}

// The plain ascending layout: ESCAPE, then each code's cells in ascending order.
std::vector<int> plain_ascending(const CellLaw& law) {
    std::vector<int> out(law.escape_cells, escape_mark);
    for (std::size_t i = 0; i < law.cells.size(); ++i)
        out.insert(out.end(), law.cells[i], law.first + static_cast<int>(i));
    return out;
}

int most_codes_in_a_column(const std::vector<int>& outcomes) {
    std::size_t most = 0;
    for (std::size_t at = 0; at < outcomes.size(); at += cells_per_column) {
        std::set<int> codes(outcomes.begin() + static_cast<std::ptrdiff_t>(at),
                            outcomes.begin() + static_cast<std::ptrdiff_t>(at + cells_per_column));
        codes.erase(escape_mark);
        most = std::max(most, codes.size());
    }
    return static_cast<int>(most);
}

// Every law up to sigma 6 fits, whatever the fraction; each code has exactly its cells, ESCAPE has
// the first ones.
TEST(CellLayout, GivesEveryCodeItsCells) {
    for_each_law([](double, double, const CellLaw& law) {
        std::uint32_t sum = law.escape_cells;
        for (const std::uint32_t c : law.cells) sum += c;
        ASSERT_EQ(sum, total_cells);
        const auto columns = layout_columns(law);
        ASSERT_TRUE(columns.has_value());
        ASSERT_EQ(columns->size(), static_cast<std::size_t>(cell_columns));
        std::map<int, std::uint32_t> seen;
        for (const int o : expand(*columns, law.escape_cells)) ++seen[o];
        EXPECT_EQ(seen[escape_mark], law.escape_cells);
        for (std::size_t i = 0; i < law.cells.size(); ++i) {
            const int offset = law.first + static_cast<int>(i);
            ASSERT_EQ(seen[offset], law.cells[i]) << "offset " << offset;
            seen.erase(offset);
        }
        seen.erase(escape_mark);
        EXPECT_TRUE(seen.empty());
    });
}

TEST(CellLayout, AscendsWhereverTwoCodesAColumnSuffice) {
    int plain = 0, paired = 0;
    for_each_law([&](double, double, const CellLaw& law) {
        const auto columns = layout_columns(law);
        ASSERT_TRUE(columns.has_value());
        const std::vector<int> ours = expand(*columns, law.escape_cells);
        EXPECT_LE(most_codes_in_a_column(ours), 2);
        const std::vector<int> ascending = plain_ascending(law);
        if (most_codes_in_a_column(ascending) <= 2) {
            ++plain;
            ASSERT_TRUE(ours == ascending);
        } else {
            ++paired;
        }
    });
    EXPECT_GT(plain, 50);  // both kinds occur, so both are tested
    EXPECT_GT(paired, 50);
}

// A column is drawn from the packed form of 32 bits exactly as from the layout.
TEST(CellLayout, PackedColumnsGiveTheSameCodes) {
    for (const double sigma : {0.01, 0.3, 1.0, 3.7, 6.0}) {
        const CellLaw law = cell_law(0.3, sigma);
        const auto columns = layout_columns(law);
        ASSERT_TRUE(columns.has_value());
        const std::vector<int> outcomes = expand(*columns, law.escape_cells);
        for (const int base : {60, 16383 - 60}) {
            std::uint32_t row[cell_columns];
            for (int c = 0; c < cell_columns; ++c) {
                const CellColumn& column = (*columns)[static_cast<std::size_t>(c)];
                row[c] = CodeCell::pack(base + column.offset0, base + column.offset1,
                                        column.last_cell_of_first);
            }
            for (std::uint32_t u = law.escape_cells; u < total_cells; ++u)
                ASSERT_EQ(CodeCell::code(row, u), base + outcomes[u]) << u;
        }
    }
}

TEST(CellLayout, PackHoldsTheExtremes) {
    for (const int code0 : {0, 1, 8191, 16383})
        for (const int delta : {-128, -127, -1, 0, 1, 127})
            for (const int last : {0, 1, 511, 1022, 1023}) {
                const std::uint32_t row[1] = {CodeCell::pack(code0, code0 + delta, last)};
                for (const int u : {0, last, std::min(last + 1, 1023), 1023})
                    ASSERT_EQ(CodeCell::code(row, static_cast<std::uint32_t>(u)),
                              u <= last ? code0 : code0 + delta);
            }
}

// Probability of each offset as it is sampled: whole cells, and its share of ESCAPE.
std::map<int, long double> sampled_law(const CellLaw& law) {
    std::map<int, long double> p;
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < law.cells.size(); ++i) {
        const bool last = i + 1 == law.cells.size();
        const long double share = last ? std::ldexp(1.0L, 64) - static_cast<long double>(before)
                                       : static_cast<long double>(law.residual[i] - before);
        before = law.residual[i];
        p[law.first + static_cast<int>(i)] =
            std::ldexp(static_cast<long double>(law.cells[i]), -16) +
            std::ldexp(share, -64) * law.escape_cells / 65536.0L;
    }
    return p;
}

// SPEC section 7: total variation at most 1e-15 from the law in double precision.
TEST(CellLaw, IsTheNormalLawToOneInTenToTheFifteen) {
    long double worst = 0.0L;
    for_each_law([&](double sigma, double fraction, const CellLaw& law) {
        ASSERT_EQ(law.residual.size(), law.cells.size());
        ASSERT_TRUE(std::ranges::is_sorted(law.residual));
        long double distance = 0.0L, mass = 0.0L;
        for (const auto& [offset, p] : sampled_law(law)) {
            const long double low = (offset - 0.5L - fraction) / sigma;
            const long double high = (offset + 0.5L - fraction) / sigma;
            const long double exact = ref::between(low, high);
            distance += std::abs(p - exact);
            mass += exact;
        }
        distance = (distance + std::abs(1.0L - mass)) / 2;
        worst = std::max(worst, distance);
        EXPECT_LE(distance, 1e-15L) << static_cast<double>(distance);
    });
    RecordProperty("worst_total_variation",
                   std::to_string(static_cast<double>(worst) * 1e15) + "e-15");
}

TEST(CellLaw, ResidualPicksOffsetsByCumulativeProbability) {
    const CellLaw law = cell_law(0.25, 0.7);
    for (std::size_t i = 0; i < law.residual.size(); ++i) {
        const std::uint64_t begin = i == 0 ? 0 : law.residual[i - 1];
        if (begin == law.residual[i]) continue;
        EXPECT_EQ(residual_offset(law, begin), law.first + static_cast<int>(i));
        EXPECT_EQ(residual_offset(law, law.residual[i] - 1), law.first + static_cast<int>(i));
    }
    EXPECT_LE(residual_offset(law, ~std::uint64_t{0}),
              law.first + static_cast<int>(law.cells.size()) - 1);
}

// Correlation of the code errors of two points that share the 16-bit and the escape uniform.
long double error_correlation(double sigma_a, double sigma_b) {
    const CellLaw a = cell_law(0.0, sigma_a), b = cell_law(0.0, sigma_b);
    const std::vector<int> ua = expand(*layout_columns(a), a.escape_cells);
    const std::vector<int> ub = expand(*layout_columns(b), b.escape_cells);
    long double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    constexpr int parts = 64;
    for (std::uint32_t u = 0; u < total_cells; ++u)
        for (int part = 0; part < parts; ++part) {
            const std::uint64_t v = (2 * static_cast<std::uint64_t>(part) + 1) << 57;
            const int ea = ua[u] == escape_mark ? residual_offset(a, v) : ua[u];
            const int eb = ub[u] == escape_mark ? residual_offset(b, v) : ub[u];
            const bool plain = ua[u] != escape_mark && ub[u] != escape_mark;
            const long double weight = plain ? parts : 1;
            sa += weight * ea;
            sb += weight * eb;
            aa += weight * ea * ea;
            bb += weight * eb * eb;
            ab += weight * ea * eb;
            if (plain) break;
        }
    const long double n = static_cast<long double>(total_cells) * parts;
    const long double covariance = ab / n - sa / n * (sb / n);
    return covariance / std::sqrt((aa / n - sa / n * (sa / n)) * (bb / n - sb / n * (sb / n)));
}

// SPEC section 7: common random numbers survive a change of sigma by a tenth.
TEST(CellLayout, ErrorsOfNeighbouringSigmasAreCorrelated) {
    EXPECT_GE(error_correlation(0.25, 0.275), 0.65L);
    for (double sigma = 0.5; sigma <= 5.4001; sigma += 0.1)
        EXPECT_GE(error_correlation(sigma, std::min(1.1 * sigma, 6.0)), 0.9L) << "sigma " << sigma;
}

}  // namespace
}  // namespace acim
