// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/aidac_kernel.hpp"

#include <algorithm>
#include <vector>

#include "cuda/model/aidac/row_conversion.hpp"
#include "cuda/model/aidac/tdc_noise.hpp"
#include "cuda/model/aidac/time.hpp"
#include "cuda/trial/aidac_weights.hpp"
#include "cuda/trial/inverse_normal_table.hpp"

namespace acim {
namespace {

// Pixels whose operands stay in cache while all outputs pass over them.
constexpr int pixel_tile = 64;

// A sum of up to 32768 products of bytes fits int32.
std::int64_t exact_dot(const std::int16_t* a, const std::int16_t* b, int n) {
    std::int32_t sum = 0;
    for (int i = 0; i < n; ++i) sum += std::int32_t{a[i]} * b[i];
    return sum;
}

std::int64_t wide_dot(const std::int16_t* a, const std::int16_t* b, int n) {
    std::int64_t sum = 0;
    for (int i = 0; i < n; ++i) sum += std::int32_t{a[i]} * b[i];
    return sum;
}

// One image of one product.
class Run {
public:
    Run(const LayerPlan& plan, const AidacWeights& w, std::span<const std::int16_t> inputs,
        const OutputMap& map, const ProductPlace& place, ConversionObserver* observer)
        : plan_(plan), w_(w), inputs_(inputs), map_(map), place_(place), observer_(observer) {}

    // Outputs in order inside a tile; the tile is everything where an observer looks on.
    void tile(int first_pixel, int count, int pixels, const ProductSums& sums) {
        const std::size_t depth = static_cast<std::size_t>(w_.layout.depth);
        driven_.resize(depth * count);
        sum_.resize(count);
        for (int p = 0; p < count; ++p) drive(first_pixel + p, p);
        int array = -1;
        for (int m = 0; m < w_.layout.outputs; ++m) {
            if (w_.layout.array_of(m) != array) {
                array = w_.layout.array_of(m);
                convert_inputs(array, count);
            }
            for (int p = 0; p < count; ++p) {
                const std::size_t at = static_cast<std::size_t>(m) * pixels + first_pixel + p;
                const Result r = product(m, array, first_pixel + p, p);
                sums.analog[at] = r.codes;
                sums.digital[at] = w_.operands.digital(sum_[p], w_.correction[m]);
                sums.exact[at] = (r.sum >> w_.operands.shift) + sums.digital[at];
            }
        }
    }

private:
    struct Result {
        std::int64_t codes = 0;  // of all spans
        std::int64_t sum = 0;    // sum x_u*w_u
    };

    // Operands of a pixel as the array sees them, and their plain sum.
    void drive(int pixel, int slot) {
        const int depth = w_.layout.depth;
        const std::int16_t* x = inputs_.data() + static_cast<std::size_t>(pixel) * depth;
        std::int16_t* out = driven_.data() + static_cast<std::size_t>(slot) * depth;
        std::int64_t sum = 0;
        for (int r = 0; r < depth; ++r) {
            sum += x[r];
            out[r] = static_cast<std::int16_t>(
                aidac::array_operand(x[r], w_.operands.input_offset, plan_.activation_bits));
        }
        sum_[slot] = sum;
    }

    // What the row capacitors of an array make of the tile's operands [1/64].
    void convert_inputs(int array, int count) {
        if (w_.chip.weights.empty()) return;
        const std::size_t depth = static_cast<std::size_t>(w_.layout.depth);
        converted_.resize(driven_.size());
        for (int p = 0; p < count; ++p) {
            const std::int16_t* x = driven_.data() + depth * p;
            std::int16_t* out = converted_.data() + depth * p;
            if (w_.chip.inputs.empty()) {  // rows are driven by ideal converters
                for (std::size_t r = 0; r < depth; ++r)
                    out[r] = static_cast<std::int16_t>(x[r] * aidac::operand_steps);
                continue;
            }
            std::fill(out, out + depth, std::int16_t{0});
            for (int b = 0; b < aidac::operand_bits; ++b) {
                const std::int16_t* bit =
                    w_.chip.inputs.data() +
                    (static_cast<std::size_t>(array) * aidac::operand_bits + b) * depth;
                for (std::size_t r = 0; r < depth; ++r)
                    out[r] = aidac::add_input_bit(out[r], bit[r], x[r], b);
            }
        }
    }

