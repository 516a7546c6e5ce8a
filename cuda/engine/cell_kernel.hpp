// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/layer_view.hpp"
#include "cuda/model/random/inverse_normal.hpp"

namespace acim {

// Draws the cells of one convolution group (ChipLayer draws the same on a host), as bit planes of
// their deviations in the order that the layer's kernel reads, and the q_sum of their columns.
// `fragments`: in the order of fragments, and of weight bit 1 alone where weights are constant.
struct CellDraw {
    const ConversionView* view = nullptr;
    CellPlace place;
    int conv_group = 0;
    bool fragments = false;
    const InverseNormalTable* normal = nullptr;
    std::uint32_t* cells = nullptr;  // of the whole layer, all zero
    ChipColumn* columns = nullptr;   // of the convolution group
};
void launch_draw_cells(const CellDraw& draw, std::int64_t columns, cudaStream_t stream);

}  // namespace acim
