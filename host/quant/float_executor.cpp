// SPDX-License-Identifier: Apache-2.0
#include "host/quant/float_executor.hpp"

#include <algorithm>
#include <utility>

#include "cuda/trial/digital_operators.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr int tile_outputs = 8;
constexpr int tile_rows = 2;

// Two sums side by side, which every 64-bit processor holds in one register; wider vectors would be
// split and spilled on the baseline. GCC and clang define elementwise arithmetic on this type, so
// the order within one sum is the source's.
typedef double Pair __attribute__((vector_size(2 * sizeof(double))));
constexpr int tile_pairs = tile_outputs / 2;

inline Pair load_pair(const double* from) {
    Pair pair;
    __builtin_memcpy(&pair, from, sizeof(pair));
    return pair;
}

// sums[r][m] = sum over k, ascending, of rows[r][k] * weights[k][m]. Products of floats are exact
// in double, so a fused multiply-add would give the same bits.
void multiply_tile(const double* rows, int depth, const double* weights,
                   double (&sums)[tile_rows][tile_outputs]) {
    const double* row1 = rows + depth;
    Pair a0 = {}, a1 = {}, a2 = {}, a3 = {};
    Pair b0 = {}, b1 = {}, b2 = {}, b3 = {};
    for (int k = 0; k < depth; ++k, weights += tile_outputs) {
        const Pair w0 = load_pair(weights), w1 = load_pair(weights + 2);
        const Pair w2 = load_pair(weights + 4), w3 = load_pair(weights + 6);
        const Pair x = {rows[k], rows[k]};
        const Pair y = {row1[k], row1[k]};
        a0 += w0 * x, a1 += w1 * x, a2 += w2 * x, a3 += w3 * x;
        b0 += w0 * y, b1 += w1 * y, b2 += w2 * y, b3 += w3 * y;
    }
    const Pair all[tile_rows][tile_pairs] = {{a0, a1, a2, a3}, {b0, b1, b2, b3}};
    __builtin_memcpy(sums, all, sizeof(all));
}

// out[h][i][j] = float(sum over k, ascending, of left[h][i][k]*right[h][k][j], times the factor).
void run_computed(const FloatProduct& p, Values in, Values stored, MutableValues out) {
    const Values left = p.stored.on_left ? stored : in, right = p.stored.on_left ? in : stored;
    const std::size_t heads = static_cast<std::size_t>(p.stored.heads), depth = p.depth;
    const std::size_t rows = left.size() / heads / depth, columns = right.size() / heads / depth;
    std::vector<double> sums(columns);
    for (std::size_t line = 0; line < heads * rows; ++line) {
        const float* b = right.data() + line / rows * depth * columns;
        std::ranges::fill(sums, 0.0);
        for (std::size_t k = 0; k < depth; ++k, b += columns) {
            const double a = left[line * depth + k];
            for (std::size_t j = 0; j < columns; ++j) sums[j] += a * static_cast<double>(b[j]);
        }
        for (std::size_t j = 0; j < columns; ++j)
            out[line * columns + j] = static_cast<float>(sums[j] * static_cast<double>(p.factor));
    }
}

// Copies the window of one output pixel into [c][kh][kw] order, zeros where it leaves the map.
void gather_patch(const ConvGeometry& g, const float* in, int pixel, double* out) {
    const int channels = g.in_channels / g.groups;
    const int y0 = pixel / g.out_width * g.stride_height - g.pad_top;
    const int x0 = pixel % g.out_width * g.stride_width - g.pad_left;
    for (int c = 0; c < channels; ++c) {
        const float* map = in + static_cast<std::size_t>(c) * g.in_height * g.in_width;
        for (int kh = 0; kh < g.kernel_height; ++kh) {
            const int y = y0 + kh * g.dilation_height;
            const bool row_inside = y >= 0 && y < g.in_height;
            const float* row = map + static_cast<std::ptrdiff_t>(row_inside ? y : 0) * g.in_width;
            for (int kw = 0; kw < g.kernel_width; ++kw) {
                const int x = x0 + kw * g.dilation_width;
                const bool inside = row_inside && x >= 0 && x < g.in_width;
                *out++ = inside ? static_cast<double>(row[x]) : 0.0;
            }
        }
    }
}

}  // namespace

// Weights of all output tiles of all groups: [group][tile][k][tile_outputs], missing outputs zero.
struct FloatExecutor::PackedProduct {
    const FloatProduct* product;
    int groups;
    int outputs_per_group;
    int tiles;
    std::vector<double> weights;

    explicit PackedProduct(const FloatProduct& p)
        : product(&p),
          groups(p.groups()),
          outputs_per_group(p.outputs / groups),
          tiles((outputs_per_group + tile_outputs - 1) / tile_outputs) {
        if (p.is_computed()) return;
        const std::size_t depth = static_cast<std::size_t>(p.depth);
        weights.assign(static_cast<std::size_t>(groups) * tiles * depth * tile_outputs, 0.0);
        for (int m = 0; m < p.outputs; ++m) {
            const int in_group = m % outputs_per_group;
            double* to = weights.data() + in_group % tile_outputs +
                         tile(m / outputs_per_group, in_group / tile_outputs);
            for (std::size_t k = 0; k < depth; ++k)
                to[k * tile_outputs] = p.weights[static_cast<std::size_t>(m) * depth + k];
        }
    }

