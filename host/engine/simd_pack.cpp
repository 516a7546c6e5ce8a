// SPDX-License-Identifier: Apache-2.0
#include "host/engine/simd_pack.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "host/engine/chip_filter.hpp"
#include "host/engine/simd_loops.hpp"

namespace acim {
namespace {

// The 16-bit multiply-add of the loops pairs neighbours on x86 only; elsewhere the reference kernel
// gives the same integers.
#if defined(__x86_64__)
constexpr bool loops_apply = true;
#else
constexpr bool loops_apply = false;
#endif

using WeightOf = std::int64_t (*)(const LayerPlan&, const ConversionPlan&);

std::int64_t code_weight_of(const LayerPlan&, const ConversionPlan& c) {
    return c.through_adc ? c.weight : 0;
}

std::int64_t digital_weight_of(const LayerPlan&, const ConversionPlan& c) {
    return c.through_adc ? 0 : c.weight;
}

std::int64_t exact_weight_of(const LayerPlan& plan, const ConversionPlan& c) {
    return place_value(plan.cycles, plan.columns, c.plane, c.cycle);
}

// Weights of conversion 4*quad + t, 0 beyond the last.
std::int64_t weight_at(const LayerPlan& plan, int quad, int t, WeightOf weight) {
    const std::size_t k = static_cast<std::size_t>(4 * quad + t);
    return k < plan.conversions.size() ? weight(plan, plan.conversions[k]) : 0;
}

int common_shift(const LayerPlan& plan, int quad, WeightOf weight) {
    std::uint64_t bits = 0;
    for (int t = 0; t < 4; ++t)
        bits |= static_cast<std::uint64_t>(std::abs(weight_at(plan, quad, t, weight)));
    return bits == 0 ? 0 : std::countr_zero(bits);
}

int quads_of(const LayerPlan& plan) {
    return (static_cast<int>(plan.conversions.size()) + 7) / 8 * 2;
}

bool weights_fit(const LayerPlan& plan, WeightOf weight) {
    for (int quad = 0; quad < quads_of(plan); ++quad) {
        const int shift = common_shift(plan, quad, weight);
        for (int t = 0; t < 4; ++t)
            if (std::abs(weight_at(plan, quad, t, weight)) >> shift > 32767) return false;
    }
    return true;
}

QuadWeights quad_weights(const LayerPlan& plan, WeightOf weight) {
    QuadWeights out;
    for (int quad = 0; quad < quads_of(plan); ++quad) {
        const int shift = common_shift(plan, quad, weight);
        std::uint64_t packed = 0;
        for (int t = 0; t < 4; ++t) {
            const std::int64_t w = weight_at(plan, quad, t, weight) / (std::int64_t{1} << shift);
            packed |= static_cast<std::uint64_t>(static_cast<std::uint16_t>(w)) << (16 * t);
        }
        out.quad.push_back(packed);
        out.shift.push_back(shift);
        out.any |= packed != 0;
    }
    return out;
}

std::int64_t count_span(const LayerPlan& plan, int cycle) {
    return column_span(plan.macro.weight_encoding, full_scale(plan.rows, plan.cycles.width[cycle]));
}

void pack_voting(SimdLayer& layer, const LayerPlan& plan) {
    layer.combine = plan.macro.voting.combine;
    for (int octet = 0; octet < layer.quads / 2; ++octet) {
        VotedOctet voted{octet, {}};
        for (int t = 0; t < 8; ++t) {
            const int k = 8 * octet + t;
            if (k >= layer.conversions || plan.conversions[k].votes == 1) continue;
            layer.votes = plan.conversions[k].votes;
            voted.voted[t / 4] |= std::uint64_t{0xFFFF} << (16 * (t % 4));
        }
        if ((voted.voted[0] | voted.voted[1]) != 0) layer.voted.push_back(voted);
    }
}

// From sums over counts to exact product and D (cuda/model/macro/encoding.hpp). With c_j the sign
// and power of cycle j, S = sum place*count, X = sum c_j x_j, F = sum c_j FS_j and V = 2^W - 1:
//   offset binary  w = w' - 2^(W-1):                      exact = S - 2^(W-1) X
//   xnor           s = (count + x - FS)/2, w' as above:   exact = (S + (V - 2^W) X - V F)/2
// and for xnor a digital conversion counts 2s - x = count - FS.
void set_corrections(SimdLayer& layer, const LayerPlan& plan) {
    const WeightEncoding encoding = plan.macro.weight_encoding;
    const std::int64_t offset =
        plan.weight_bits == 1 ? 0 : std::int64_t{1} << (plan.weight_bits - 1);
    layer.digital.of_inputs = plan.input_correction;
    if (encoding == WeightEncoding::offset_binary) layer.exact.of_inputs = -offset;
    if (!layer.xnor) return;
    const std::int64_t all_planes = (std::int64_t{1} << plan.weight_bits) - 1;
    layer.exact.of_inputs = all_planes - 2 * offset;
    layer.exact.divisor = 2;
    for (const ConversionPlan& c : plan.conversions) {
        const std::int64_t fs = full_scale(plan.rows, plan.cycles.width[c.cycle]) * plan.groups;
        layer.exact.constant -= exact_weight_of(plan, c) * fs;
        layer.digital.constant -= digital_weight_of(plan, c) * fs;
    }
}

void pack_conversions(SimdLayer& layer, const LayerPlan& plan) {
    layer.conversions = static_cast<int>(plan.conversions.size());
    layer.quads = quads_of(plan);
    layer.code_weight = quad_weights(plan, code_weight_of);
    layer.digital_weight = quad_weights(plan, digital_weight_of);
    layer.exact_weight = quad_weights(plan, exact_weight_of);
    for (int k = 0; k < layer.conversions; ++k)
        if (plan.conversions[k].through_adc && !plan.conversions[k].noisy) layer.quiet.push_back(k);
    pack_voting(layer, plan);
    set_corrections(layer, plan);
}

Sampler choose_sampler(const LayerPlan& plan, const JoinedTables& tables) {
    if (plan.path == SamplingPath::fixed || plan.channels) return Sampler::fixed;
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
        for (int i = 0; i < layer.columns; ++i)
            layer.row_offset[static_cast<std::size_t>(i) * layer.cycles + j] =
                joined.first_row[static_cast<std::size_t>(law)];
    }
}

void pack_columns(SimdLayer& layer, const LayerPlan& plan, std::span<const std::int8_t> weights) {
    layer.words = (std::min(plan.group_rows, plan.depth) + 63) / 64;
    layer.weights.assign(
        static_cast<std::size_t>(layer.groups) * layer.blocks * layer.columns * layer.words,
        LaneWords{});
    for (int g = 0; g < layer.groups; ++g) {
        const int begin = g * plan.group_rows;
        const int length = std::min(plan.group_rows, plan.depth - begin);
        layer.group_words.push_back((length + 63) / 64);
        for (int m = 0; m < layer.outputs; ++m) {
            const std::size_t block =
                (static_cast<std::size_t>(g) * layer.blocks + m / block_outputs) * layer.columns;
            for (int r = 0; r < length; ++r) {
                const int value = weights[static_cast<std::size_t>(m) * plan.depth + begin + r];
                for (int i = 0; i < layer.columns; ++i) {
                    const auto bit = static_cast<std::uint64_t>(stored_bit(
                        plan.macro.weight_encoding, plan.weight_bits, plan.columns, i, value));
                    layer.weights[(block + i) * layer.words + r / 64].lane[m % block_outputs] |=
                        bit << (r % 64);
                }
            }
        }
    }
}

SimdLayer empty_layer(const LayerPlan& plan, int outputs) {
    SimdLayer layer;
    layer.outputs = outputs;
    layer.blocks = (outputs + block_outputs - 1) / block_outputs;
    layer.columns = plan.columns.count;
    layer.bits = plan.activation_bits;
    layer.cycles = plan.cycles.count;
    layer.groups = plan.groups;
    layer.serial8 = plan.cycles.count == 8 && plan.activation_bits == 8;
    layer.xnor = plan.macro.weight_encoding == WeightEncoding::xnor;
    return layer;
}

// FS - x of every cycle of one pixel and row group, spread over the quads; the group has `words`
// words of rows.
void pack_centre(const LayerPlan& plan, const SimdLayer& layer, int words,
                 const std::uint64_t* planes, std::uint64_t* centre) {
    std::fill_n(centre, layer.quads, 0);
    std::int64_t rest[max_cycles];
    for (int j = 0; j < layer.cycles; ++j) {
        rest[j] = full_scale(plan.rows, plan.cycles.width[j]);
        for (int b = 0; b < plan.cycles.width[j]; ++b)
            for (int q = 0; q < words; ++q)
                rest[j] -= std::int64_t{std::popcount(
                               planes[(plan.cycles.low_bit[j] + b) * layer.words + q])}
                           << b;
    }
    for (int k = 0; k < layer.conversions; ++k)
        centre[k / 4] |=
            static_cast<std::uint64_t>(static_cast<std::uint16_t>(rest[k % layer.cycles]))
            << (16 * (k % 4));
}

}  // namespace

