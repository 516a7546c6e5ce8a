// SPDX-License-Identifier: Apache-2.0
#include "host/run/single_layer.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "cuda/trial/product_kernel.hpp"
#include "host/core/allotment.hpp"
#include "host/core/error.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/run/adc_ranges.hpp"
#include "host/sweep/macro_check.hpp"

namespace acim {
namespace {

// The settings as they stand for this product: attention is always mapped densely, and an ADC range
// that must be calibrated is so on all operands. `window` tells that range.
LayerPlan make_plan(const LayerOperands& operands, const MacFile& macro, int threads,
                    std::optional<AdcWindow>& window, CycleLawCache& cache) {
    LayerSettings settings = macro.settings;
    if (operands.is_attention()) settings.macro.mapping = RowMapping::dense;
    try {
        if (is_calibrated(settings)) {
            window = operand_window(operands, settings, threads);
            settings = with_window(settings, *window);
        }
        return make_layer_plan(settings, operands.shape(), cache);
    } catch (const std::logic_error& error) {
        throw InputError(fmt::format("{}: {}.", macro.file.string(), error.what()));
    }
}

// Measured chips differ without any draw.
void check_seed(const LayerPlan& plan, const MacFile& macro) {
    const bool drawn = plan.random || (plan.per_chip && draws_random(macro.settings.macro));
    if (macro.seed || !drawn) return;
    throw InputError(macro.file.string() +
                     ": key 'seed' is missing, but the macro draws random "
                     "numbers. Add for example seed: 1.");
}

void check_size(const LayerOperands& operands, const LayerPlan& plan, const MacFile& macro,
                bool conversions) {
    const double trials = static_cast<double>(macro.chips) * macro.repeats;
    const double outputs = trials * operands.images * static_cast<double>(operands.elements());
    const double each =
        24.0 +
        (conversions ? 8.0 * plan.groups * static_cast<double>(plan.conversions.size()) : 0.0);
    if (outputs * each <= static_cast<double>(max_layer_result_bytes)) return;
    throw InputError(fmt::format(
        "{}: the result would take {:.1f} GiB ({:.0f} trial(s) of {:.0f} outputs, {:.0f} bytes "
        "each), "
        "but the limit is {} GiB. Take fewer repeats, chips or images{}.",
        macro.file.string(), outputs * each / (1 << 30), trials, outputs / trials, each,
        max_layer_result_bytes >> 30, conversions ? ", or leave out --conversions" : ""));
}

// Puts every conversion where it belongs in the result.
class Recorder : public ConversionObserver {
public:
    Recorder(SingleLayerResult& result, int conversions)
        : result_(result), groups_(result.groups), conversions_(conversions) {}

    void move_to(std::size_t first_output, const OutputMap& map) {
        first_ = first_output;
        map_ = map;
    }
    void observe(int output, int pixel, int group, int k, std::int64_t s,
                 std::int64_t code) override {
        const auto element =
            first_ + static_cast<std::size_t>(map_.first + output * map_.output_stride +
                                              pixel * map_.pixel_stride);
        const std::size_t at = (element * groups_ + group) * conversions_ + k;
        result_.s[at] = static_cast<std::int32_t>(s);
        result_.code[at] = static_cast<std::int32_t>(code);
    }

private:
    SingleLayerResult& result_;
    std::size_t groups_, conversions_;
    std::size_t first_ = 0;
    OutputMap map_;
};

// Packed weights of every part; those of attention differ between images.
class WeightStore {
public:
    WeightStore(const LayerOperands& operands, const LayerPlan& plan, const ProductKernel& kernel,
                PhiloxKey chip, std::uint32_t chip_number)
        : per_image_(operands.is_attention() ? operands.parts : 0) {
        const std::size_t size = static_cast<std::size_t>(operands.outputs) * operands.depth;
        const std::span<const std::int8_t> all(operands.weights);
        ProductSite site;
        site.chip = chip;
        site.chip_number = chip_number;
        site.outputs = operands.outputs * operands.parts;
        for (std::size_t at = 0; at < all.size(); at += size) {
            const auto part = static_cast<int>(at / size) % operands.parts;
            site.first_output = part * operands.outputs;
            packed_.push_back(kernel.pack(plan, operands.outputs, all.subspan(at, size), site));
        }
    }
    const PackedWeights& at(int image, int part) const {
        return *packed_[static_cast<std::size_t>(image) * per_image_ + part];
    }

private:
    std::size_t per_image_;
    std::vector<std::unique_ptr<PackedWeights>> packed_;
};

// Computes one (trial, image) after the other; one worker per thread.
class Worker {
public:
    Worker(const LayerOperands& operands, const LayerPlan& plan, const MacFile& macro,
           SingleLayerResult& result, bool conversions)
        : operands_(operands),
          plan_(plan),
          seed_(macro.seed.value_or(0)),
          repeats_(macro.repeats),
          result_(result),
          recorder_(result, static_cast<int>(plan.conversions.size())),
          kernel_(conversions ? make_reference_kernel(&recorder_) : make_simd_kernel()) {
        const std::size_t count = static_cast<std::size_t>(operands.outputs) * operands.pixels;
        analog_.resize(count);
        digital_.resize(count);
        exact_.resize(count);
    }

