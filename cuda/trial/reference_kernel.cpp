// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "cuda/model/macro/vote.hpp"
#include "cuda/trial/aidac_kernel.hpp"
#include "cuda/trial/chip_layer.hpp"
#include "cuda/trial/product_kernel.hpp"

namespace acim {
namespace {

struct PlainWeights : PackedWeights {
    std::vector<std::int8_t> values;
    std::unique_ptr<ChipLayer> chip;  // where plan.channels
    std::unique_ptr<PackedWeights> aidac;
};

class ReferenceKernel : public ProductKernel {
public:
    explicit ReferenceKernel(ConversionObserver* observer)
        : observer_(observer), aidac_(make_aidac_kernel(observer)) {}

    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override {
        auto packed = std::make_unique<PlainWeights>();
        if (plan.analog && plan.macro.kind == MacroKind::aidac) {
            packed->aidac = aidac_->pack(plan, outputs, weights, site);
            return packed;
        }
        packed->values.assign(weights.begin(), weights.end());
        if (plan.channels) packed->chip = std::make_unique<ChipLayer>(plan, outputs, site);
        return packed;
    }

    void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override {
        const auto& packed = static_cast<const PlainWeights&>(weights);
        if (packed.aidac)
            return aidac_->run(plan, *packed.aidac, outputs, pixels, inputs, map, place, sums);
        const std::size_t depth = static_cast<std::size_t>(plan.depth);
        for (int m = 0; m < outputs; ++m) {
            for (int p = 0; p < pixels; ++p) {
                const Element e{m, p, packed.values.data() + m * depth, inputs.data() + p * depth,
                                static_cast<std::uint32_t>(map.first + m * map.output_stride +
                                                           p * map.pixel_stride)};
                const std::size_t at = static_cast<std::size_t>(m) * pixels + p;
                sums.exact[at] = exact_product(plan, e);
                sums.analog[at] = 0;
                sums.digital[at] = plan.path == SamplingPath::events
                                       ? sums.exact[at]
                                       : plan.input_correction * input_sum(plan, e);
                if (plan.path == SamplingPath::product && observer_ == nullptr) continue;
                for (int g = 0; g < plan.groups; ++g) {
                    const GroupSums group = group_sums(plan, packed.chip.get(), e, g);
                    if (plan.path == SamplingPath::events) {
                        add_events(plan, e, g, group, place, sums.analog[at]);
                        continue;
                    }
                    add_group(plan, packed.chip.get(), e, g, group, place, sums.analog[at],
                              sums.digital[at]);
                }
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

    // All sums of one element and row group.
    struct GroupSums {
        std::int64_t s[max_columns][max_cycles] = {};
        std::int64_t x[max_cycles] = {};         // driven values, all rows
        double v[max_columns][max_cycles] = {};  // voltages, where plan.channels
    };

    static std::int64_t exact_product(const LayerPlan& plan, const Element& e) {
        std::int64_t sum = 0;
        const int mask = (1 << plan.weight_bits) - 1;
        for (int r = 0; r < plan.depth; ++r)
            sum += std::int64_t{plan.weight_bits == 1 ? e.w[r] & mask : e.w[r]} * e.x[r];
        return sum;
    }

    static std::int64_t input_sum(const LayerPlan& plan, const Element& e) {
        std::int64_t sum = 0;
        for (int r = 0; r < plan.depth; ++r) sum += e.x[r];
        return sum;
    }

    static GroupSums group_sums(const LayerPlan& plan, const ChipLayer* chip, const Element& e,
                                int group) {
        GroupSums out;
        const int begin = group * plan.group_rows;
        const int end = std::min(begin + plan.group_rows, plan.depth);
        const WeightEncoding encoding = plan.macro.weight_encoding;
        for (int j = 0; j < plan.cycles.count; ++j) {
            for (int r = begin; r < end; ++r) {
                const auto value = cycle_value(plan.cycles, j, static_cast<std::uint32_t>(e.x[r]));
                out.x[j] += value;
                for (int i = 0; i < plan.columns.count; ++i)
                    if (stored_bit(encoding, plan.weight_bits, plan.columns, i, e.w[r]) != 0)
                        out.s[i][j] += value;
            }
        }
        if (chip != nullptr) add_voltages(plan, *chip, e, group, out);
        return out;
    }

    // What the ADCs of the group's columns see, without noise.
    static void add_voltages(const LayerPlan& plan, const ChipLayer& chip, const Element& e,
                             int group, GroupSums& out) {
        for (int i = 0; i < plan.columns.count; ++i) {
            const ChipLayer::Column& column = chip.column(group, e.output, i);
            double previous = 0.0;
            for (int j = 0; j < plan.cycles.count; ++j) {
                ChannelSums sums = channel_errors(plan, chip, column, e, group, i, j);
                sums.count = plan.count(j, out.s[i][j], out.x[j]);
                previous = out.v[i][j] = channel_voltage(plan, column, j, sums, previous);
            }
        }
    }

    // Sums of cell mismatch and of input DAC errors. For xnor every cell takes part, with the
    // value E + x, E or E - x of its stored sign.
    static ChannelSums channel_errors(const LayerPlan& plan, const ChipLayer& chip,
                                      const ChipLayer::Column& column, const Element& e, int group,
                                      int i, int j) {
        ChannelSums sums;
        const int width = plan.cycles.width[j];
        const bool xnor = plan.macro.weight_encoding == WeightEncoding::xnor;
        const std::span<const std::int8_t> q = chip.cells(group, e.output, i);
        const std::span<const std::int8_t> drivers = chip.drivers(column.drivers);
        const int begin = group * plan.group_rows;
        const int end = std::min(begin + plan.group_rows, plan.depth);
        for (int r = begin; r < end; ++r) {
            const int x =
                static_cast<int>(cycle_value(plan.cycles, j, static_cast<std::uint32_t>(e.x[r])));
            const int bit =
                stored_bit(plan.macro.weight_encoding, plan.weight_bits, plan.columns, i, e.w[r]);
            const int sign = xnor ? 2 * bit - 1 : bit;
            const std::size_t cell = static_cast<std::size_t>(r - begin);
            if (!q.empty()) sums.mismatch += sign * x * q[cell];
            if (width > 1 && plan.macro.input_dac.any())
                sums.dac += sign * chip.dac_error(width, drivers.empty() ? 0 : drivers[cell], x);
        }
        if (xnor && !q.empty()) sums.mismatch += half_drive_mismatch(column.q_sum, width);
        return sums;
    }

    // Voltage and exact count of a conversion; weight-parallel conversion adds all columns with
    // their weights.
    static double conversion_voltage(const LayerPlan& plan, const GroupSums& group,
                                     const ConversionPlan& c) {
        if (!plan.macro.weight_parallel) return group.v[c.plane][c.cycle];
        double sum = 0.0;
        for (int i = 0; i < plan.columns.count; ++i)
            sum += column_share(plan.columns, i, group.v[i][c.cycle]);
        return sum / static_cast<double>(parallel_span(plan.weight_bits));
    }

    static std::int64_t conversion_sum(const LayerPlan& plan, const GroupSums& group,
                                       const ConversionPlan& c) {
        if (!plan.macro.weight_parallel) return group.s[c.plane][c.cycle];
        std::int64_t sum = 0;
        for (int i = 0; i < plan.columns.count; ++i)
            sum += column_share(plan.columns, i, group.s[i][c.cycle]);
        return sum;
    }

    // Code of a noisy conversion, all its votes taken.
    static std::int32_t voted_code(const LayerPlan& plan, const ChipLayer* chip, const Element& e,
                                   const GroupSums& group, std::size_t k, const FreshPlace& fresh,
                                   PhiloxKey key) {
        const ConversionPlan& c = plan.conversions[k];
        const CycleLawView law = plan.law[c.cycle]->view();
        const std::int64_t count =
            plan.macro.weight_parallel
                ? 0
                : plan.count(c.cycle, group.s[c.plane][c.cycle], group.x[c.cycle]);
        std::int64_t position = 0;
        AdcChannel adc;
        if (chip != nullptr) {
            const std::uint32_t index =
                chip->column(static_cast<int>(fresh.group), e.output, c.plane).adc;
            adc = chip->adc(index);
            position =
                conversion_position(law, *chip, index, conversion_voltage(plan, group, c), count);
        }
        std::int32_t votes[max_votes];
        for (int n = 0; n < c.votes; ++n) {
            const auto at = static_cast<std::uint32_t>(k);
            const auto vote = static_cast<std::uint32_t>(n);
            votes[n] =
                chip != nullptr
                    ? channel_conversion(plan.path, law, adc, position, count, key, fresh, at, vote)
                    : conversion_code(plan.path, law, count, key, fresh, at, vote);
        }
        return c.votes == 1 ? votes[0] : combine_votes(plan.macro.voting.combine, votes, c.votes);
    }

    void add_group(const LayerPlan& plan, const ChipLayer* chip, const Element& e, int group,
                   const GroupSums& sums, const ProductPlace& place, std::int64_t& analog,
                   std::int64_t& digital) const {
        const FreshPlace fresh{e.place, static_cast<std::uint32_t>(group), place.image,
                               place.layer};
        for (std::size_t k = 0; k < plan.conversions.size(); ++k) {
            const ConversionPlan& c = plan.conversions[k];
            const std::int64_t s = conversion_sum(plan, sums, c);
            std::int64_t code = no_code(plan);
            if (plan.path == SamplingPath::product) {
                if (plan.analog) code = plan.law[c.cycle]->codes()[static_cast<std::size_t>(s)];
            } else if (!c.through_adc) {
                digital += c.weight * plan.digital_count(s, sums.x[c.cycle]);
            } else if (!c.noisy) {
                code = plan.rounding[c.cycle]->codes()[static_cast<std::size_t>(
                    plan.count(c.cycle, s, sums.x[c.cycle]))];
                analog += c.weight * code;
            } else {
                code = voted_code(plan, chip, e, sums, k, fresh, place.key);
                analog += c.weight * code;
            }
            if (observer_ != nullptr)
                observer_->observe(e.output, e.pixel, group, static_cast<int>(k), s, code);
        }
    }

    // The errors of a row group's events; observers see codes that did not err, too.
    void add_events(const LayerPlan& plan, const Element& e, int group, const GroupSums& sums,
                    const ProductPlace& place, std::int64_t& analog) const {
        const FreshPlace fresh{e.place, static_cast<std::uint32_t>(group), place.image,
                               place.layer};
        std::int32_t error[max_column_conversions] = {};
        const EventLawView law = plan.events->view();
        BlockEvents events(law, event_count_call(place.key, fresh).w[group % 4], place.key, fresh);
        while (events.next()) error[events.k] = events.error;
        for (std::size_t k = 0; k < plan.conversions.size(); ++k) {
            const ConversionPlan& c = plan.conversions[k];
            const std::int64_t s = sums.s[c.plane][c.cycle];
            const AdcScale& scale = plan.law[c.cycle]->scale();
            const std::int64_t count = plan.count(c.cycle, s, sums.x[c.cycle]);
            const std::int64_t step = c.is_noisy() ? event_step(scale, count, error[k]) : 0;
            analog += c.weight * step;
            if (observer_ != nullptr)
                observer_->observe(e.output, e.pixel, group, static_cast<int>(k), s,
                                   c.through_adc ? ideal_code(scale, count) + step : no_code(plan));
        }
    }

    ConversionObserver* observer_;
    std::unique_ptr<ProductKernel> aidac_;
};

}  // namespace

std::unique_ptr<ProductKernel> make_reference_kernel(ConversionObserver* observer) {
    return std::make_unique<ReferenceKernel>(observer);
}

}  // namespace acim
