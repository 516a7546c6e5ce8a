// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/kernel_choice.hpp"

#include <algorithm>
#include <cstdlib>

#include "cuda/engine/tile_cell.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/recombination.hpp"
#include "cuda/model/random/code_cell.hpp"

namespace acim {
namespace {

constexpr int block_rows = 256;                                    // of a tensor-core product
constexpr std::size_t shared_table_limit = std::size_t{80} << 10;  // two blocks a processor
constexpr int least_tile_outputs = 8;  // below, most of a tile would be idle

// The factors of a layer, if conversions that are alike have such factors.
std::optional<TileFactors> tile_factors(const LayerPlan& plan) {
    TileFactors f;
    for (int i = 0; i < plan.columns.count; ++i) {
        const std::int32_t magnitude = 1 << plan.columns.bit[i];
        f.plane[i] = plan.columns.negative[i] ? -magnitude : magnitude;
    }
    for (int j = 0; j < plan.cycles.count; ++j)
        f.place[j] = static_cast<std::int32_t>(cycle_place_value(plan.cycles, j));
    for (const ConversionPlan& c : plan.conversions) {
        const auto bit = static_cast<std::uint16_t>(1u << c.cycle);
        if (!c.through_adc) {
            f.digital[c.plane] |= bit;
            if (std::int64_t{f.plane[c.plane]} * f.place[c.cycle] != c.weight) return std::nullopt;
            continue;
        }
        if (!c.noisy || c.votes != 1) {
            f.special[c.plane] |= bit;
            continue;
        }
        if (f.cycle[c.cycle] == 0)
            f.cycle[c.cycle] = static_cast<std::int32_t>(c.weight / f.plane[c.plane]);
        if (std::int64_t{f.plane[c.plane]} * f.cycle[c.cycle] != c.weight) return std::nullopt;
    }
    return f;
}

bool one_law(const LayerPlan& plan) {
    for (int j = 1; j < plan.cycles.count; ++j)
        if (plan.law[j] != plan.law[0]) return false;
    return true;
}

// Eight or four one-bit cycles by one law, weighed 1, 2, 4 .. +-2^(X-1), all of them a number of times.
bool is_serial(const LayerPlan& plan, const TileFactors& factors) {
    const int bits = plan.activation_bits;
    if (plan.cycles.count != bits || (bits != 8 && bits != 4) || !one_law(plan)) return false;
    const std::int32_t unit = factors.cycle[0];
    for (int j = 0; j + 1 < bits; ++j)
        if (factors.cycle[j] != unit << j) return false;
    return unit > 0 && std::abs(factors.cycle[bits - 1]) == unit << (bits - 1);
}

// Codes fit the cells, and the sum of a row group 32 bits.
bool codes_fit_tiles(const LayerPlan& plan, const TileFactors& factors) {
    std::int64_t cycles = 0, planes = 0;
    for (int j = 0; j < plan.cycles.count; ++j) {
        const std::int64_t top = plan.law[j]->scale().code_max;
        if (top > TileCell::largest_code) return false;
        cycles += std::abs(factors.cycle[j]) * top;
    }
    for (const std::int32_t plane : factors.plane) planes += std::abs(plane);
    return cycles * planes < std::int64_t{1} << 31;
}

// The kernel of a law that draws noise, among those for all of its cycles.
void choose_sampler(const LayerPlan& plan, bool thresholds, KernelChoice& layer) {
    layer.kernel = ConversionKernel::tiles_wide;
    if (!one_law(plan)) return;
    const CycleLaw& law = *plan.law[0];
    const bool one_block = plan.group_rows <= block_rows;
    const bool lean = layer.tile.columns == TileColumns::serial && one_block;
    if (const auto found = thresholds && lean ? find_thresholds(law) : std::nullopt) {
        layer.kernel = ConversionKernel::tiles_thresholds;
        layer.thresholds = *found;
        layer.tile.threshold_side = found->side;
        return;
    }
    const std::size_t bytes = law.cells().size() * sizeof(std::uint32_t);
    if (bytes > shared_table_limit) return;
    const bool in_bytes = lean && law.scale().code_max <= ByteCell::largest_code &&
                          law.scale().full_scale <= ByteCell::largest_sum;
    layer.kernel = in_bytes ? ConversionKernel::tiles_bytes : ConversionKernel::tiles_table;
    layer.table_bytes = bytes;
}

void choose_tiles(const LayerPlan& plan, bool thresholds, KernelChoice& layer) {
    if (!codes_fit_tiles(plan, layer.factors)) return;
    layer.serial = is_serial(plan, layer.factors);
    if (layer.serial && layer.factors.cycle[0] == 1 && layer.factors.all_alike() &&
        plan.macro.weight_encoding != WeightEncoding::xnor)
        layer.tile.columns = TileColumns::serial;
    if (plan.path == SamplingPath::lut)
        layer.kernel = ConversionKernel::tiles_lut;
    else
        choose_sampler(plan, thresholds, layer);
}

// Columns that the chip kernel knows: no memory between cycles, no errors of input DACs.
bool chip_tiles_serve(const LayerPlan& plan) {
    const bool dac = plan.drives_dacs() && plan.macro.input_dac.any();
    const bool memory = plan.terms.settling != 0.0 && !plan.terms.reset;
    return plan.channels && plan.path == SamplingPath::chip && !dac && !memory &&
           !plan.macro.weight_parallel && plan.macro.weight_encoding != WeightEncoding::xnor;
}

}  // namespace

KernelChoice choose_kernel(const LayerPlan& plan, int outputs, bool thresholds) {
    KernelChoice layer;
    layer.tile.bits = plan.activation_bits;
    if (plan.analog && plan.macro.kind == MacroKind::aidac) {
        layer.kernel = ConversionKernel::aidac;
        return layer;
    }
    if (plan.path == SamplingPath::product) return layer;
    layer.kernel =
        plan.path == SamplingPath::events ? ConversionKernel::events : ConversionKernel::general;
    if (outputs >= least_tile_outputs && chip_tiles_serve(plan)) {
        if (const auto factors = tile_factors(plan)) {
            layer.factors = *factors;
            layer.kernel = ConversionKernel::tiles_chip;
            return layer;
        }
    }
    const bool by_sum = !plan.channels && !plan.macro.weight_parallel &&
                        (plan.path == SamplingPath::table || plan.path == SamplingPath::lut);
    if (!by_sum || outputs < least_tile_outputs) return layer;
    if (const auto factors = tile_factors(plan)) {
        layer.factors = *factors;
        choose_tiles(plan, thresholds, layer);
    }
    return layer;
}

bool TileFactors::any_digital() const {
    return std::ranges::any_of(digital, [](std::uint16_t bits) { return bits != 0; });
}

bool TileFactors::all_alike() const {
    return !any_digital() &&
           std::ranges::all_of(special, [](std::uint16_t bits) { return bits == 0; });
}

std::optional<Thresholds> find_thresholds(const CycleLaw& law) {
    constexpr std::int32_t most = 511;  // four codes weighed 1, 4, 16, 64 fit 16 bits
    constexpr std::uint32_t middle = total_cells / 2;
    const CycleLawView view = law.view();
    const std::int64_t rows = view.scale.full_scale + std::int64_t{1};
    const std::int32_t top = view.scale.code_max;
    if (law.laws() != 1 || top != rows - 1 || top > most || top < 8) return std::nullopt;
    for (std::int64_t s = 0; s < rows; ++s)
        if (view.table.base[s] != s) return std::nullopt;
    // Codes of a sum that none of the few steps leads to the edge from.
    const std::int32_t sum = top / 2;
    const std::uint32_t* cells = view.table.cells + std::int64_t{sum} * cell_columns;
    std::uint32_t u = view.table.escape[sum];
    std::vector<std::int32_t> below, above;
    std::int32_t code = CodeCell::code(cells, u);
    const std::int32_t first = code;
    for (; u < total_cells; ++u) {
        const std::int32_t here = CodeCell::code(cells, u);
        if (here < code) return std::nullopt;
        for (; code < here; ++code)
            (u <= middle ? below : above).push_back(static_cast<std::int32_t>(u));
    }
    const std::size_t side = below.size();
    if (side < 1 || side > 2 || above.size() != side ||
        first != sum - static_cast<std::int32_t>(side))
        return std::nullopt;
    Thresholds out;
    out.side = static_cast<int>(side);
    std::ranges::copy(below, out.at.begin());
    std::ranges::copy(above, out.at.begin() + static_cast<std::ptrdiff_t>(side));
    return out;
}

}  // namespace acim
