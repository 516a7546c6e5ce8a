// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/engine/segment.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/array_place.hpp"
#include "cuda/model/macro/conversion.hpp"
#include "cuda/model/macro/cycles.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/recombination.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "cuda/trial/chip_layer.hpp"
#include "cuda/trial/layer_plan.hpp"
#include "cuda/trial/normal_sketch.hpp"

// A MAC layer as kernels see it: plain values and pointers to device memory. Integers of a product
// stand in rows of one output channel, M rows a convolution group, with the pixels of all slots of
// the batch side by side; a row is `stride` long.
namespace acim {

// Where the value of one row of an unfolded input comes from: element offset from the window's
// corner, and how far the row lies below and right of it.
struct Tap {
    std::int32_t offset = 0;
    std::int16_t dy = 0, dx = 0;
};

// How outputs of a layer read its input tensor. Heads of a product of two computed tensors are
// convolution groups here and in all that follows.
struct UnfoldView {
    bool by_taps = false;       // else a pixel of a group is a line of `depth` values
    const Tap* taps = nullptr;  // [depth]
    std::int64_t elements = 0;  // of the input tensor of one slot
    int depth = 0;              // K
    int pixels = 0;             // of one slot
    int conv_groups = 1;
    int group_stride = 0;  // elements from one convolution group's inputs to the next's
    int width = 1, height = 1;
    int reach_y = 0, reach_x = 0;  // farthest tap of a window
    int out_width = 1;
    int stride_height = 1, stride_width = 1, pad_top = 0, pad_left = 0;
};

// The second operand of a product of two computed tensors: from its floats in every slot to bytes
// [slots][heads][rows][line], as the constant weights of other layers stand.
struct StoredView {
    std::int64_t elements = 0;  // of its tensor of one slot
    int heads = 1, outputs = 0, depth = 0;
    bool on_left = false;  // [heads][m][k], else [heads][k][m]
    float scale = 1.0F;    // of its integers in low .. high
    int low = 0, high = 0;
    int bits = 8;
    int rows = 0, line = 0;  // M and bytes of a line, padded
    int byte_offset = 0;     // that the bytes of the inputs lack
};

// What the engine needs of one chip in one convolution group (cuda/trial/chip_layer.hpp).
struct ChipView {
    const ChipColumn* columns = nullptr;  // [row groups][M][planes]
    const AdcChannel* adcs = nullptr;
    const double* measured = nullptr;              // [adcs], or null
    const std::int8_t* drivers = nullptr;          // [driver sets][N], or null
    const std::int32_t* dac[max_cycles + 1] = {};  // [width][q][x], or null
};

// Where the cells of a convolution group are drawn.
struct CellPlace {
    PhiloxKey chip{};
    ArrayParams array;
    std::uint32_t layer = 0;      // of the counters
    std::int64_t first_tile = 0;  // ProductSite
    int first_output = 0, outputs = 0;
};

// Sizes of a layer's conversions.
struct ConversionShape {
    int outputs = 0;  // M of one convolution group
    int pixels = 0;   // of one slot
    int conv_groups = 1;
    int groups = 0;           // row groups
    int group_rows = 0;       // rows of a full one
    int depth = 0;            // K
    int planes = 0;           // columns of an output
    int bits = 0;             // X, planes of the packed inputs
    int words = 0;            // 32-row words of a row group's plane
    std::uint32_t layer = 0;  // in random counters
    // Element of a random counter = group_first*convolution group + output_stride*m + pixel_stride*p
    std::int64_t group_first = 0, output_stride = 1, pixel_stride = 0;
};

// Conversions of one layer at one design point, on one chip where chips differ.
struct ConversionView {
    ConversionShape shape;
    CycleLayout cycles;
    ColumnLayout columns;
    SamplingPath path = SamplingPath::table;
    WeightEncoding encoding = WeightEncoding::twos_complement;
    VoteCombination combine = VoteCombination::mode;
    bool weight_parallel = false;
    int weight_bits = 8;
    int rows = 0;  // N
    ColumnTerms terms;
    bool any_dac = false;  // input DACs have errors
    // [convolution groups][row groups][planes][words][M], or as fragments of 16 outputs
    // (cuda/engine/tile_conversions.cu): bits of the weights. Null where each slot has its own.
    const std::uint32_t* weights = nullptr;
    // The same of the cells' deviations q, a further index [8] for the bit of q before [words]. In
    // the order of fragments of cells whose constant weight bit is 1 alone.
    const std::uint32_t* cells = nullptr;
    const ChipView* chips = nullptr;              // [convolution groups]; null: the sum decides
    const ConversionPlan* conversions = nullptr;  // [conversion_count]
    int conversion_count = 0;
    CycleLawView law[max_cycles];
    EventLawView events;                             // on path events
    const std::uint16_t* rounding[max_cycles] = {};  // codes of quiet conversions, or null
    // Of the tile kernels, which take conversions by TileFactors (cuda/engine/kernel_choice.hpp).
    std::int32_t plane_factor[max_columns] = {};
    std::int32_t cycle_factor[max_cycles] = {};  // weight in A = plane_factor * cycle_factor
    std::int32_t cycle_place[max_cycles] = {};   // weight in D = plane_factor * cycle_place
    std::uint16_t digital[max_columns] = {};     // bit j
    std::uint16_t special[max_columns] = {};     // bit j
    bool any_digital = false;
    bool serial = false;                               // as is_serial() (kernel_choice.cpp)
    const double* sigma[max_cycles] = {};              // draw_sigma() by count; of tiles_chip
    const NormalSketch* sketch = nullptr;              // the same
    std::int32_t max_escape = 0;                       // cells of ESCAPE outcomes, at most
    std::int32_t threshold[4] = {};                    // ascending; of tiles_thresholds
    const std::uint32_t* tile_cells[max_cycles] = {};  // cells of the laws as TileCell, or null
};

// One segment's work in a layer, or that of one of its slots where each has weights of its own.
struct ConversionWork {
    const ConversionView* view = nullptr;
    const std::uint32_t* weights = nullptr;  // as ConversionView says
    Segment segment;
    std::uint32_t layer_index = 0;  // among MAC layers, for sums
    std::uint64_t first_word = 0;   // of its packed inputs in the batch's buffer
};

// Integers of the products of a batch: rows [convolution groups * M].
struct ProductBuffers {
    std::int64_t* analog = nullptr;   // A
    std::int64_t* digital = nullptr;  // D, without the correction of inputs
    std::int64_t stride = 0;          // pixels of all slots, padded
};

}  // namespace acim
