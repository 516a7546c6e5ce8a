// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdlib>
#include <limits>

#include "cuda/model/digital/layer_norm.hpp"
#include "cuda/model/digital/pool.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "host/core/error.hpp"
#include "host/quant/network_file.hpp"

namespace acim {
namespace {

constexpr std::int64_t element_limit = std::numeric_limits<std::int32_t>::max();
// Of one tensor, as the importer has it, and of windows and pads: three of them add within int.
constexpr std::int64_t extent_limit = std::int64_t{1} << 28;

// Walks the operators in their order and keeps which tensors have been made so far.
class NetworkCheck {
public:
    NetworkCheck(const QuantizedNetwork& network, const std::string& place)
        : network_(network), place_(place), made_(network.tensors.size(), false) {}

    void run() {
        for (std::size_t i = 0; i < network_.tensors.size(); ++i) check_tensor(i);
        where_ = "input";
        make(network_.input);
        for (const Operator& op : network_.operators) {
            where_ = "operator '" + op.name + "'";
            std::visit([&](const auto& fields) { check(fields); }, op.op);
        }
        where_ = "output";
        check_classes();
    }

private:
    void expect(bool condition, const char* problem) const {
        if (!condition)
            throw InputError(
                fmt::format("{}: {}: {}. The integer network is damaged; plan the run again",
                            place_, where_, problem));
    }

    // One vector of logits, or one for each position of [1, positions, classes].
    void check_classes() const {
        const std::int64_t elements = elements_of(network_.output);
        const auto& shape = network_.tensors[static_cast<std::size_t>(network_.output)].shape;
        const bool positions = shape.size() == 3 && shape[0] == 1 && shape[2] == network_.classes;
        expect(elements == network_.classes || positions, "classes differ from its elements");
    }

    void check_tensor(std::size_t index) {
        const Tensor& tensor = network_.tensors[index];
        where_ = fmt::format("tensor {} ('{}')", index, tensor.name);
        expect(!tensor.shape.empty() && tensor.shape.size() <= 5, "its rank is not 1..5");
        std::int64_t total = 1;
        for (int d : tensor.shape) {
            expect(d >= 1, "a dimension is below 1");
            total *= d;
            expect(total <= extent_limit, "it has too many elements");
        }
    }

    std::size_t checked_id(TensorId id) const {
        expect(id >= 0 && static_cast<std::size_t>(id) < made_.size(),
               "tensor number out of range");
        return static_cast<std::size_t>(id);
    }

    // Elements of a tensor that exists at this point of the order.
    std::int64_t elements_of(TensorId id) const {
        const std::size_t index = checked_id(id);
        expect(made_[index], "it uses a tensor before it is made");
        return network_.tensors[index].elements();
    }

    std::int64_t make(TensorId id) {
        const std::size_t index = checked_id(id);
        expect(!made_[index], "a tensor is made twice");
        made_[index] = true;
        return network_.tensors[index].elements();
    }

    void expect_finite(const std::vector<float>& values, const char* problem) const {
        for (float v : values) expect(v - v == 0.0F, problem);
    }

    void check(const Product& p) {
        expect(p.outputs >= 1 && p.depth >= 1, "outputs and depth must be at least 1");
        const std::int64_t in = elements_of(p.input);
        const std::int64_t rows = p.is_conv         ? check_conv(p, in)
                                  : p.is_computed() ? check_computed(p, in)
                                                    : check_linear(p, in);
        expect(make(p.output) == rows * p.outputs, "its output has another size");
        const auto outputs = static_cast<std::size_t>(p.outputs);
        const std::size_t depth = p.is_computed() ? 0 : static_cast<std::size_t>(p.depth);
        expect(p.weights.size() / outputs == depth && p.weights.size() % outputs == 0,
               "the number of weights is not outputs * depth");
        expect(p.weight_scale.size() == outputs, "it needs one weight scale per output");
        expect(p.bias.size() == outputs, "it needs one bias per output");
        expect_finite(p.bias, "a bias is not finite");
        expect_finite(p.weight_scale, "a weight scale is not finite");
        for (float scale : p.weight_scale)
            expect(scale > 0.0F || p.is_computed(), "a weight scale is not positive");
        expect(p.weight_bits >= 2 && p.weight_bits <= 8, "weight_bits is not 2..8");
        const int high = digital::quantised_high(p.weight_bits, true);
        for (std::int8_t w : p.weights) expect(std::abs(w) <= high, "a weight exceeds weight_bits");
        const Quantisation& q = p.input_quantisation;
        expect(q.bits >= (q.is_signed ? 2 : 1) && q.bits <= 9, "activation_bits is out of range");
        expect(q.scale > 0.0F && q.scale - q.scale == 0.0F, "activation_scale is not positive");
    }