    void run(std::uint32_t trial, std::uint32_t image) {
        const std::uint32_t chip = trial / repeats_, repeat = trial % repeats_;
        if (!weights_ || (plan_.per_chip && chip != chip_)) {
            weights_.reset();
            weights_.emplace(operands_, plan_, *kernel_, chip_key(seed_, chip), chip);
            chip_ = chip;
        }
        const std::size_t elements = static_cast<std::size_t>(operands_.elements());
        const std::size_t first = (std::size_t{trial} * operands_.images + image) * elements;
        const ProductPlace place{trial_key(seed_, chip, repeat), 0, image};
        for (int part = 0; part < operands_.parts; ++part) {
            const OutputMap map = operands_.output_map(part);
            recorder_.move_to(first, map);
            const auto inputs = operands_.part_inputs(static_cast<int>(image), part, rows_);
            kernel_->run(plan_, weights_->at(static_cast<int>(image), part), operands_.outputs,
                         operands_.pixels, inputs, map, place, {analog_, digital_, exact_});
            keep(first, map);
        }
    }

private:
    void keep(std::size_t first, const OutputMap& map) {
        for (int m = 0; m < operands_.outputs; ++m) {
            for (int p = 0; p < operands_.pixels; ++p) {
                const std::size_t from = static_cast<std::size_t>(m) * operands_.pixels + p;
                const std::size_t to =
                    first + static_cast<std::size_t>(map.first + m * map.output_stride +
                                                     p * map.pixel_stride);
                std::int64_t a = analog_[from], d = digital_[from];
                if (plan_.path == SamplingPath::product) {
                    a = exact_[from] * plan_.product_to_codes_num / plan_.product_to_codes_den;
                    d = 0;
                }
                result_.analog[to] = a;
                result_.digital[to] = d;
                result_.y[to] = product_value(plan_, a, d, exact_[from]);
            }
        }
    }

    const LayerOperands& operands_;
    const LayerPlan& plan_;
    std::uint64_t seed_;
    std::uint32_t repeats_, chip_ = 0;
    SingleLayerResult& result_;
    Recorder recorder_;
    std::unique_ptr<ProductKernel> kernel_;
    std::optional<WeightStore> weights_;  // of chip_
    std::vector<std::int16_t> rows_;
    std::vector<std::int64_t> analog_, digital_, exact_;
};

SingleLayerResult empty_result(const LayerOperands& operands, const LayerPlan& plan,
                               std::uint32_t trials, bool conversions) {
    SingleLayerResult result;
    result.trials = trials;
    result.path = plan.path;
    result.groups = plan.groups;
    result.planes = static_cast<int>(plan.conversions.size()) / plan.cycles.count;
    result.cycles = plan.cycles.count;
    const std::size_t outputs =
        std::size_t{trials} * operands.images * static_cast<std::size_t>(operands.elements());
    result.y.resize(outputs);
    result.analog.resize(outputs);
    result.digital.resize(outputs);
    result.absent = static_cast<std::int32_t>(no_code(plan));
    if (conversions) {
        result.s.resize(outputs * plan.groups * plan.conversions.size());
        result.code.resize(result.s.size());
    }
    return result;
}

// Jobs 0..count-1, each once, on up to `threads` threads; the first exception is thrown here.
template <class MakeWorker, class Job>
void run_jobs(std::uint64_t count, int threads, MakeWorker make_worker, Job job) {
    std::atomic<std::uint64_t> next{0};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto loop = [&] {
        try {
            auto worker = make_worker();
            for (std::uint64_t i = next++; i < count; i = next++) job(worker, i);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::current_exception();
            next = count;
        }
    };
    if (threads <= 0) threads = usable_cores();
    {
        std::vector<std::jthread> pool;
        try {
            for (int t = 1; t < threads && static_cast<std::uint64_t>(t) < count; ++t)
                pool.emplace_back(loop);
        } catch (const std::system_error&) {  // fewer threads give the same results
        }
        loop();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

SingleLayerResult run_single_layer(const LayerOperands& operands, const MacFile& macro,
                                   const SingleLayerOptions& options) {
    CycleLawCache cache;
    std::optional<AdcWindow> window;
    const LayerPlan plan = make_plan(operands, macro, options.threads, window, cache);
    check_seed(plan, macro);
    check_size(operands, plan, macro, options.conversions);
    const std::uint32_t trials = macro.chips * macro.repeats;
    SingleLayerResult result = empty_result(operands, plan, trials, options.conversions);
    result.adc_window = window;
    const auto images = static_cast<std::uint32_t>(operands.images);
    run_jobs(
        std::uint64_t{trials} * images, options.threads,
        [&] { return Worker(operands, plan, macro, result, options.conversions); },
        [&](Worker& worker, std::uint64_t job) {
            worker.run(static_cast<std::uint32_t>(job / images),
                       static_cast<std::uint32_t>(job % images));
        });
    return result;
}

}  // namespace acim
