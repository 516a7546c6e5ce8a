// SPDX-License-Identifier: Apache-2.0
#include "host/quant/window_error.hpp"

#include <algorithm>
#include <cmath>

#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/noise.hpp"
#include "cuda/trial/cycle_law.hpp"
#include "cuda/trial/normal_law.hpp"

namespace acim {
namespace {

// Beyond that many sigma a code has a probability below 2.3e-19: nothing in a double.
constexpr double reach = 9.0;

// Q(z) for |z| <= 9.5 from a table of Q and the density at steps of 2^-6, continued by Taylor's
// series: absolute error below 2e-15. A search takes millions of tails, and normal_tail() about a
// microsecond for each.
class TailTable {
public:
    TailTable() {
        for (int i = -range; i <= range; ++i) {
            const double z = static_cast<double>(i) / steps;
            tail_.push_back(normal_tail(z));
            density_.push_back(0.39894228040143268 * exp_minus(0.5 * z * z));
        }
    }
    double operator()(double z) const {
        const std::int64_t nearest = round_half_even(z * steps);
        const double x = static_cast<double>(nearest) / steps, d = z - x;
        const auto i = static_cast<std::size_t>(nearest + range);
        // Q(x + d) = Q(x) - density(x)*(d - He1 d^2/2! + He2 d^3/3! - He3 d^4/4! + He4 d^5/5!)
        const double x2 = x * x;
        const double he3 = x * (x2 - 3.0), he4 = x2 * (x2 - 6.0) + 3.0;
        const double series =
            d *
            (1.0 - d * (x / 2.0 - d * ((x2 - 1.0) / 6.0 - d * (he3 / 24.0 - d * (he4 / 120.0)))));
        return tail_[i] - density_[i] * series;
    }

private:
    static constexpr int steps = 64, range = 10 * steps;
    std::vector<double> tail_, density_;
};

const TailTable& tail_table() {
    static const TailTable table;
    return table;
}

// E[(code - position)^2] [LSB^2] for code = clip(rne(position + sigma*z)). With `first` a code that
// all draws within reach come up to,
//   E = (first - position)^2 + sum over codes c > first of P(code >= c)*((c-p)^2 - (c-1-p)^2)
// and P(code >= c) = Q(z_c), z_c = (c - 1/2 - p)/sigma, so that each term is 2*sigma*z_c*Q(z_c).
double noisy_error(double position, double sigma, std::int32_t top) {
    const TailTable& tail = tail_table();
    const auto code = [top](double x) {
        const double limit = top;
        return static_cast<std::int32_t>(x < 0.5 ? 0.0 : x > limit ? limit : x + 0.5);
    };
    const std::int32_t first = code(position - reach * sigma);
    const std::int32_t last = code(position + reach * sigma);
    double sum = 0.0;
    for (std::int32_t c = first + 1; c <= last; ++c) {
        const double z = (c - 0.5 - position) / sigma;
        sum += z * tail(z);
    }
    const double base = first - position;
    const double error = base * base + 2.0 * sigma * sum;
    return error > 0.0 ? error : 0.0;  // what cancels may leave a rounding error
}

// The same without noise.
double quiet_error(const AdcScale& scale, std::int64_t s, double position) {
    const double error = ideal_code(scale, s) - position;
    return error * error;
}

}  // namespace

WindowError::WindowError(const CountHistogram& histogram, const MacroParams& macro, int weight_bits)
    : macro_(macro),
      weight_bits_(weight_bits),
      below_(csnr_steps + 1, 0.0),
      above_(csnr_steps + 1, 0.0) {
    const MeasuredErrorTable* table =
        macro.measured.scope == ErrorScope::fresh ? macro.measured.table.get() : nullptr;
    for (const CountHistogram::Part& part : histogram.parts) {
        parts_.push_back({part.width, part.noisy && !macro.noise.inject.active, {}});
        for (std::int64_t s = 0; s <= part.span; ++s) {
            const std::uint64_t n = part.conversions[static_cast<std::size_t>(s)];
            if (n == 0) continue;
            const double measured =
                table == nullptr ? 0.0
                                 : interpolate(table->sum, table->sigma, static_cast<double>(s));
            parts_.back().counts.push_back({s, static_cast<double>(n), measured});
            add_clipped(static_cast<double>(s) / static_cast<double>(part.span),
                        static_cast<double>(n));
            conversions_ += static_cast<double>(n);
        }
    }
}

void WindowError::add_clipped(double at, double conversions) {
    for (int bound = 0; bound <= csnr_steps; ++bound) {
        const double distance = at - static_cast<double>(bound) / csnr_steps;
        auto& side = distance < 0.0 ? below_ : above_;
        side[static_cast<std::size_t>(bound)] += conversions * (distance * distance);
    }
}

MacroParams WindowError::with(AdcWindow window) const {
    MacroParams macro = macro_;
    macro.adc.range = AdcRange::window;
    macro.adc.lo = window.lo;
    macro.adc.hi = window.hi;
    return macro;
}

double WindowError::of(AdcWindow window, double enough) const {
    const MacroParams macro = with(window);
    double sum = 0.0;
    for (const Part& part : parts_) {
        const AdcScale scale = cycle_scale(macro, weight_bits_, part.width);
        const FreshNoise noise = fresh_noise(macro, scale, weight_bits_);
        const double unit = 1.0 / (scale.lsb_per_fs * scale.lsb_per_fs);  // [FS^2/LSB^2]
        for (const Count& count : part.counts) {
            const double position = static_cast<double>(count.s * scale.mul - scale.sub) /
                                    static_cast<double>(scale.den);
            double sigma = part.noisy ? total_sigma(noise, count.s) : 0.0;
            if (part.noisy && count.measured != 0.0)
                sigma = sqrt(sigma * sigma + count.measured * count.measured);
            const double error = sigma > 0.0 ? noisy_error(position, sigma, scale.code_max)
                                             : quiet_error(scale, count.s, position);
            sum += count.conversions * (error * unit);
            if (sum > enough) return sum;
        }
    }
    return sum;
}

double WindowError::guess(AdcWindow window) const {
    const MacroParams macro = with(window);
    constexpr int step = 65536 / csnr_steps;
    const double outside = clipped(window.lo / step, window.hi / step);
    if (parts_.empty()) return outside;
    const AdcScale scale = cycle_scale(macro, weight_bits_, parts_.front().width);
    const double sigma = total_sigma(fresh_noise(macro, scale, weight_bits_), 0);
    const double step_error = (1.0 / 12.0 + sigma * sigma) / (scale.lsb_per_fs * scale.lsb_per_fs);
    return outside + conversions_ * step_error;
}

}  // namespace acim
