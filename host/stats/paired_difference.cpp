// SPDX-License-Identifier: Apache-2.0
#include "host/stats/paired_difference.hpp"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstddef>
#include <limits>

#include "host/core/error.hpp"

namespace acim {
namespace {

// Set bits of `mask` byte by byte over the first `images` bits of a & ~b.
std::uint64_t count_only(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                         std::uint64_t images) {
    std::uint64_t count = 0;
    for (std::uint64_t first = 0; first < images; first += 8) {
        const std::size_t byte = static_cast<std::size_t>(first / 8);
        const unsigned used = static_cast<unsigned>(std::min<std::uint64_t>(8, images - first));
        const unsigned mask = (1U << used) - 1U;
        count += static_cast<std::uint64_t>(
            std::popcount(static_cast<unsigned>(a[byte]) & ~static_cast<unsigned>(b[byte]) & mask));
    }
    return count;
}

// Exact two-sided binomial test that a discordant image is equally likely on either side.
double mcnemar_p_value(std::uint64_t only_a, std::uint64_t only_b) {
    const double discordant = static_cast<double>(only_a + only_b);
    if (discordant == 0.0) return 1.0;
    const double smaller = static_cast<double>(std::min(only_a, only_b));
    const boost::math::binomial_distribution<double> law(discordant, 0.5);
    return std::min(1.0, 2.0 * boost::math::cdf(law, smaller));
}

}  // namespace

PairedDifference paired_difference(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                                   std::uint64_t images) {
    const std::size_t bytes = static_cast<std::size_t>((images + 7) / 8);
    ACIM_EXPECT(a.size() >= bytes && b.size() >= bytes);
    PairedDifference result;
    result.images = images;
    if (images == 0) {
        constexpr double nan = std::numeric_limits<double>::quiet_NaN();
        result.difference = nan;
        result.interval = {nan, nan};
        return result;
    }
    result.only_a = count_only(a, b, images);
    result.only_b = count_only(b, a, images);
    result.p_value = mcnemar_p_value(result.only_a, result.only_b);

    const double n = static_cast<double>(images);
    const double more_a = static_cast<double>(result.only_a);
    const double more_b = static_cast<double>(result.only_b);
    result.difference = (more_a - more_b) / n;

    // Agresti and Min, Statistics in Medicine 24 (2005) 729: Wald's interval after adding half an
    // image to each of the four cells.
    const double total = n + 2.0;
    const double centre = (more_a - more_b) / total;
    const double discordant = (more_a + more_b + 1.0) / total;
    const double z = boost::math::quantile(boost::math::normal_distribution<double>(), 0.975);
    const double half = z * std::sqrt((discordant - centre * centre) / total);
    result.interval = {std::max(-1.0, centre - half), std::min(1.0, centre + half)};
    return result;
}

}  // namespace acim