    std::size_t tile(int group, int index) const {
        return (static_cast<std::size_t>(group) * tiles + index) *
               static_cast<std::size_t>(product->depth) * tile_outputs;
    }

    // Rows of inputs: output pixels of a convolution, vectors of a linear layer.
    int rows(std::size_t input_elements) const {
        return product->is_conv ? product->conv.out_height * product->conv.out_width
                                : static_cast<int>(input_elements) / product->depth;
    }

    void fill_row(Values in, int group, int row, double* patch) const {
        const FloatProduct& p = *product;
        if (p.is_conv) {
            const ConvGeometry& g = p.conv;
            const std::size_t group_size =
                static_cast<std::size_t>(g.in_channels / g.groups) * g.in_height * g.in_width;
            gather_patch(g, in.data() + group * group_size, row, patch);
        } else {
            const float* from = in.data() + static_cast<std::size_t>(row) * p.depth;
            std::copy(from, from + p.depth, patch);
        }
    }

    void store(double sum, int output, int row, int all_rows, MutableValues out) const {
        const FloatProduct& p = *product;
        const std::size_t index = p.is_conv ? static_cast<std::size_t>(output) * all_rows + row
                                            : static_cast<std::size_t>(row) * p.outputs + output;
        out[index] =
            static_cast<float>(sum + static_cast<double>(p.bias[static_cast<std::size_t>(output)]));
    }

    void run(Values in, MutableValues out, std::vector<double>& patch) const {
        const int all_rows = rows(in.size());
        const int depth = product->depth;
        for (int group = 0; group < groups; ++group)
            for (int row = 0; row < all_rows; row += tile_rows) {
                const int used = std::min(tile_rows, all_rows - row);
                for (int r = 0; r < used; ++r)
                    fill_row(in, group, row + r,
                             patch.data() + static_cast<std::size_t>(r) * depth);
                run_rows(group, row, used, all_rows, out, patch.data());
            }
    }

    void run_rows(int group, int row, int used, int all_rows, MutableValues out,
                  const double* patch) const {
        for (int t = 0; t < tiles; ++t) {
            double sums[tile_rows][tile_outputs];
            multiply_tile(patch, product->depth, weights.data() + tile(group, t), sums);
            const int first = t * tile_outputs;
            const int lanes = std::min(tile_outputs, outputs_per_group - first);
            for (int r = 0; r < used; ++r)
                for (int m = 0; m < lanes; ++m)
                    store(sums[r][m], group * outputs_per_group + first + m, row + r, all_rows,
                          out);
        }
    }
};

FloatExecutor::FloatExecutor(std::shared_ptr<const FloatGraph> graph) : graph_(std::move(graph)) {
    for (const FloatOperator& op : graph_->operators)
        if (const auto* product = std::get_if<FloatProduct>(&op.op)) packed_.emplace_back(*product);
}

FloatExecutor::~FloatExecutor() = default;

FloatExecutor::Workspace FloatExecutor::workspace() const {
    Workspace workspace;
    for (const Tensor& tensor : graph_->tensors)
        workspace.values.emplace_back(static_cast<std::size_t>(tensor.elements()));
    fill_constants(graph_->operators, workspace.values);
    std::size_t depth = 1;
    for (const PackedProduct& packed : packed_)
        depth = std::max(depth, static_cast<std::size_t>(packed.product->depth));
    workspace.patch.assign(depth * tile_rows, 0.0);
    return workspace;
}

std::uint64_t FloatExecutor::memory() const {
    std::uint64_t elements = 0;
    for (const Tensor& tensor : graph_->tensors)
        elements += static_cast<std::uint64_t>(tensor.elements());
    return elements * sizeof(float);
}

std::span<const float> FloatExecutor::run(std::span<const float> image, Workspace& workspace,
                                          const Observer& observer) const {
    auto& values = workspace.values;
    ACIM_EXPECT(values.size() == graph_->tensors.size());
    ACIM_EXPECT(image.size() == values[graph_->input].size());
    std::copy(image.begin(), image.end(), values[graph_->input].begin());
    int mac_layer = 0;
    const auto execute = [&](const auto& op) {
        using Op = std::decay_t<decltype(op)>;
        if constexpr (std::is_same_v<Op, FloatProduct>) {
            Values stored;
            if (op.is_computed()) stored = values[op.stored.tensor];
            const Values in = values[op.input];
            if (observer) observer(mac_layer, in, stored);
            if (op.is_computed())
                run_computed(op, in, stored, values[op.output]);
            else
                packed_[static_cast<std::size_t>(mac_layer)].run(in, values[op.output],
                                                                 workspace.patch);
            ++mac_layer;
        } else if constexpr (!std::is_same_v<Op, Constant>) {
            run_digital(op, values);
        }
    };
    for (const FloatOperator& op : graph_->operators) std::visit(execute, op.op);
    return values[graph_->output];
}

}  // namespace acim
