// SPDX-License-Identifier: Apache-2.0
// Path events draws the errors of a block from the law of its conversions: binomial count, uniform
// places, Gaussian errors. Odds: seeds are fixed; a correct sampler fails a case with probability
// 1e-6 when the seed is chosen.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cuda/trial/event_law.hpp"
#include "tests/trial/chi_square.hpp"
#include "tests/trial/normal_reference.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

constexpr double least_p = 1e-6;
constexpr std::uint32_t blocks = 4'000'000;
const double sigmas[] = {0.05, 0.1, 0.128, 0.15, 0.191, 0.194};

long double error_of(long double sigma) { return 2.0L * ref::tail(0.5L / sigma); }

// P(at least j of n err).
std::vector<long double> binomial_tails(int n, long double p) {
    std::vector<long double> tails(static_cast<std::size_t>(n) + 1, 0.0L);
    for (int j = n; j >= 1; --j) {
        const long double ways =
            std::lgamma(n + 1.0L) - std::lgamma(j + 1.0L) - std::lgamma(n - j + 1.0L);
        const long double here = std::exp(ways + j * std::log(p) + (n - j) * std::log1p(-p));
        tails[static_cast<std::size_t>(j)] =
            here + (j < n ? tails[static_cast<std::size_t>(j) + 1] : 0.0L);
    }
    tails[0] = 1.0L;
    return tails;
}

TEST(EventLaw, ProbabilityIsThatOfTwoTails) {
    for (const double sigma : sigmas)
        EXPECT_LE(std::abs(error_probability(sigma) / error_of(sigma) - 1.0L), 1e-13L) << sigma;
    EXPECT_EQ(error_probability(1e-6), 0.0);
    EXPECT_LE(error_probability(0.1941), most_event_probability);
    EXPECT_GT(error_probability(0.1942), most_event_probability);
}

// Within 1e-15 a conversion, the accuracy of the normal tails that the law is made from.
TEST(EventLaw, CountsAreBinomial) {
    constexpr long double steps = 18446744073709551616.0L;
    for (const double sigma : sigmas) {
        for (const int n : {1, 2, 64, 126}) {
            const EventLaw law(sigma, n);
            const auto tails = binomial_tails(n, error_of(sigma));
            for (int j = 1; j <= n; ++j) {
                const auto i = static_cast<std::size_t>(j) - 1;
                const long double found =
                    i < law.at_least().size() ? law.at_least()[i] / steps : 0.0L;
                EXPECT_LE(std::abs(found - tails[static_cast<std::size_t>(j)]), 1e-15L * n)
                    << sigma << " " << n << " " << j;
            }
            EXPECT_TRUE(std::ranges::is_sorted(law.at_least(), std::greater<>()));
        }
    }
}

TEST(EventLaw, ErrorsAreGaussianAndNeverZero) {
    constexpr long double steps = 18446744073709551616.0L;
    for (const double sigma : sigmas) {
        const EventLawView law = EventLaw(sigma, 8).view();
        if (law.most == 0) continue;
        EXPECT_TRUE(std::ranges::is_sorted(law.bound));
        EXPECT_EQ(event_error(law, std::uint64_t{1} << 62), -1);
        EXPECT_EQ(event_error(law, std::uint64_t{3} << 62), 1);
        EXPECT_EQ(event_error(law, (std::uint64_t{1} << 63) - 1), -1);
        EXPECT_EQ(event_error(law, std::uint64_t{1} << 63), 1);
        // Two steps: the outermost parts of either side, as long as 64 bits name them.
        const long double two = ref::tail(1.5L / sigma) / error_of(sigma);
        const std::uint64_t low = law.below == 2 ? law.bound[0] + 1 : 0;
        EXPECT_LE(std::abs(low / steps - two), 1e-13L * two + 1.0L / steps) << sigma;
        if (low > 0) {
            EXPECT_EQ(event_error(law, low - 1), -2);
            EXPECT_EQ(event_error(law, ~(low - 1)), 2);
        }
        EXPECT_EQ(event_error(law, low), -1);
        EXPECT_EQ(event_error(law, ~low), 1);
        // Three steps: nothing.
        EXPECT_LT(ref::tail(2.5L / sigma) / error_of(sigma) * steps, 1.0L);
        EXPECT_LE(std::abs(event_error(law, 0)), 2);
        EXPECT_LE(event_error(law, ~std::uint64_t{0}), 2);
    }
}