    // All return the rows of inputs of one group: output pixels, or vectors over the last axis.
    std::int64_t check_computed(const Product& p, std::int64_t in) const {
        const StoredOperand& s = p.stored;
        expect(s.heads >= 1 && p.outputs % s.heads == 0, "heads do not divide the outputs");
        expect(elements_of(s.tensor) == std::int64_t{p.outputs} * p.depth,
               "its stored operand has another size");
        expect(s.scale > 0.0F && s.scale - s.scale == 0.0F, "its stored scale is not positive");
        const std::int64_t line = std::int64_t{s.heads} * p.depth;
        expect(in % line == 0, "its input is not heads * depth * rows");
        return in / line;
    }

    std::int64_t check_linear(const Product& p, std::int64_t in) const {
        const int last = network_.tensors[static_cast<std::size_t>(p.input)].shape.back();
        expect(last == p.depth, "its depth differs from the last axis of its input");
        return in / p.depth;
    }

    std::int64_t check_conv(const Product& p, std::int64_t in) const {
        const ConvGeometry& g = p.conv;
        for (int v : {g.groups, g.in_channels, g.in_height, g.in_width, g.kernel_height,
                      g.kernel_width, g.stride_height, g.stride_width, g.dilation_height,
                      g.dilation_width, g.out_channels, g.out_height, g.out_width})
            expect(v >= 1, "a size of the convolution is below 1");
        expect(g.in_channels % g.groups == 0 && g.out_channels % g.groups == 0,
               "groups do not divide the channels");
        expect(g.out_channels == p.outputs, "outputs differ from out_channels");
        const std::int64_t window = std::int64_t{g.kernel_height} * g.kernel_width;
        expect(window <= element_limit && g.in_channels / g.groups * window == p.depth,
               "depth differs from the channels and the kernel");
        expect(product_is(in, g.in_channels, g.in_height, g.in_width),
               "its input has another size");
        check_axis(g.in_height, g.pad_top, g.pad_bottom, g.kernel_height, g.dilation_height,
                   g.stride_height, g.out_height);
        check_axis(g.in_width, g.pad_left, g.pad_right, g.kernel_width, g.dilation_width,
                   g.stride_width, g.out_width);
        return std::int64_t{g.out_height} * g.out_width;
    }

    void check_axis(std::int64_t in, std::int64_t before, std::int64_t after, std::int64_t kernel,
                    std::int64_t dilation, std::int64_t stride, std::int64_t out) const {
        expect(before >= 0 && after >= 0, "a padding is negative");
        expect(before <= extent_limit && after <= extent_limit, "a padding is too large");
        const std::int64_t room = in + before + after - dilation * (kernel - 1) - 1;
        expect(room >= 0 && room / stride + 1 == out, "the output size does not follow");
    }

    static bool product_is(std::int64_t total, std::int64_t a, std::int64_t b, std::int64_t c) {
        return a * b <= total && a * b * c == total;
    }

    template <class Op>
    void check_same(const Op& op) {
        expect(elements_of(op.input) == make(op.output), "input and output differ in size");
    }

    void check(const Relu& op) { check_same(op); }
    void check(const View& op) { check_same(op); }
    void check(const Clip& op) {
        check_same(op);
        expect(op.low == op.low && op.high == op.high, "a bound is NaN");
    }
    void check(const Add& op) {
        const std::int64_t a = elements_of(op.a);
        const std::int64_t b = elements_of(op.b);
        expect((b == a || b == 1) && make(op.output) == a, "the sizes do not fit");
    }
    void check(const Affine& op) {
        check_same(op);
        const auto& shape = network_.tensors[static_cast<std::size_t>(op.input)].shape;
        expect(shape.size() >= 2 && shape[0] == 1, "its input has no channel axis");
        const auto channels = static_cast<std::size_t>(shape[1]);
        expect(op.scale.size() == channels && op.shift.size() == channels,
               "it needs one scale and one shift per channel");
        expect_finite(op.scale, "a scale is not finite");
        expect_finite(op.shift, "a shift is not finite");
    }

