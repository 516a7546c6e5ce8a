// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "cuda/trial/product_kernel.hpp"

namespace acim {
namespace {

struct PlainWeights : PackedWeights {
    std::vector<std::int8_t> values;
};

class ReferenceKernel : public ProductKernel {
public:
    explicit ReferenceKernel(ConversionObserver* observer) : observer_(observer) {}

    std::unique_ptr<PackedWeights> pack(const LayerPlan&, int,
                                        std::span<const std::int8_t> weights) const override {
        auto packed = std::make_unique<PlainWeights>();
        packed->values.assign(weights.begin(), weights.end());
        return packed;
    }

    void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override {
        const auto& w = static_cast<const PlainWeights&>(weights).values;
        const std::size_t depth = static_cast<std::size_t>(plan.depth);
        for (int m = 0; m < outputs; ++m) {
            for (int p = 0; p < pixels; ++p) {
                const Element e{m, p, w.data() + m * depth, inputs.data() + p * depth,
                                static_cast<std::uint32_t>(map.first + m * map.output_stride +
                                                           p * map.pixel_stride)};
                const std::size_t at = static_cast<std::size_t>(m) * pixels + p;
                sums.exact[at] = exact_product(plan, e);
                sums.analog[at] = sums.digital[at] = 0;
                if (plan.path == SamplingPath::product && observer_ == nullptr) continue;
                for (int g = 0; g < plan.groups; ++g)
                    add_group(plan, e, g, place, sums.analog[at], sums.digital[at]);
            }
        }
    }

private:
    // One output element: its weights, its inputs and its place in the output tensor.
    struct Element {
        int output, pixel;
        const std::int8_t* w;
        const std::int16_t* x;
        std::uint32_t place;
    };

    static std::int64_t exact_product(const LayerPlan& plan, const Element& e) {
        std::int64_t sum = 0;
        const int mask = (1 << plan.weight_bits) - 1;
        for (int r = 0; r < plan.depth; ++r)
            sum += std::int64_t{plan.weight_bits == 1 ? e.w[r] & mask : e.w[r]} * e.x[r];
        return sum;
    }

    // Sum of one plane and cycle over the rows of a group.
    static std::int64_t row_sum(const LayerPlan& plan, const Element& e, int group, int plane,
                                int cycle) {
        const int begin = group * plan.group_rows;
        const int end = std::min(begin + plan.group_rows, plan.depth);
        std::int64_t s = 0;
        for (int r = begin; r < end; ++r) {
            const auto bits = static_cast<std::uint32_t>(e.x[r]);
            if (e.w[r] >> plane & 1) s += cycle_value(plan.cycles, cycle, bits);
        }
        return s;
    }

    void add_group(const LayerPlan& plan, const Element& e, int group, const ProductPlace& place,
                   std::int64_t& analog, std::int64_t& digital) const {
        const FreshPlace fresh{e.place, static_cast<std::uint32_t>(group), place.image,
                               place.layer};
        for (std::size_t k = 0; k < plan.conversions.size(); ++k) {
            const ConversionPlan& c = plan.conversions[k];
            const std::int64_t s = row_sum(plan, e, group, c.plane, c.cycle);
            std::int64_t code = -1;  // what observers see of a digital conversion
            if (plan.path == SamplingPath::product) {
                if (plan.analog) code = plan.law[c.cycle]->codes()[static_cast<std::size_t>(s)];
            } else if (!c.through_adc) {
                digital += c.weight * s;
            } else if (!c.noisy) {
                code = plan.rounding[c.cycle]->codes()[static_cast<std::size_t>(s)];
                analog += c.weight * code;
            } else {
                code = conversion_code(plan.path, plan.law[c.cycle]->view(), s, place.key, fresh,
                                       static_cast<std::uint32_t>(k), 0);
                analog += c.weight * code;
            }
            if (observer_ != nullptr)
                observer_->observe(e.output, e.pixel, group, static_cast<int>(k), s, code);
        }
    }

    ConversionObserver* observer_;
};

}  // namespace

std::unique_ptr<ProductKernel> make_reference_kernel(ConversionObserver* observer) {
    return std::make_unique<ReferenceKernel>(observer);
}

}  // namespace acim
