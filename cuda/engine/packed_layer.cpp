// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/packed_layer.hpp"

#include <algorithm>
#include <cstdlib>

#include "cuda/engine/fragment_place.hpp"
#include "cuda/engine/tile_cell.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/recombination.hpp"
#include "cuda/model/random/code_cell.hpp"

namespace acim {
namespace {

constexpr int word_rows = 32, block_words = 8, tile = 16;
constexpr std::size_t shared_table_limit = std::size_t{80} << 10;  // two blocks a processor
constexpr int least_tile_outputs = 8;  // below, most of a tile would be idle

// The factors of a layer whose conversions are all alike: once through the ADC, noisy or without any
// noise, or digital.
std::optional<TileFactors> tile_factors(const LayerPlan& plan) {
    TileFactors f;
    for (int i = 0; i < plan.columns.count; ++i) {
        const std::int32_t magnitude = 1 << plan.columns.bit[i];
        f.plane[i] = plan.columns.negative[i] ? -magnitude : magnitude;
    }
    for (int j = 0; j < plan.cycles.count; ++j)
        f.place[j] = static_cast<std::int32_t>(cycle_place_value(plan.cycles, j));
    for (std::size_t k = 0; k < plan.conversions.size(); ++k) {
        const ConversionPlan& c = plan.conversions[k];
        if (!c.through_adc) {
            f.digital[k / 64] |= std::uint64_t{1} << (k % 64);
            if (std::int64_t{f.plane[c.plane]} * f.place[c.cycle] != c.weight) return std::nullopt;
            continue;
        }
        if (!c.noisy || c.votes != 1) return std::nullopt;
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

// Eight one-bit cycles in at most 256 rows, weighed 1, 2 .. 64, +-128.
bool is_serial8(const LayerPlan& plan, const TileFactors& factors) {
    if (plan.cycles.count != 8 || plan.activation_bits != 8 || factors.hybrid()) return false;
    for (int j = 0; j < 7; ++j)
        if (factors.cycle[j] != 1 << j) return false;
    return std::abs(factors.cycle[7]) == 128 && plan.group_rows <= word_rows * block_words;
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

void choose_tiles(const LayerPlan& plan, bool thresholds, PackedLayer& layer) {
    if (!codes_fit_tiles(plan, layer.factors)) return;
    layer.serial8 = is_serial8(plan, layer.factors);
    if (plan.path == SamplingPath::lut) {
        layer.kernel = ConversionKernel::tiles_lut;
        return;
    }
    layer.kernel = ConversionKernel::tiles_wide;
    if (!one_law(plan)) return;
    if (const auto found =
            thresholds && layer.serial8 ? find_thresholds(*plan.law[0]) : std::nullopt) {
        layer.kernel = ConversionKernel::tiles_thresholds;
        layer.thresholds = *found;
        return;
    }
    const std::size_t bytes = plan.law[0]->cells().size() * sizeof(std::uint32_t);
    if (bytes > shared_table_limit) return;
    const AdcScale& scale = plan.law[0]->scale();
    const bool in_bytes = layer.serial8 && scale.code_max <= ByteCell::largest_code &&
                          scale.full_scale <= ByteCell::largest_sum;
    layer.kernel = in_bytes ? ConversionKernel::tiles_bytes : ConversionKernel::tiles_table;
    layer.table_bytes = bytes;
}

// Columns that the chip kernel knows: no memory between cycles, no errors of input DACs.
bool chip_tiles_serve(const LayerPlan& plan) {
    const bool dac = plan.drives_dacs() && plan.macro.input_dac.any();
    const bool memory = plan.terms.settling != 0.0 && !plan.terms.reset;
    return plan.channels && plan.path == SamplingPath::chip && !dac && !memory &&
           !plan.macro.weight_parallel && plan.macro.weight_encoding != WeightEncoding::xnor;
}

void choose_kernel(const LayerPlan& plan, int outputs, bool thresholds, PackedLayer& layer) {
    if (plan.analog && plan.macro.kind == MacroKind::aidac) {
        layer.kernel = ConversionKernel::aidac;
        return;
    }
    if (plan.path == SamplingPath::product) return;
    layer.kernel =
        plan.path == SamplingPath::events ? ConversionKernel::events : ConversionKernel::general;
    if (outputs >= least_tile_outputs && chip_tiles_serve(plan)) {
        if (const auto factors = tile_factors(plan)) {
            layer.factors = *factors;
            layer.kernel = ConversionKernel::tiles_chip;
            return;
        }
    }
    const bool by_sum = !plan.channels && plan.macro.weight_encoding != WeightEncoding::xnor &&
                        (plan.path == SamplingPath::table || plan.path == SamplingPath::lut);
    if (!by_sum || outputs < least_tile_outputs) return;
    if (const auto factors = tile_factors(plan)) {
        layer.factors = *factors;
        choose_tiles(plan, thresholds, layer);
    }
}

// Rows of one row group.
struct Rows {
    int begin, count;
};

Rows rows_of(const LayerPlan& plan, int group) {
    const int begin = group * plan.group_rows;
    return {begin, std::min(plan.group_rows, plan.depth - begin)};
}

// Bits of one output, row group and plane of weights, in words.
std::vector<std::uint32_t> weight_words(const LayerPlan& plan, std::span<const std::int8_t> row,
                                        int group, int plane, int words) {
    std::vector<std::uint32_t> out(static_cast<std::size_t>(words), 0);
    const Rows rows = rows_of(plan, group);
    for (int r = 0; r < rows.count; ++r) {
        const int w = row[static_cast<std::size_t>(rows.begin + r)];
        const auto bit = static_cast<std::uint32_t>(
            stored_bit(plan.macro.weight_encoding, plan.weight_bits, plan.columns, plane, w));
        out[static_cast<std::size_t>(r / word_rows)] |= bit << (r % word_rows);
    }
    return out;
}

// [row groups][planes][words][M]
void pack_lines(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights,
                PackedLayer& layer) {
    const std::size_t words = static_cast<std::size_t>(layer.words), m = outputs;
    layer.weights.resize(layer.weight_words);
    std::size_t block = 0;
    for (int g = 0; g < plan.groups; ++g) {
        for (int i = 0; i < plan.columns.count; ++i, block += words * m) {
            for (std::size_t o = 0; o < m; ++o) {
                const auto line = weight_words(plan, weights.subspan(o * plan.depth, plan.depth), g,
                                               i, layer.words);
                for (std::size_t word = 0; word < words; ++word)
                    layer.weights[block + word * m + o] = line[word];
            }
        }
    }
}

// [row groups][tiles][planes][256 rows][32 lanes][4 words]: lane 4g + t holds words 2t and 2t+1 of
// outputs g and g+8.
void pack_fragments(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights,
                    PackedLayer& layer) {
    const int tiles = (outputs + tile - 1) / tile, blocks = layer.words / block_words;
    layer.weights.resize(layer.weight_words);
    for (int g = 0; g < plan.groups; ++g) {
        for (int o = 0; o < outputs; ++o) {
            for (int i = 0; i < plan.columns.count; ++i) {
                const auto line = weight_words(
                    plan, weights.subspan(static_cast<std::size_t>(o) * plan.depth, plan.depth), g,
                    i, layer.words);
                const std::size_t first =
                    ((static_cast<std::size_t>(g) * tiles + o / tile) * plan.columns.count + i) *
                    blocks * 128;
                for (int word = 0; word < layer.words; ++word) {
                    const int lane = o % 8 * 4 + word % block_words / 2;
                    const int reg = o / 8 % 2 + 2 * (word & 1);
                    layer.weights[first + static_cast<std::size_t>(word / block_words * 128 +
                                                                   lane * 4 + reg)] =
                        line[static_cast<std::size_t>(word)];
                }
            }
        }
    }
}

// [row groups][planes][8][words][M]: bits of q of every cell of a row group.
void pack_cells(const LayerPlan& plan, int outputs, PackedLayer& layer) {
    const std::size_t words = static_cast<std::size_t>(layer.words), m = outputs;
    layer.cells.resize(8 * layer.weight_words);
    std::size_t block = 0;
    for (int g = 0; g < plan.groups; ++g) {
        const Rows rows = rows_of(plan, g);
        for (int i = 0; i < plan.columns.count; ++i, block += 8 * words * m) {
            for (int o = 0; o < outputs; ++o) {
                const std::span<const std::int8_t> q = layer.chip->cells(g, o, i);
                for (int r = 0; r < rows.count; ++r) {
                    const auto value = static_cast<std::uint8_t>(q[static_cast<std::size_t>(r)]);
                    const std::size_t word = static_cast<std::size_t>(r / word_rows);
                    for (std::size_t b = 0; b < 8; ++b)
                        layer.cells[block + (b * words + word) * m + o] |=
                            static_cast<std::uint32_t>(value >> b & 1) << (r % word_rows);
                }
            }
        }
    }
}

// [row groups][tiles][planes][8][256 rows][32 lanes][4 words]: the same in fragments, of cells with a
// weight bit of 1 if weights are given.
void pack_cell_fragments(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights,
                         PackedLayer& layer) {
    const int tiles = (outputs + tile - 1) / tile, blocks = layer.words / block_words;
    layer.cells.resize(8 * layer.weight_words);
    for (int g = 0; g < plan.groups; ++g) {
        const Rows rows = rows_of(plan, g);
        for (int o = 0; o < outputs; ++o) {
            for (int i = 0; i < plan.columns.count; ++i) {
                const std::span<const std::int8_t> q = layer.chip->cells(g, o, i);
                const std::size_t first =
                    ((static_cast<std::size_t>(g) * tiles + o / tile) * plan.columns.count + i) *
                    8 * static_cast<std::size_t>(blocks) * 128;
                for (int r = 0; r < rows.count; ++r) {
                    if (!weights.empty() &&
                        stored_bit(plan.macro.weight_encoding, plan.weight_bits, plan.columns, i,
                                   weights[static_cast<std::size_t>(o) * plan.depth +
                                           static_cast<std::size_t>(rows.begin + r)]) == 0)
                        continue;
                    const auto value = static_cast<std::uint8_t>(q[static_cast<std::size_t>(r)]);
                    const std::size_t at =
                        first + static_cast<std::size_t>(fragment_place(o, r / word_rows));
                    for (std::size_t b = 0; b < 8; ++b)
                        layer.cells[at + b * static_cast<std::size_t>(blocks) * 128] |=
                            static_cast<std::uint32_t>(value >> b & 1) << (r % word_rows);
                }
            }
        }
    }
}

int words_of(const LayerPlan& plan, ConversionKernel kernel) {
    const int words = (plan.group_rows + word_rows - 1) / word_rows;
    if (reads_lines(kernel)) return words;
    return (words + block_words - 1) / block_words * block_words;
}

// Cells that are measured come from the host; those that are drawn are drawn on the device.
void add_chip(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights,
              const ProductSite& site, bool fragments, PackedLayer& layer) {
    const bool measured = plan.macro.chip && plan.macro.chip->cells.any();
    layer.chip = std::make_unique<ChipLayer>(
        plan, outputs, site, measured ? ChipLayer::Cells::drawn : ChipLayer::Cells::left_out);
    if (plan.terms.mismatch == 0.0) return;
    if (!measured) {
        const ArrayParams& array = plan.macro.array;
        layer.draw = CellPlace{site.chip,
                               array,
                               array.count == 0 ? site.layer : shared_arrays_layer,
                               site.first_tile,
                               site.first_output,
                               site.outputs};
    } else if (fragments) {
        pack_cell_fragments(plan, outputs, weights, layer);
    } else {
        pack_cells(plan, outputs, layer);
    }
}

}  // namespace

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

std::unique_ptr<PackedWeights> LayerPacker::pack(const LayerPlan& plan, int outputs,
                                                 std::span<const std::int8_t> weights,
                                                 const ProductSite& site) const {
    auto layer = choose(plan, outputs);
    if (layer->kernel == ConversionKernel::none) return layer;
    if (layer->kernel == ConversionKernel::aidac) {
        layer->aidac =
            std::make_unique<AidacWeights>(make_aidac_weights(plan, outputs, weights, site));
        return layer;
    }
    const bool fragments = !reads_lines(layer->kernel);
    if (fragments)
        pack_fragments(plan, outputs, weights, *layer);
    else
        pack_lines(plan, outputs, weights, *layer);
    if (plan.channels) add_chip(plan, outputs, weights, site, fragments, *layer);
    return layer;
}

std::unique_ptr<PackedWeights> LayerPacker::prepare(const LayerPlan& plan, int outputs,
                                                    const ProductSite& site) const {
    auto layer = choose(plan, outputs);
    const bool fragments = !reads_lines(layer->kernel);
    if (layer->kernel == ConversionKernel::aidac)
        layer->aidac = std::make_unique<AidacWeights>(make_aidac_weights(plan, outputs, {}, site));
    if (layer->weight_words > 0 && plan.channels)
        add_chip(plan, outputs, {}, site, fragments, *layer);
    return layer;
}

// The kernel, and the sizes of what it reads.
std::unique_ptr<PackedLayer> LayerPacker::choose(const LayerPlan& plan, int outputs) const {
    auto layer = std::make_unique<PackedLayer>();
    choose_kernel(plan, outputs, thresholds_, *layer);
    if (layer->kernel == ConversionKernel::none || layer->kernel == ConversionKernel::aidac)
        return layer;
    layer->words = words_of(plan, layer->kernel);
    const int filled = reads_lines(layer->kernel) ? outputs : (outputs + tile - 1) / tile * tile;
    layer->weight_words = static_cast<std::size_t>(plan.groups) * filled * plan.columns.count *
                          static_cast<std::size_t>(layer->words);
    return layer;
}

}  // namespace acim
