// SPDX-License-Identifier: Apache-2.0
// Path events: one thread an output element. A Philox call counts the events of four row groups;
// where there are some, their conversions are counted from the bit planes, for the sake of clipping.
// A holds the errors alone: finish_kernel.cu adds the integer product.
#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/engine/element_rows.cuh"
#include "cuda/engine/launch.cuh"

namespace acim {
namespace {

constexpr int threads = 128;

// What the ADC of a column sees.
__device__ std::int64_t count_at(const ConversionView& v, const RowGroup& g,
                                 const ConversionPlan& c) {
    const std::uint32_t* w =
        g.weights + static_cast<std::int64_t>(c.plane) * v.shape.words * g.outputs;
    const std::int64_t driven =
        v.encoding == WeightEncoding::xnor ? cycle_sum(v, g, nullptr, nullptr, c.cycle) : 0;
    return column_count(v.encoding, cycle_sum(v, g, w, nullptr, c.cycle), driven,
                        full_scale(v.rows, v.cycles.width[c.cycle]));
}

__device__ std::int64_t block_errors(const ConversionWork& work, const Element& e,
                                     std::uint32_t top, const std::uint32_t* bits) {
    const ConversionView& v = *work.view;
    const RowGroup g = row_group(work, e, static_cast<int>(e.place.group), bits);
    std::int64_t errors = 0;
    for (BlockEvents events(v.events, top, e.key, e.place); events.next();) {
        const ConversionPlan& c = v.conversions[events.k];
        if (!c.is_noisy()) continue;
        errors += c.weight * event_step(v.law[c.cycle].scale, count_at(v, g, c), events.error);
    }
    return errors;
}

__global__ __launch_bounds__(threads) void event_conversions(const ConversionWork* works,
                                                             const std::uint32_t* bits,
                                                             ProductBuffers out) {
    const ConversionWork& work = works[blockIdx.y];
    const ConversionShape& shape = work.view->shape;
    const int groups_with_events = work.view->events.most > 0 ? shape.groups : 0;
    for (std::int64_t i = thread_index(); i < elements_of(work); i += thread_count()) {
        Element e = element_at(work, i);
        std::int64_t errors = 0;
        for (int first = 0; first < groups_with_events; first += 4) {
            e.place.group = static_cast<std::uint32_t>(first);
            const PhiloxWords call = event_count_call(e.key, e.place);
            const int groups = min(4, shape.groups - first);
            for (int g = 0; g < groups; ++g) {
                if (!may_have_events(work.view->events, call.w[g])) continue;
                e.place.group = static_cast<std::uint32_t>(first + g);
                errors += block_errors(work, e, call.w[g], bits);
            }
        }
        out.analog[place_in(out, work, e)] = errors;
    }
}

}  // namespace

void launch_events(const ConversionWork* works, std::uint32_t count, std::int64_t most,
                   const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream) {
    launch("event conversions", event_conversions,
           {.blocks = blocks_for(most, threads, 1 << 14), .blocks_y = count, .threads = threads},
           stream, works, bits, out);
}

}  // namespace acim
