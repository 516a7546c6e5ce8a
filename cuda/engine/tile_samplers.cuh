// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/layer_view.hpp"
#include "cuda/model/random/code_cell.hpp"

// How the tile kernel turns the sums of one column of one element into codes. A sampler answers
// code(j, s, u) for cycle j, sum s and 16-bit uniform u, and says whether it draws at all; outcomes
// that it cannot decide (u below max_escape) are computed anew by the model.
namespace acim {

// Where table cells of cycle j lie: in shared memory where they fit, else in global memory.
template <bool in_shared>
struct TableSampler {
    static constexpr bool draws = true;
    const ConversionView& view;
    const std::uint32_t* shared;

    // The one law that is held in shared memory serves all cycles.
    __device__ static std::size_t shared_words(const ConversionView& v) {
        return in_shared ? (static_cast<std::size_t>(v.law[0].scale.full_scale) + 1) * cell_columns
                         : 0;
    }
    __device__ static void load(const ConversionView& v, std::uint32_t* shared) {
        const std::size_t n = shared_words(v);
        for (std::size_t i = threadIdx.x; i < n; i += blockDim.x)
            shared[i] = v.law[0].table.cells[i];
    }
    __device__ __forceinline__ std::int32_t code(int j, std::int32_t s, std::uint32_t u) const {
        if (in_shared) return CodeCell::code(shared + s * cell_columns, u);
        return CodeCell::code(view.law[j].table.cells + s * cell_columns, u);
    }
};

// One layout of cells shifted by the sum, whose codes ascend with u: at most four steps.
struct ThresholdSampler {
    static constexpr bool draws = true;
    const ConversionView& view;
    std::uint32_t t0, t1, t2, t3;
    std::int32_t first, step, top;

    __device__ ThresholdSampler(const ConversionView& v, const std::uint32_t*)
        : view(v),
          t0(static_cast<std::uint32_t>(v.threshold[0])),
          t1(static_cast<std::uint32_t>(v.threshold[1])),
          t2(static_cast<std::uint32_t>(v.threshold[2])),
          t3(static_cast<std::uint32_t>(v.threshold[3])),
          first(v.threshold_first),
          step(v.threshold_step),
          top(v.law[0].scale.code_max) {}
    __device__ static std::size_t shared_words(const ConversionView&) { return 0; }
    __device__ static void load(const ConversionView&, std::uint32_t*) {}
    __device__ __forceinline__ std::int32_t code(int, std::int32_t s, std::uint32_t u) const {
        std::int32_t c = s * step + first;
        c += u >= t0;
        c += u >= t1;
        c += u >= t2;
        c += u >= t3;
        return min(max(c, 0), top);
    }
};

// Noise-free: one code for every sum.
struct LutSampler {
    static constexpr bool draws = false;
    const ConversionView& view;
    const std::uint32_t* shared;

    __device__ static std::size_t shared_words(const ConversionView&) { return 0; }
    __device__ static void load(const ConversionView&, std::uint32_t*) {}
    __device__ __forceinline__ std::int32_t code(int j, std::int32_t s, std::uint32_t) const {
        return __ldg(view.law[j].codes + s);
    }
};

}  // namespace acim
