// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/digital_operators.hpp"

#include <algorithm>

#include "cuda/model/digital/layer_norm.hpp"
#include "cuda/model/digital/softmax.hpp"
#include "cuda/trial/strided.hpp"

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

void run(const Relu&, Values in, MutableValues out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::relu(in[i]);
}

void run(const Clip& op, Values in, MutableValues out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::clip(in[i], op.low, op.high);
}

void run(const Add&, Values a, Values b, MutableValues out) {
    if (b.size() == 1)
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::add(a[i], b[0]);
    else
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = digital::add(a[i], b[i]);
}

void run(const Affine& op, Values in, MutableValues out) {
    const std::size_t channels = op.scale.size();
    const std::size_t block = out.size() / channels;
    for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = c * block; i < (c + 1) * block; ++i)
            out[i] = digital::affine(in[i], op.scale[c], op.shift[c]);
}

void run(const MaxPool& op, Values in, MutableValues out) {
    const PoolGeometry& pool = op.pool;
    for_each_window(pool, in, [&](const float* map, PoolWindow w, std::size_t index) {
        float best = digital::max_pool_start;
        for (int y = w.rows.begin; y < w.rows.end; ++y)
            for (int x = w.columns.begin; x < w.columns.end; ++x)
                best = digital::max_pool_step(best, map[y * pool.in_width + x]);
        out[index] = best;
    });
}

void run(const AveragePool& op, Values in, MutableValues out) {
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

void run(const View&, Values in, MutableValues out) { std::ranges::copy(in, out.begin()); }

void run(const Rearrange& op, Values in, MutableValues out) {
    const StridedIndex index(op.extents, op.strides, op.offset);
    const auto n = static_cast<std::int64_t>(out.size());
    const std::int64_t line = index.line(), step = index.step();
    for (std::int64_t first = 0; first < n; first += line) {
        const std::int64_t from = index.at(first);
        for (std::int64_t k = 0; k < line; ++k) out[first + k] = in[from + k * step];
    }
}

void run(const Concat& op, const std::vector<std::vector<float>>& values, MutableValues out) {
    float* to = out.data();
    for (int o = 0; o < op.outer; ++o)
        for (const TensorId id : op.inputs) {
            const std::size_t block = values[id].size() / static_cast<std::size_t>(op.outer);
            to = std::copy_n(values[id].data() + o * block, block, to);
        }
}

void run(const Softmax& op, Values in, MutableValues out) {
    const std::size_t inner = static_cast<std::size_t>(op.inner), length = op.length;
    std::vector<std::int64_t> terms(length);  // an exponential is the dearest step: once for each
    for (std::size_t first = 0; first < in.size(); first += length * inner)
        for (std::size_t j = first; j < first + inner; ++j) {
            const std::size_t end = j + length * inner;
            float peak = digital::softmax_start;
            for (std::size_t i = j; i < end; i += inner) peak = digital::softmax_peak(peak, in[i]);
            std::int64_t total = 0;
            for (std::size_t k = 0; k < length; ++k)
                total += terms[k] = digital::softmax_term(in[j + k * inner], peak);
            for (std::size_t k = 0; k < length; ++k) {
                const std::size_t i = j + k * inner;
                out[i] = op.is_log ? digital::log_softmax_value(in[i], peak, total)
                                   : digital::softmax_value(terms[k], total);
            }
        }
}

void run(const LayerNorm& op, Values in, MutableValues out) {
    const std::size_t length = op.scale.size();
    for (std::size_t first = 0; first < in.size(); first += length) {
        const Values line = in.subspan(first, length);
        float most = 0.0F;
        for (const float x : line) most = digital::norm_magnitude(most, x);
        const int exponent = digital::norm_exponent(most);
        std::int64_t sum = 0, least = INT64_MAX, largest = INT64_MIN, squares = 0;
        for (const float x : line) {
            const std::int64_t term = digital::norm_term(x, exponent);
            sum += term;
            least = std::min(least, term);
            largest = std::max(largest, term);
        }
        const int n = static_cast<int>(length);
        const auto centre = digital::norm_centre(sum, least, largest, n, exponent, op.is_centred);
        for (const float x : line)
            squares += digital::norm_square(digital::norm_term(x, exponent), centre);
        const double factor = digital::norm_factor(squares, centre, n, op.epsilon);
        for (std::size_t i = 0; i < length; ++i)
            out[first + i] = digital::norm_value(digital::norm_term(line[i], exponent), centre,
                                                 factor, op.scale[i], op.shift[i]);
    }
}

void run(const Function& op, Values in, MutableValues out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = apply(op.kind, in[i], op.a, op.b);
}

void run(const Binary& op, Values a, Values b, MutableValues out) {
    const StridedIndex at_a(op.extents, op.a_strides), at_b(op.extents, op.b_strides);
    const auto n = static_cast<std::int64_t>(out.size());
    const std::int64_t line = at_a.line(), step_a = at_a.step(), step_b = at_b.step();
    for (std::int64_t first = 0; first < n; first += line) {
        const std::int64_t from_a = at_a.at(first), from_b = at_b.at(first);
        for (std::int64_t k = 0; k < line; ++k)
            out[first + k] = apply(op.kind, a[from_a + k * step_a], b[from_b + k * step_b]);
    }
}

void run(const Embedding& op, Values in, MutableValues out) {
    const std::size_t width = static_cast<std::size_t>(op.width);
    const int rows = static_cast<int>(op.table.size() / width);
    for (std::size_t i = 0; i < in.size(); ++i)
        std::copy_n(op.table.data() + embedding_row(in[i], rows) * width, width,
                    out.data() + i * width);
}

void run(const Requantise& op, Values in, MutableValues out) {
    const Quantisation& q = op.quantisation;
    const int low = digital::quantised_low(q.bits, q.is_signed);
    const int high = digital::quantised_high(q.bits, q.is_signed);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = digital::requantise(in[i], q.scale, low, high);
}

}  // namespace acim