TEST(EventLaw, FrequentErrorsAreRefused) {
    EXPECT_THROW(EventLaw(0.195, 8), std::invalid_argument);
}

TEST(EventLaw, NoEventsWhereNoUniformCouldNameOne) {
    EXPECT_EQ(EventLaw(1e-3, 64).view().most, 0);
    EXPECT_GT(EventLaw(0.06, 64).view().most, 0);  // p = 7.9e-17
}

using Event = std::pair<std::int32_t, std::int32_t>;

std::vector<Event> events_of(const EventLawView& law, std::uint32_t element) {
    const PhiloxKey key = trial_key(11, 2, 3);
    const FreshPlace place{element, 5, 17, 4};
    std::vector<Event> events;
    BlockEvents draws(law, event_count_call(key, place).w[place.group % 4], key, place);
    while (draws.next()) events.emplace_back(draws.k, draws.error);
    return events;
}

class EventDraws : public testing::TestWithParam<std::pair<double, int>> {};

TEST_P(EventDraws, FollowTheLaw) {
    const auto [sigma, n] = GetParam();
    const EventLaw law(sigma, n);
    const std::size_t size = static_cast<std::size_t>(n);
    std::vector<std::uint64_t> counts(size + 1, 0), places(size, 0), signs(2, 0), pairs(size, 0);
    for (std::uint32_t element = 0; element < blocks; ++element) {
        const auto events = events_of(law.view(), element);
        ++counts[events.size()];
        for (const auto& [k, error] : events) {
            ++places[static_cast<std::size_t>(k)];
            ++signs[error > 0 ? 1 : 0];
        }
        // How far apart the first two are, around the block: uniform among 1 .. n - 1.
        if (events.size() > 1)
            ++pairs[static_cast<std::size_t>((events[1].first - events[0].first + n) % n)];
    }
    const auto tails = binomial_tails(n, error_of(sigma));
    std::vector<long double> law_of_counts;
    for (std::size_t j = 0; j <= size; ++j)
        law_of_counts.push_back(tails[j] - (j < size ? tails[j + 1] : 0.0L));
    EXPECT_GT(ref::chi_square(counts, law_of_counts).p_value(), least_p);
    EXPECT_EQ(pairs[0], 0u);  // no conversion errs twice
    const std::vector<long double> uniform(size, 1.0L / n), even(2, 0.5L);
    EXPECT_GT(ref::chi_square(places, uniform).p_value(), least_p);
    EXPECT_GT(ref::chi_square(signs, even).p_value(), least_p);
    pairs.erase(pairs.begin());
    const std::vector<long double> apart(size - 1, 1.0L / (n - 1));
    EXPECT_GT(ref::chi_square(pairs, apart).p_value(), least_p);
}

INSTANTIATE_TEST_SUITE_P(Sigmas, EventDraws,
                         testing::Values(std::pair{0.128, 64}, std::pair{0.191, 64},
                                         std::pair{0.194, 126}, std::pair{0.194, 6}));

// Common random numbers: more noise adds events and moves none; only the rare second code up or
// down may follow from more noise.
TEST(EventLaw, MoreNoiseAddsEventsAndMovesNone) {
    const EventLaw less(0.16, 64), more(0.19, 64);
    std::uint64_t kept = 0, added = 0;
    for (std::uint32_t element = 0; element < 200'000; ++element) {
        const auto few = events_of(less.view(), element), many = events_of(more.view(), element);
        ASSERT_GE(many.size(), few.size());
        for (std::size_t i = 0; i < few.size(); ++i) ASSERT_EQ(few[i], many[i]);
        kept += few.size();
        added += many.size() - few.size();
    }
    EXPECT_GT(kept, 10'000u);   // 200,000 * 64 * 1.8e-3 = 23,000
    EXPECT_GT(added, 70'000u);  // 200,000 * 64 * 6.7e-3 = 86,000
}

}  // namespace
}  // namespace acim
