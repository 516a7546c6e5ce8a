// SPDX-License-Identifier: Apache-2.0
#include "host/engine/simd_kernel.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "cuda/model/random/noise_key.hpp"
#include "host/engine/simd_loops.hpp"

namespace acim {
namespace {

struct SimdWeights : PackedWeights {
    SimdLayer layer;
    std::unique_ptr<PackedWeights> plain;  // set where the reference kernel takes over
};

// The 16-bit multiply-add of the loops pairs neighbours on x86 only; elsewhere the reference kernel
// gives the same integers.
#if defined(__x86_64__)
constexpr bool loops_apply = true;
#else
constexpr bool loops_apply = false;
#endif

// Sums and codes must fit 15 bits, a row group's A and exact product 31.
bool fits_lanes(const LayerPlan& plan) {
    const std::int64_t operand_span = ((std::int64_t{1} << plan.weight_bits) - 1) *
                                      ((std::int64_t{1} << plan.activation_bits) - 1);
    std::int64_t top = 1;
    for (int j = 0; j < plan.cycles.count; ++j) {
        if (full_scale(plan.rows, plan.cycles.width[j]) > 32767) return false;
        if (plan.law[j]) top = std::max<std::int64_t>(top, plan.law[j]->scale().code_max);
    }
    constexpr std::int64_t limit = std::int64_t{1} << 31;
    return operand_span * top < limit && operand_span * plan.group_rows < limit;
}

// Four weights of a quad over their common power of two, as int16.
std::uint64_t quad_weights(const LayerPlan& plan, int quad, int shift,
                           std::int64_t (*weight)(const LayerPlan&, const ConversionPlan&)) {
    std::uint64_t packed = 0;
    for (int t = 0; t < 4; ++t) {
        const std::size_t k = static_cast<std::size_t>(4 * quad + t);
        if (k >= plan.conversions.size()) break;
        const std::int64_t w = weight(plan, plan.conversions[k]) / (std::int64_t{1} << shift);
        packed |= static_cast<std::uint64_t>(static_cast<std::uint16_t>(w)) << (16 * t);
    }
    return packed;
}

void pack_conversions(SimdLayer& layer, const LayerPlan& plan) {
    layer.conversions = static_cast<int>(plan.conversions.size());
    layer.quads = (layer.conversions + 7) / 8 * 2;
    for (int quad = 0; quad < layer.quads; ++quad) {
        const std::size_t first = static_cast<std::size_t>(4 * quad);
        const int shift = first < plan.conversions.size() ? plan.conversions[first].plane : 0;
        layer.shift.push_back(shift);
        layer.code_weight.push_back(
            quad_weights(plan, quad, shift, [](const LayerPlan&, const ConversionPlan& c) {
                return c.through_adc ? c.weight : std::int64_t{0};
            }));
        layer.digital_weight.push_back(
            quad_weights(plan, quad, shift, [](const LayerPlan&, const ConversionPlan& c) {
                return c.through_adc ? std::int64_t{0} : c.weight;
            }));
        layer.exact_weight.push_back(
            quad_weights(plan, quad, shift, [](const LayerPlan& p, const ConversionPlan& c) {
                return place_value(p.cycles, p.weight_bits, c.plane, c.cycle);
            }));
    }
    for (int k = 0; k < layer.conversions; ++k) {
        layer.any_digital |= !plan.conversions[k].through_adc;
        if (plan.conversions[k].through_adc && !plan.conversions[k].noisy) layer.quiet.push_back(k);
    }
}

JoinedTables join_tables(const LayerPlan& plan) {
    JoinedTables joined;
    std::uint32_t rows = 0;
    for (int j = 0; j < plan.cycles.count; ++j) {
        if (std::ranges::find(joined.laws, plan.law[j]) != joined.laws.end()) continue;
        joined.laws.push_back(plan.law[j]);
        joined.first_row.push_back(rows);
        rows += static_cast<std::uint32_t>(plan.law[j]->scale().full_scale) + 1;
    }
    if (plan.path == SamplingPath::lut) {
        for (const auto& law : joined.laws)
            joined.entries.insert(joined.entries.end(), law->codes().begin(), law->codes().end());
    } else if (plan.path == SamplingPath::table && joined.laws.size() > 1) {
        for (const auto& law : joined.laws)
            joined.entries.insert(joined.entries.end(), law->cells().begin(), law->cells().end());
    } else if (plan.path == SamplingPath::table && joined.laws[0]->scale().full_scale < 1024) {
        joined.shifts = find_shift_table(*joined.laws[0]);
    }
    return joined;
}

// Joined tables of the plans in use, by the laws that they hold; those keep the keys valid.
class TableStore {
public:
    std::shared_ptr<const JoinedTables> get(const LayerPlan& plan) {
        std::pair<SamplingPath, std::vector<const CycleLaw*>> key{plan.path, {}};
        for (int j = 0; j < plan.cycles.count; ++j) key.second.push_back(plan.law[j].get());
        const std::lock_guard lock(mutex_);
        auto& slot = joined_[key];
        auto tables = slot.lock();
        if (!tables) slot = tables = std::make_shared<const JoinedTables>(join_tables(plan));
        return tables;
    }

private:
    std::mutex mutex_;
    std::map<std::pair<SamplingPath, std::vector<const CycleLaw*>>,
             std::weak_ptr<const JoinedTables>>
        joined_;
};

Sampler choose_sampler(const LayerPlan& plan, const JoinedTables& tables) {
    if (plan.path == SamplingPath::fixed) return Sampler::fixed;
    if (plan.path == SamplingPath::lut) return Sampler::lut;
    if (tables.shifts) return Sampler::table_shift;
    return tables.laws.size() == 1 && tables.laws[0]->scale().full_scale < 1024
               ? Sampler::table_narrow
               : Sampler::table_wide;
}

void set_tables(SimdLayer& layer, const LayerPlan& plan,
                std::shared_ptr<const JoinedTables> tables) {
    layer.tables = std::move(tables);
    const JoinedTables& joined = *layer.tables;
    layer.sampler = choose_sampler(plan, joined);
    layer.table = joined.entries.empty() ? joined.laws[0]->cells().data() : joined.entries.data();
    if (joined.shifts) layer.shift_table = *joined.shifts;
    layer.row_offset.assign(static_cast<std::size_t>(layer.quads) * 4, 0);
    for (int j = 0; j < layer.cycles; ++j) {
        layer.cycle_law.push_back(plan.law[j]->view());
        layer.max_escape = std::max(layer.max_escape, plan.law[j]->max_escape());
        const auto law = std::ranges::find(joined.laws, plan.law[j]) - joined.laws.begin();
        for (int i = 0; i < layer.planes; ++i)
            layer.row_offset[static_cast<std::size_t>(i) * layer.cycles + j] =
                joined.first_row[static_cast<std::size_t>(law)];
    }
}

void pack_planes(SimdLayer& layer, const LayerPlan& plan, std::span<const std::int8_t> weights) {
    layer.words = (std::min(plan.group_rows, plan.depth) + 63) / 64;
    layer.weights.assign(
        static_cast<std::size_t>(layer.groups) * layer.blocks * layer.planes * layer.words,
        LaneWords{});
    for (int g = 0; g < layer.groups; ++g) {
        const int begin = g * plan.group_rows;
        const int length = std::min(plan.group_rows, plan.depth - begin);
        layer.group_words.push_back((length + 63) / 64);
        for (int m = 0; m < layer.outputs; ++m) {
            for (int r = 0; r < length; ++r) {
                const auto value = static_cast<std::uint8_t>(
                    weights[static_cast<std::size_t>(m) * plan.depth + begin + r]);
                for (int i = 0; i < layer.planes; ++i) {
                    if ((value >> i & 1) == 0) continue;
                    const std::size_t word =
                        ((static_cast<std::size_t>(g) * layer.blocks + m / block_outputs) *
                             layer.planes +
                         i) *
                            layer.words +
                        r / 64;
                    layer.weights[word].lane[m % block_outputs] |= std::uint64_t{1} << (r % 64);
                }
            }
        }
    }
}

void pack_rows16(SimdLayer& layer, const LayerPlan& plan, std::span<const std::int8_t> weights) {
    layer.padded_depth = (plan.depth + 31) / 32 * 32;
    layer.rows16.assign(static_cast<std::size_t>((layer.outputs + 3) / 4 * 4) * layer.padded_depth,
                        0);
    for (int m = 0; m < layer.outputs; ++m)
        for (int r = 0; r < plan.depth; ++r) {
            const std::int8_t w = weights[static_cast<std::size_t>(m) * plan.depth + r];
            layer.rows16[static_cast<std::size_t>(m) * layer.padded_depth + r] =
                plan.weight_bits == 1 ? static_cast<std::int16_t>(w & 1) : w;
        }
}

class SimdKernel : public ProductKernel {
public:
    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights) const override {
        auto packed = std::make_unique<SimdWeights>();
        SimdLayer& layer = packed->layer;
        layer.outputs = outputs;
        layer.blocks = (outputs + block_outputs - 1) / block_outputs;
        layer.planes = plan.weight_bits;
        layer.bits = plan.activation_bits;
        layer.cycles = plan.cycles.count;
        layer.groups = plan.groups;
        layer.serial8 = plan.cycles.count == 8 && plan.activation_bits == 8;
        if (plan.path == SamplingPath::product) {
            pack_rows16(layer, plan, weights);
        } else if (loops_apply && fits_lanes(plan)) {
            pack_conversions(layer, plan);
            set_tables(layer, plan, tables_->get(plan));
            pack_planes(layer, plan, weights);
        } else {
            packed->plain = reference_->pack(plan, outputs, weights);
        }
        return packed;
    }

