// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/event_law.hpp"

#include "cuda/trial/normal_law.hpp"

namespace acim {
namespace {

constexpr double two_to_64 = 18446744073709551616.0;

// Steps of 2^-64; what rounds to one keeps below it.
std::uint64_t steps(double probability) {
    return probability >= 1.0 ? ~std::uint64_t{0}
                              : static_cast<std::uint64_t>(probability * two_to_64);
}

int reach(double sigma) { return static_cast<int>(9.0 * sigma) + 2; }

double error_slice(int error, double sigma) { return normal_slice(error / sigma, 1.0 / sigma); }

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

double error_probability(double sigma) {
    double sum = 0.0;  // from the rare to the frequent
    for (int k = reach(sigma); k >= 1; --k) sum = sum + 2.0 * error_slice(k, sigma);
    return sum;
}

EventLaw::EventLaw(double sigma, const std::vector<int>& conversions) {
    for (const int k : conversions) conversions_.push_back(static_cast<std::uint8_t>(k));
    const double p = error_probability(sigma);
    const std::vector<double> law = binomial(static_cast<int>(conversions.size()), p);
    double tail = 0.0;
    for (std::size_t j = law.size() - 1; j >= 1; --j) {
        tail = tail + law[j];
        if (const std::uint64_t u = steps(tail); u > 0) at_least_.insert(at_least_.begin(), u);
    }
    if (at_least_.empty()) return;  // no error that a 64-bit uniform could name
    first_error_ = -reach(sigma);
    double below = 0.0;
    for (int k = first_error_; k <= -first_error_; ++k) {
        if (k != 0) below = below + error_slice(k, sigma);
        error_.push_back(steps(below / p));
    }
}

EventLawView EventLaw::view() const {
    EventLawView v;
    v.at_least = at_least_.data();
    v.error = error_.data();
    v.conversion = conversions_.data();
    v.most = static_cast<std::int32_t>(at_least_.size());
    v.errors = static_cast<std::int32_t>(error_.size());
    v.first_error = first_error_;
    v.conversions = static_cast<std::int32_t>(conversions_.size());
    return v;
}

}  // namespace acim