bool fits_lanes(const LayerPlan& plan) {
    constexpr std::int64_t limit = std::int64_t{1} << 31;
    std::int64_t analog = 0, digital = 0, exact = 0;
    for (const ConversionPlan& c : plan.conversions) {
        const std::int64_t span = count_span(plan, c.cycle);
        const std::int64_t added = plan.macro.voting.combine == VoteCombination::mean ? c.votes : 1;
        const std::int64_t top = plan.law[c.cycle]->scale().code_max * added;
        if (span > 32767 || top > 32767) return false;
        analog += std::abs(code_weight_of(plan, c)) * top;
        digital += std::abs(digital_weight_of(plan, c)) * span;
        exact += std::abs(exact_weight_of(plan, c)) * span;
    }
    return loops_apply && std::max({analog, digital, exact}) < limit &&
           weights_fit(plan, code_weight_of) && weights_fit(plan, digital_weight_of) &&
           weights_fit(plan, exact_weight_of);
}

SimdLayer pack_layer(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights,
                     const ProductSite& site, TableStore& tables) {
    SimdLayer layer = empty_layer(plan, outputs);
    pack_conversions(layer, plan);
    set_tables(layer, plan, tables.get(plan));
    pack_columns(layer, plan, weights);
    if (plan.channels) pack_chip(layer, plan, weights, site);
    return layer;
}