    void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override {
        const auto& packed = static_cast<const SimdWeights&>(weights);
        if (packed.plain)
            return reference_->run(plan, *packed.plain, outputs, pixels, inputs, map, place, sums);
        SimdJob job{&plan, &packed.layer, pixels, nullptr, map, place, sums};
        if (plan.path == SamplingPath::product) {
            std::ranges::fill(sums.analog, 0);
            std::ranges::fill(sums.digital, 0);
            simd::run_product(job, plan.depth, inputs);
            return;
        }
        thread_local std::vector<std::uint64_t> planes;
        planes.resize(static_cast<std::size_t>(pixels) * packed.layer.groups * packed.layer.bits *
                      packed.layer.words);
        simd::pack_inputs(packed.layer, plan, pixels, inputs, planes.data());
        job.inputs = planes.data();
        simd::run_conversions(job);
    }

private:
    std::unique_ptr<ProductKernel> reference_ = make_reference_kernel();
    std::unique_ptr<TableStore> tables_ = std::make_unique<TableStore>();
};

FreshPlace fresh_place(const SimdJob& job, std::uint32_t element, std::uint32_t group) {
    return {element, group, job.place.image, job.place.layer};
}

}  // namespace

std::int32_t escape_by_model(const SimdJob& job, std::uint32_t element, std::uint32_t group, int k,
                             std::int64_t s, std::uint32_t u, std::int32_t code) {
    const CycleLawView& law = job.layer->cycle_law[k % job.layer->cycles];
    if (u >= law.table.escape[s]) return code;
    return escape_code(law, s, job.place.key, fresh_place(job, element, group),
                       static_cast<std::uint32_t>(k), 0);
}

void sample_fixed(const SimdJob& job, std::uint32_t element, std::uint32_t group,
                  const std::uint16_t* sums, std::uint16_t* codes) {
    const FreshPlace place = fresh_place(job, element, group);
    for (int k = 0; k < job.layer->conversions; ++k)
        codes[k] = static_cast<std::uint16_t>(
            fixed_code(job.layer->cycle_law[k % job.layer->cycles], sums[k], job.place.key, place,
                       static_cast<std::uint32_t>(k), 0));
}

std::unique_ptr<ProductKernel> make_simd_kernel() { return std::make_unique<SimdKernel>(); }

}  // namespace acim
