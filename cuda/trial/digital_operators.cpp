// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/digital_operators.hpp"

#include "cuda/model/digital/elementwise.hpp"
#include "cuda/model/digital/pool.hpp"

namespace acim {
namespace {

using digital::PoolWindow;

// Calls body(channel's map, window, output index) for every output of a pooling layer.
template <class Body>
void for_each_window(const PoolGeometry& p, Values in, Body body) {
    std::size_t index = 0;
    for (int c = 0; c < p.channels; ++c) {
        const float* map = in.data() + static_cast<std::size_t>(c) * p.in_height * p.in_width;
        for (int oy = 0; oy < p.out_height; ++oy)
            for (int ox = 0; ox < p.out_width; ++ox) body(map, window_at(p, oy, ox), index++);
    }
}

}  // namespace

void run_relu(Values in, MutableValues out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::relu(in[i]);
}

void run_clip(const Clip& op, Values in, MutableValues out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::clip(in[i], op.low, op.high);
}

void run_add(Values a, Values b, MutableValues out) {
    if (b.size() == 1)
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::add(a[i], b[0]);
    else
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::add(a[i], b[i]);
}

void run_affine(const Affine& op, Values in, MutableValues out) {
    const std::size_t channels = op.scale.size();
    const std::size_t block = out.size() / channels;
    for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = c * block; i < (c + 1) * block; ++i)
            out[i] = digital::affine(in[i], op.scale[c], op.shift[c]);
}

void run_max_pool(const PoolGeometry& pool, Values in, MutableValues out) {
    for_each_window(pool, in, [&](const float* map, PoolWindow w, std::size_t index) {
        float best = digital::max_pool_start;
        for (int y = w.rows.begin; y < w.rows.end; ++y)
            for (int x = w.columns.begin; x < w.columns.end; ++x)
                best = digital::max_pool_step(best, map[y * pool.in_width + x]);
        out[index] = best;
    });
}

void run_average_pool(const AveragePool& op, Values in, MutableValues out) {
    const PoolGeometry& pool = op.pool;
    for_each_window(pool, in, [&](const float* map, PoolWindow w, std::size_t index) {
        std::int64_t sum = 0;
        for (int y = w.rows.begin; y < w.rows.end; ++y)
            for (int x = w.columns.begin; x < w.columns.end; ++x)
                sum += digital::average_pool_term(map[y * pool.in_width + x], op.fraction_bits);
        const int count = digital::average_pool_count(w, pool.kernel_height * pool.kernel_width,
                                                      op.count_include_pad);
        out[index] = digital::average_pool_result(sum, count, op.fraction_bits);
    });
}

}  // namespace acim
