// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/packed_layer.hpp"

#include <algorithm>

#include "cuda/engine/fragment_place.hpp"
#include "cuda/model/macro/encoding.hpp"

namespace acim {
namespace {

constexpr int word_rows = 32, block_words = 8, tile = 16;

// [row groups][planes][8][words][M]: bits of q of every cell of a row group.
void pack_cells(const LayerPlan& plan, int outputs, PackedLayer& layer) {
    const std::size_t words = static_cast<std::size_t>(layer.words), m = outputs;
    layer.cells.resize(8 * layer.weight_words);
    std::size_t block = 0;
    for (int g = 0; g < plan.groups; ++g) {
        const GroupRows rows = group_rows(plan, g);
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
        const GroupRows rows = group_rows(plan, g);
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
    layer->weights = bits_.get(plan, outputs, weights, layer->words, fragments);
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
    static_cast<KernelChoice&>(*layer) = choose_kernel(plan, outputs, thresholds_);
    if (layer->kernel == ConversionKernel::none || layer->kernel == ConversionKernel::aidac)
        return layer;
    layer->words = words_of(plan, layer->kernel);
    const int filled = reads_lines(layer->kernel) ? outputs : (outputs + tile - 1) / tile * tile;
    layer->weight_words = static_cast<std::size_t>(plan.groups) * filled * plan.columns.count *
                          static_cast<std::size_t>(layer->words);
    return layer;
}

}  // namespace acim
