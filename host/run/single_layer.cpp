// SPDX-License-Identifier: Apache-2.0
#include "host/run/single_layer.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <span>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "cuda/trial/product_kernel.hpp"
#include "host/core/error.hpp"
#include "host/engine/simd_kernel.hpp"

namespace acim {
namespace {

// The settings as they stand for this product: attention is always mapped densely.
LayerPlan make_plan(const LayerOperands& operands, const MacFile& macro, CycleLawCache& cache) {
    LayerSettings settings = macro.settings;
    if (operands.is_attention()) settings.macro.mapping = RowMapping::dense;
    try {
        return make_layer_plan(settings, operands.shape(), cache);
    } catch (const std::logic_error& error) {
        throw InputError(fmt::format("{}: {}.", macro.file.string(), error.what()));
    }
}

void check_seed(const LayerPlan& plan, const MacFile& macro) {
    if (macro.seed || plan.path == SamplingPath::product || plan.path == SamplingPath::lut) return;
    throw InputError(macro.file.string() +
                     ": key 'seed' is missing, but macro.noise draws random "
                     "numbers. Add for example seed: 1.");
}

void check_size(const LayerOperands& operands, const LayerPlan& plan, const MacFile& macro,
                bool conversions) {
    const double outputs = static_cast<double>(macro.repeats) * operands.images *
                           static_cast<double>(operands.elements());
    const double each =
        24.0 +
        (conversions ? 8.0 * plan.groups * static_cast<double>(plan.conversions.size()) : 0.0);
    if (outputs * each <= static_cast<double>(max_layer_result_bytes)) return;
    throw InputError(fmt::format(
        "{}: the result would take {:.1f} GiB ({} repeat(s) of {:.0f} outputs, {:.0f} bytes each), "
        "but "
        "the limit is {} GiB. Take fewer repeats or images{}.",
        macro.file.string(), outputs * each / (1 << 30), macro.repeats, outputs / macro.repeats,
        each, max_layer_result_bytes >> 30, conversions ? ", or leave out --conversions" : ""));
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

// Lays the inputs of every output position of one convolution group side by side:
// [pixels][c][kh][kw]; padding is 0.
void gather_windows(const ConvGeometry& c, std::span<const std::int16_t> image, int group,
                    std::vector<std::int16_t>& rows) {
    const int channels = c.in_channels / c.groups;
    rows.clear();
    for (int oy = 0; oy < c.out_height; ++oy)
        for (int ox = 0; ox < c.out_width; ++ox)
            for (int ch = group * channels; ch < (group + 1) * channels; ++ch)
                for (int kh = 0; kh < c.kernel_height; ++kh)
                    for (int kw = 0; kw < c.kernel_width; ++kw) {
                        const int y = oy * c.stride_height - c.pad_top + kh * c.dilation_height;
                        const int x = ox * c.stride_width - c.pad_left + kw * c.dilation_width;
                        const bool inside = y >= 0 && y < c.in_height && x >= 0 && x < c.in_width;
                        const std::size_t at =
                            (static_cast<std::size_t>(ch) * c.in_height + y) * c.in_width + x;
                        rows.push_back(inside ? image[at] : std::int16_t{0});
                    }
}

// Packed weights of every part; those of attention differ between images.
class WeightStore {
public:
    WeightStore(const LayerOperands& operands, const LayerPlan& plan, const ProductKernel& kernel)
        : per_image_(operands.is_attention() ? operands.parts : 0) {
        const std::size_t size = static_cast<std::size_t>(operands.outputs) * operands.depth;
        const std::span<const std::int8_t> all(operands.weights);
        for (std::size_t at = 0; at < all.size(); at += size)
            packed_.push_back(kernel.pack(plan, operands.outputs, all.subspan(at, size)));
    }
    const PackedWeights& at(int image, int part) const {
        return *packed_[static_cast<std::size_t>(image) * per_image_ + part];
    }

private:
    std::size_t per_image_;
    std::vector<std::unique_ptr<PackedWeights>> packed_;
};

// Computes one (repeat, image) after the other; one worker per thread.
class Worker {
public:
    Worker(const LayerOperands& operands, const LayerPlan& plan, std::uint64_t seed,
           SingleLayerResult& result, bool conversions)
        : operands_(operands),
          plan_(plan),
          seed_(seed),
          result_(result),
          recorder_(result, static_cast<int>(plan.conversions.size())),
          kernel_(conversions ? make_reference_kernel(&recorder_) : make_simd_kernel()),
          weights_(operands, plan, *kernel_) {
        const std::size_t count = static_cast<std::size_t>(operands.outputs) * operands.pixels;
        analog_.resize(count);
        digital_.resize(count);
        exact_.resize(count);
    }

    void run(std::uint32_t repeat, std::uint32_t image) {
        const std::size_t elements = static_cast<std::size_t>(operands_.elements());
        const std::size_t first = (std::size_t{repeat} * operands_.images + image) * elements;
        const ProductPlace place{trial_key(seed_, 0, repeat), 0, image};
        for (int part = 0; part < operands_.parts; ++part) {
            const OutputMap map = operands_.output_map(part);
            recorder_.move_to(first, map);
            kernel_->run(plan_, weights_.at(static_cast<int>(image), part), operands_.outputs,
                         operands_.pixels, inputs(image, part), map, place,
                         {analog_, digital_, exact_});
            keep(first, map);
        }
    }

private:
    std::span<const std::int16_t> inputs(std::uint32_t image, int part) {
        const std::span<const std::int16_t> all(operands_.inputs);
        const std::size_t size = all.size() / static_cast<std::size_t>(operands_.images);
        const auto own = all.subspan(image * size, size);
        if (operands_.operation != LayerOperation::convolution)
            return own.subspan(part * (size / operands_.parts), size / operands_.parts);
        gather_windows(operands_.conv, own, part, rows_);
        return rows_;
    }

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
    SingleLayerResult& result_;
    Recorder recorder_;
    std::unique_ptr<ProductKernel> kernel_;
    WeightStore weights_;
    std::vector<std::int16_t> rows_;
    std::vector<std::int64_t> analog_, digital_, exact_;
};

SingleLayerResult empty_result(const LayerOperands& operands, const LayerPlan& plan,
                               std::uint32_t repeats, bool conversions) {
    SingleLayerResult result;
    result.repeats = repeats;
    result.path = plan.path;
    result.groups = plan.groups;
    result.planes = plan.weight_bits;
    result.cycles = plan.cycles.count;
    const std::size_t outputs =
        std::size_t{repeats} * operands.images * static_cast<std::size_t>(operands.elements());
    result.y.resize(outputs);
    result.analog.resize(outputs);
    result.digital.resize(outputs);
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
    if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
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
    const LayerPlan plan = make_plan(operands, macro, cache);
    check_seed(plan, macro);
    check_size(operands, plan, macro, options.conversions);
    SingleLayerResult result = empty_result(operands, plan, macro.repeats, options.conversions);
    const auto images = static_cast<std::uint32_t>(operands.images);
    run_jobs(
        std::uint64_t{macro.repeats} * images, options.threads,
        [&] { return Worker(operands, plan, macro.seed.value_or(0), result, options.conversions); },
        [&](Worker& worker, std::uint64_t job) {
            worker.run(static_cast<std::uint32_t>(job / images),
                       static_cast<std::uint32_t>(job % images));
        });
    return result;
}

}  // namespace acim