namespace {

// Sums of products of a byte and a signed byte fit 32 bits up to here: 255 * 128 * 2^16 < 2^31.
constexpr int most_byte_depth = 1 << 16;

// `rows16` as bytes, in the order of simd_bytes-inl.hpp.
void pack_bytes(SimdLayer& layer, const LayerPlan& plan) {
    // Signed inputs of X bits reach down to -2^(X-1).
    const bool is_signed = plan.cycles.negative[plan.cycles.count - 1];
    layer.byte_shift = is_signed ? 1 << (plan.activation_bits - 1) : 0;
    layer.padded_bytes = (plan.depth + 3) / 4 * 4;
    const std::size_t steps = static_cast<std::size_t>(layer.padded_bytes) / 4;
    const auto blocks = static_cast<std::size_t>((layer.outputs + byte_outputs - 1) / byte_outputs);
    layer.bytes.assign(blocks * steps * byte_outputs * 4, 0);
    layer.shifted.assign(static_cast<std::size_t>(layer.outputs), 0);
    for (int m = 0; m < layer.outputs; ++m) {
        const auto block = static_cast<std::size_t>(m / byte_outputs);
        for (int r = 0; r < plan.depth; ++r) {
            const std::int16_t w =
                layer.rows16[static_cast<std::size_t>(m) * layer.padded_depth + r];
            const std::size_t step = block * steps + static_cast<std::size_t>(r) / 4;
            layer.bytes[(step * byte_outputs + m % byte_outputs) * 4 + r % 4] =
                static_cast<std::int8_t>(w);
            layer.shifted[static_cast<std::size_t>(m)] += std::int64_t{layer.byte_shift} * w;
        }
    }
}

// Weights of the integer product.
void pack_rows(SimdLayer& layer, const LayerPlan& plan, std::span<const std::int8_t> weights) {
    const int outputs = layer.outputs;
    layer.padded_depth = (plan.depth + 31) / 32 * 32;
    layer.rows16.assign(static_cast<std::size_t>((outputs + 3) / 4 * 4) * layer.padded_depth, 0);
    for (int m = 0; m < outputs; ++m)
        for (int r = 0; r < plan.depth; ++r) {
            const std::int8_t w = weights[static_cast<std::size_t>(m) * plan.depth + r];
            layer.rows16[static_cast<std::size_t>(m) * layer.padded_depth + r] =
                plan.weight_bits == 1 ? static_cast<std::int16_t>(w & 1) : w;
        }
    if (plan.activation_bits <= 8 && plan.depth <= most_byte_depth) pack_bytes(layer, plan);
}

}  // namespace

SimdLayer pack_product(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights) {
    SimdLayer layer = empty_layer(plan, outputs);
    pack_rows(layer, plan, weights);
    return layer;
}

SimdLayer pack_events(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights) {
    SimdLayer layer = empty_layer(plan, outputs);
    pack_rows(layer, plan, weights);
    pack_columns(layer, plan, weights);
    return layer;
}

void SimdInputs::pack(const LayerPlan& plan, std::span<const std::int16_t> inputs, SimdJob& job) {
    const SimdLayer& layer = *job.layer;
    const auto pixels = static_cast<std::size_t>(job.pixels);
    const std::size_t stride = static_cast<std::size_t>(layer.bits) * layer.words;
    planes.resize(pixels * layer.groups * stride);
    simd::pack_inputs(layer, plan, job.pixels, inputs, planes.data());
    job.inputs = planes.data();
    sums.assign(pixels, 0);
    if (layer.exact.of_inputs != 0 || layer.digital.of_inputs != 0)
        for (std::size_t p = 0; p < pixels; ++p)
            for (const std::int16_t x : inputs.subspan(p * plan.depth, plan.depth)) sums[p] += x;
    job.input_sums = sums.data();
    if (layer.chip != nullptr && layer.chip->cells) {
        driven.assign(pixels * layer.groups * layer.chip->chunks * layer.cycles * 8, 0);
        simd::pack_driven(layer, plan, job.pixels, inputs, driven.data());
        job.driven = driven.data();
    }
    if (!layer.xnor || layer.quads == 0) return;
    centre.resize(pixels * layer.groups * layer.quads);
    for (std::size_t at = 0; at < pixels * layer.groups; ++at)
        pack_centre(plan, layer, layer.group_words[at % layer.groups], planes.data() + at * stride,
                    centre.data() + at * layer.quads);
    job.centre = centre.data();
}

}  // namespace acim