    void check_pool(const PoolGeometry& g, TensorId input, TensorId output) {
        for (int v : {g.channels, g.in_height, g.in_width, g.out_height, g.out_width,
                      g.kernel_height, g.kernel_width, g.stride_height, g.stride_width})
            expect(v >= 1 && v <= extent_limit, "a size of the pooling is out of range");
        expect(product_is(elements_of(input), g.channels, g.in_height, g.in_width),
               "its input has another size");
        expect(product_is(make(output), g.channels, g.out_height, g.out_width),
               "its output has another size");
        const auto reaches = [](std::int64_t in, std::int64_t pad, std::int64_t kernel,
                                std::int64_t stride, std::int64_t out) {
            return pad >= 0 && pad < kernel && (out - 1) * stride - pad < in;
        };
        expect(reaches(g.in_height, g.pad_top, g.kernel_height, g.stride_height, g.out_height) &&
                   reaches(g.in_width, g.pad_left, g.kernel_width, g.stride_width, g.out_width),
               "a window lies outside the map");
    }
    void check(const MaxPool& op) { check_pool(op.pool, op.input, op.output); }
    void check(const AveragePool& op) {
        check_pool(op.pool, op.input, op.output);
        expect(std::int64_t{op.pool.kernel_height} * op.pool.kernel_width <=
                   digital::average_pool_count_limit,
               "the window is too large for an exact sum");
        expect(op.fraction_bits >= 0 && op.fraction_bits <= digital::average_pool_fraction_bits,
               "fraction_bits is out of range");
    }

    void check(const Constant& op) {
        expect(make(op.output) == static_cast<std::int64_t>(op.values.size()),
               "its values do not fill its tensor");
        for (const float v : op.values) expect(v == v, "a value is NaN");
    }

    // Elements that an output of these extents reads lie inside the operand.
    void check_strides(const std::vector<int>& extents, const std::vector<int>& strides, int offset,
                       std::int64_t in, std::int64_t out, std::size_t most_axes) const {
        expect(extents.size() == strides.size() && extents.size() <= most_axes,
               "its axes do not fit");
        std::int64_t least = offset, largest = offset, total = 1;
        for (std::size_t d = 0; d < extents.size(); ++d) {
            expect(extents[d] >= 1, "an extent is below 1");
            total *= extents[d];
            expect(total <= element_limit, "it has too many elements");
            const std::int64_t reach = (extents[d] - std::int64_t{1}) * strides[d];
            (reach < 0 ? least : largest) += reach;
        }
        expect(total == out, "its output has another size");
        expect(least >= 0 && largest < in, "it reads outside its input");
    }
    void check(const Rearrange& op) {
        const std::int64_t in = elements_of(op.input);
        check_strides(op.extents, op.strides, op.offset, in, make(op.output), 6);
    }
    void check(const Binary& op) {
        const std::int64_t a = elements_of(op.a), b = elements_of(op.b), out = make(op.output);
        check_strides(op.extents, op.a_strides, 0, a, out, 5);
        check_strides(op.extents, op.b_strides, 0, b, out, 5);
    }
    void check(const Concat& op) {
        expect(!op.inputs.empty() && op.outer >= 1, "it joins nothing");
        std::int64_t total = 0;
        for (const TensorId id : op.inputs) {
            expect(elements_of(id) % op.outer == 0, "a part does not fall into its blocks");
            total += elements_of(id);
        }
        expect(make(op.output) == total, "its output has another size");
    }
    void check(const Softmax& op) {
        check_same(op);
        expect(op.length >= 1 && op.inner >= 1 && op.length <= 1 << 22, "a size is out of range");
        expect(elements_of(op.input) % (std::int64_t{op.length} * op.inner) == 0,
               "its lines do not fill its input");
    }
    void check(const LayerNorm& op) {
        check_same(op);
        const auto length = static_cast<std::int64_t>(op.scale.size());
        expect(length >= 1 && length <= digital::norm_length_limit, "its length is out of range");
        expect(op.shift.size() == op.scale.size() && elements_of(op.input) % length == 0,
               "its lines do not fill its input");
        expect(op.epsilon >= 0.0F && op.epsilon - op.epsilon == 0.0F, "epsilon is out of range");
        expect_finite(op.scale, "a scale is not finite");
        expect_finite(op.shift, "a shift is not finite");
    }
    void check(const Function& op) {
        check_same(op);
        expect(op.a - op.a == 0.0F && op.b - op.b == 0.0F, "a parameter is not finite");
    }
    void check(const Embedding& op) {
        const std::int64_t in = elements_of(op.input);
        expect(op.width >= 1 && !op.table.empty(), "its table is empty");
        const auto size = static_cast<std::int64_t>(op.table.size());
        expect(size % op.width == 0 && size / op.width <= 1 << 22, "its table has another size");
        expect(make(op.output) == in * op.width, "its output has another size");
        expect_finite(op.table, "a value of its table is not finite");
    }
    void check(const Requantise& op) {
        check_same(op);
        const Quantisation& q = op.quantisation;
        expect(q.bits >= (q.is_signed ? 2 : 1) && q.bits <= 22, "bits are out of range");
        expect(q.scale > 0.0F && q.scale - q.scale == 0.0F, "its scale is not positive");
    }

    const QuantizedNetwork& network_;
    const std::string& place_;
    std::string where_;
    std::vector<bool> made_;
};

}  // namespace

void check_network(const QuantizedNetwork& network, const std::string& place) {
    NetworkCheck(network, place).run();
}

}  // namespace acim
