// SPDX-License-Identifier: Apache-2.0
#include "host/quant/adc_window.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <tuple>

#include "cuda/trial/cycle_law.hpp"
#include "host/core/error.hpp"
#include "host/quant/nearest_rank.hpp"
#include "host/quant/parallel_images.hpp"
#include "host/quant/window_error.hpp"

namespace acim {
namespace {

constexpr std::int32_t whole = 65536;

// A window on the grid of the search.
struct Candidate {
    int lo = 0, hi = csnr_steps;
    double guess = 0.0;

    AdcWindow window() const {
        constexpr std::int32_t step = whole / csnr_steps;
        return {lo * step, hi * step};
    }
};

// All windows, promising ones first: the sooner a good one is known, the sooner others are refused.
std::vector<Candidate> candidates(const WindowError& error) {
    std::vector<Candidate> out;
    for (int lo = 0; lo < csnr_steps; ++lo)
        for (int hi = lo + 1; hi <= csnr_steps; ++hi) {
            Candidate c{lo, hi, 0.0};
            c.guess = error.guess(c.window());
            out.push_back(c);
        }
    std::ranges::sort(out, {}, [](const Candidate& c) { return std::tuple(c.guess, c.lo, c.hi); });
    return out;
}

// The best window so far. What it ends with does not depend on the order of offers, since only
// windows that are worse than some other are left out.
class BestWindow {
public:
    double error() const {
        const std::lock_guard lock(mutex_);
        return std::get<0>(best_);
    }
    void offer(double error, const Candidate& c) {
        const std::lock_guard lock(mutex_);
        best_ = std::min(best_, std::tuple(error, c.lo, c.hi));
    }
    AdcWindow window() const {
        return Candidate{std::get<1>(best_), std::get<2>(best_), 0.0}.window();
    }

private:
    mutable std::mutex mutex_;
    std::tuple<double, int, int> best_{std::numeric_limits<double>::infinity(), csnr_steps,
                                       csnr_steps};
};

// Refuses a search that would take minutes: terms are counts times the codes within reach of noise
// that is 3 times as many LSB as in the full range, for every candidate.
void check_search(const CountHistogram& histogram, const MacroParams& macro, int weight_bits) {
    constexpr double most = 5e11;
    MacroParams full = macro;
    full.adc.range = AdcRange::full;
    double terms = 0.0;
    for (const CountHistogram::Part& part : histogram.parts) {
        const auto seen = std::ranges::count_if(part.conversions, [](auto n) { return n != 0; });
        const FreshNoise noise =
            fresh_noise(full, cycle_scale(full, weight_bits, part.width), weight_bits);
        const double codes = std::ldexp(1.0, macro.adc.bits);
        const double reach = part.noisy ? 54.0 * (noise.random + noise.nonlinear) + 2.0 : 1.0;
        terms += static_cast<double>(seen) * std::min(codes, reach);
    }
    constexpr double candidates = csnr_steps * (csnr_steps + 1) / 2.0;
    if (terms * candidates <= most) return;
    throw std::invalid_argument(
        "macro.adc.range: csnr would take minutes for this layer's sums, noise and ADC bits; take "
        "percentile, or lower macro.rows, macro.bits_per_cycle, macro.adc.bits or the noise");
}

}  // namespace

LayerSettings with_window(LayerSettings settings, AdcWindow window) {
    AdcParams& adc = settings.macro.adc;
    const bool full = window.lo == 0 && window.hi == whole;
    adc = {.bits = adc.bits, .range = full ? AdcRange::full : AdcRange::window};
    adc.lo = window.lo;
    adc.hi = window.hi;
    return settings;
}

LayerSettings with_any_window(LayerSettings settings) {
    if (!is_calibrated(settings)) return settings;
    settings.macro.adc = {.bits = settings.macro.adc.bits, .range = AdcRange::window};
    return settings;
}

AdcWindow percentile_window(const CountHistogram& histogram, double percentile) {
    const std::uint64_t total = histogram.total();
    if (total == 0) return {};
    std::map<std::int64_t, std::uint64_t> conversions;  // by step, rounded up
    for (const CountHistogram::Part& part : histogram.parts)
        for (std::int64_t s = 0; s <= part.span; ++s)
            conversions[(s * whole + part.span - 1) / part.span] +=
                part.conversions[static_cast<std::size_t>(s)];
    const std::uint64_t rank = nearest_rank(percentile, total);
    std::uint64_t seen = 0;
    for (const auto& [step, n] : conversions)
        if ((seen += n) >= rank)
            return {0, static_cast<std::int32_t>(std::max<std::int64_t>(step, 1))};
    ACIM_EXPECT(false);
    return {};
}

AdcWindow csnr_window(const CountHistogram& histogram, const MacroParams& macro, int weight_bits,
                      int threads) {
    if (histogram.total() == 0) return {};
    check_search(histogram, macro, weight_bits);
    const WindowError error(histogram, macro, weight_bits);
    const std::vector<Candidate> all = candidates(error);
    // Rounding may put a sum this much below the bound that it has in real numbers.
    constexpr double slack = 1.0 - 1e-9;
    BestWindow best;
    const int pool = image_threads(threads, static_cast<std::uint32_t>(all.size()));
    const auto stride = static_cast<std::size_t>(pool);
    parallel_images(0, static_cast<std::uint32_t>(pool), pool,
                    [&](int, std::uint32_t first, std::uint32_t) {
                        for (std::size_t i = first; i < all.size(); i += stride) {
                            const Candidate& c = all[i];
                            const double enough = best.error();
                            if (error.clipped(c.lo, c.hi) * slack > enough) continue;
                            best.offer(error.of(c.window(), enough), c);
                        }
                    });
    return best.window();
}

double window_error(const CountHistogram& histogram, const MacroParams& macro, int weight_bits,
                    AdcWindow window) {
    return WindowError(histogram, macro, weight_bits)
        .of(window, std::numeric_limits<double>::infinity());
}

}  // namespace acim