    Result product(int m, int array, int pixel, int slot) const {
        const FreshPlace own{map_.element(m, pixel), 0, place_.image, place_.layer};
        Result out;
        for (int span = 0; span < w_.layout.spans; ++span) {
            std::int64_t sum = 0;
            const double time = span_time(m, array, span, slot, sum);
            FreshPlace place = own;
            place.group = static_cast<std::uint32_t>(span);
            const std::int32_t code = w_.ideal ? aidac::ideal_tdc_code(w_.tdc, sum, plan_.rows)
                                               : noisy_code(time, array, pixel, place);
            out.codes += code;
            out.sum += sum;
            if (observer_ != nullptr) observer_->observe(m, pixel, span, 0, sum, code);
        }
        return out;
    }

    // Sum of the times of a span's blocks less those of its reference; `exact` takes sum x_u*w_u.
    // Blocks without rows of this layer still add the time of their converters at zero input.
    double span_time(int m, int array, int span, int slot, std::int64_t& exact) const {
        const AidacLayout& at = w_.layout;
        const std::size_t depth = static_cast<std::size_t>(at.depth);
        const int rows = at.rows_of(span);
        const std::size_t w_first = depth * m + static_cast<std::size_t>(span) * at.span_rows;
        const std::size_t x_first = depth * slot + static_cast<std::size_t>(span) * at.span_rows;
        const std::size_t converter =
            (static_cast<std::size_t>(span) * at.outputs + m) * w_.terms.blocks;
        double time = 0.0;
        for (int n = 0; n < w_.terms.blocks; ++n) {
            const int first = n * w_.terms.rows;
            const int count = std::clamp(rows - first, 0, w_.terms.rows);
            const std::int64_t plain = exact_dot(driven_.data() + x_first + first,
                                                 w_.stored.data() + w_first + first, count);
            exact += plain;
            if (w_.ideal) continue;
            const std::int64_t sum =
                w_.chip.weights.empty() ? plain * (aidac::operand_steps * aidac::operand_steps)
                                        : wide_dot(converted_.data() + x_first + first,
                                                   w_.chip.weights.data() + w_first + first, count);
            const aidac::ConverterError error = w_.chip.converters.empty()
                                                    ? aidac::ConverterError{}
                                                    : w_.chip.converters[converter + n];
            time = time + aidac::block_time(w_.terms, error, aidac::block_voltage(w_.terms, sum));
        }
        if (!w_.chip.reference.empty())
            time = time - w_.chip.reference[static_cast<std::size_t>(span) * at.arrays + array];
        return time;
    }

    std::int32_t noisy_code(double time, int array, int pixel, const FreshPlace& place) const {
        return aidac::noisy_tdc_code(w_.tdc, w_.noise, inverse_normal_table(),
                                     aidac::tdc_position(w_.tdc, time, w_.terms.blocks), place_.key,
                                     place, map_.element(w_.layout.first_in_array(array), pixel));
    }

    const LayerPlan& plan_;
    const AidacWeights& w_;
    std::span<const std::int16_t> inputs_;
    const OutputMap& map_;
    const ProductPlace& place_;
    ConversionObserver* observer_;
    std::vector<std::int16_t> driven_;     // 0 .. 255, [pixel of the tile][depth]
    std::vector<std::int16_t> converted_;  // the same after one array's rows [1/64]
    std::vector<std::int64_t> sum_;        // of the plain inputs, [pixel of the tile]
};

class AidacKernel : public ProductKernel {
public:
    explicit AidacKernel(ConversionObserver* observer) : observer_(observer) {}

    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override {
        return std::make_unique<AidacWeights>(make_aidac_weights(plan, outputs, weights, site));
    }

    void run(const LayerPlan& plan, const PackedWeights& weights, int, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override {
        Run run(plan, static_cast<const AidacWeights&>(weights), inputs, map, place, observer_);
        const int step = observer_ == nullptr ? pixel_tile : std::max(pixels, 1);
        for (int first = 0; first < pixels; first += step)
            run.tile(first, std::min(step, pixels - first), pixels, sums);
    }

private:
    ConversionObserver* observer_;
};

}  // namespace

std::unique_ptr<ProductKernel> make_aidac_kernel(ConversionObserver* observer) {
    return std::make_unique<AidacKernel>(observer);
}

}  // namespace acim
