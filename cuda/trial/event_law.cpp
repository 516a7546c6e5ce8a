// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/event_law.hpp"

#include "cuda/trial/normal_law.hpp"
#include "cuda/trial/require.hpp"

namespace acim {
namespace {

constexpr double two_to_64 = 18446744073709551616.0;

// Steps of 2^-64; what rounds to one keeps below it.
std::uint64_t steps(double probability) {
    return probability >= 1.0 ? ~std::uint64_t{0}
                              : static_cast<std::uint64_t>(probability * two_to_64);
}

// P(j events) of n conversions that err with probability p, j = 0 .. n.
std::vector<double> binomial(int n, double p) {
    const double q = 1.0 - p;
    double none = 1.0;
    for (int i = 0; i < n; ++i) none = none * q;
    std::vector<double> law{none};
    for (int j = 0; j < n; ++j) law.push_back(law.back() * (n - j) / (j + 1) * (p / q));
    return law;
}

}  // namespace

double error_probability(double sigma) { return 2.0 * normal_tail(0.5 / sigma); }

EventLaw::EventLaw(double sigma, int conversions) {
    require(conversions >= 1 && conversions <= max_column_conversions,
            "a block holds the conversions of one output");
    const double p = error_probability(sigma);
    require(p <= most_event_probability, "errors are too frequent for path events");
    if (p == 0.0) return;  // an error that not even a double could name
    const std::vector<double> law = binomial(conversions, p);
    double tail = 0.0;
    for (std::size_t j = law.size() - 1; j >= 1; --j) {
        tail = tail + law[j];
        if (const std::uint64_t u = steps(tail); u > 0) at_least_.insert(at_least_.begin(), u);
    }
    set_errors(sigma, p);
    view_.most = static_cast<std::int32_t>(at_least_.size());
    view_.conversions = conversions;
}

// Bounds of the errors -a .. -1, 1 .. a whose law a uniform of 64 bits can name.
void EventLaw::set_errors(double sigma, double p) {
    constexpr int most = event_errors / 2 - 1;
    int i = 0;
    for (int a = most; a >= 1; --a) {
        const std::uint64_t u = steps(normal_tail((a - 0.5) / sigma) / p);
        if (u == 0) continue;
        view_.bound[i++] = u - 1;
        ++view_.below;
    }
    for (int a = 1; i < event_errors - 1; ++a)
        view_.bound[i++] = ~steps(normal_tail((a + 0.5) / sigma) / p);
}

EventLawView EventLaw::view() const {
    EventLawView v = view_;
    v.at_least = at_least_.data();
    return v;
}

}  // namespace acim
