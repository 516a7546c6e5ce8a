// SPDX-License-Identifier: Apache-2.0
#include "host/run/layer_operands.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/run/integer_tensor.hpp"
#include "host/run/layer_geometry.hpp"

namespace acim {
namespace {

// Two's complement of the plane columns; one bit is one positive plane. Differential columns hold
// magnitudes of bits - 1 bits.
void check_weights(const IntegerTensor& t, const LayerSettings& settings) {
    const int bits = settings.weight_bits;
    const std::int64_t half = bits == 1 ? 0 : std::int64_t{1} << (bits - 1);
    const bool pairs = bits > 1 && settings.macro.weight_encoding == WeightEncoding::differential;
    check_values(t, pairs ? 1 - half : -half, bits == 1 ? 1 : half - 1,
                 fmt::format("{}weights of {} bit(s)", pairs ? "differential " : "", bits),
                 "Set weight_bits to the width that the integers have.");
}

void check_activations(const IntegerTensor& t, int bits, bool is_signed) {
    const std::string width = fmt::format("activations of {} bit(s)", bits);
    const std::string widen = "Set activation_bits to the width that the integers have.";
    if (is_signed) {
        const std::int64_t half = std::int64_t{1} << (bits - 1);
        check_values(t, -half, half - 1, "signed " + width, widen);
        return;
    }
    const auto negative = std::ranges::find_if(t.values, [](std::int64_t v) { return v < 0; });
    if (negative != t.values.end()) {
        const auto at = static_cast<std::size_t>(negative - t.values.begin());
        throw InputError(
            fmt::format("{}{} is {}, but activations are unsigned here. For two's "
                        "complement set the root attribute signed_activations to 1.",
                        t.place(), t.index_text(at), *negative));
    }
    check_values(t, 0, (std::int64_t{1} << bits) - 1, "unsigned " + width, widen);
}

template <class T>
std::vector<T> narrowed(const std::vector<std::int64_t>& values) {
    std::vector<T> out(values.size());
    std::ranges::transform(values, out.begin(), [](std::int64_t v) { return static_cast<T>(v); });
    return out;
}

[[noreturn]] void fail_shapes(const IntegerTensor& a, const IntegerTensor& b,
                              const std::string& must) {
    throw InputError(fmt::format("{}: {} has shape {} and {} has shape {}, but {}.", a.file, a.name,
                                 a.shape_text(), b.name, b.shape_text(), must));
}

// Counts of an image must fit the counters of the random numbers and an int.
int checked_product(const hdf5::Reader& in, const std::string& what,
                    std::initializer_list<std::uint64_t> sizes) {
    std::uint64_t n = 1;
    for (const std::uint64_t size : sizes) {
        n *= size;
        if (n > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
            throw InputError(
                fmt::format("{}: one image has more than 2^31 {}. Cut the layer into "
                            "smaller ones.",
                            in.name(), what));
        }
    }
    return static_cast<int>(n);
}

LayerOperands convolution(const hdf5::Reader& in, const IntegerTensor& x, const IntegerTensor& w) {
    LayerOperands out;
    out.operation = LayerOperation::convolution;
    out.conv = read_conv_geometry(in, x, w);
    const ConvGeometry& c = out.conv;
    out.images = x.dim(0);
    out.parts = c.groups;
    out.outputs = c.out_channels / c.groups;
    out.pixels = checked_product(
        in, "output positions",
        {static_cast<std::uint64_t>(c.out_height), static_cast<std::uint64_t>(c.out_width)});
    out.depth = checked_product(in, "inputs of one output", {w.dims[1], w.dims[2], w.dims[3]});
    out.output_shape = {x.dims[0], w.dims[0], static_cast<std::uint64_t>(c.out_height),
                        static_cast<std::uint64_t>(c.out_width)};
    return out;
}

LayerOperands linear(const hdf5::Reader& in, const IntegerTensor& x, const IntegerTensor& w) {
    if (x.dims.back() != w.dims[1]) fail_shapes(x, w, "their last axes must be equal");
    refuse_conv_attributes(in, LayerOperation::linear);
    LayerOperands out;
    out.operation = LayerOperation::linear;
    out.images = x.rank() == 1 ? 1 : x.dim(0);
    out.outputs = w.dim(0);
    out.depth = w.dim(1);
    std::uint64_t rows = 1;
    for (std::size_t axis = 1; axis + 1 < x.rank(); ++axis)
        rows = static_cast<std::uint64_t>(checked_product(in, "rows", {rows, x.dims[axis]}));
    out.pixels = static_cast<int>(rows);
    out.output_shape = x.dims;
    out.output_shape.back() = w.dims[0];
    return out;
}

LayerOperands read_layer(const hdf5::Reader& in, const LayerSettings& settings) {
    const IntegerTensor w = read_integers(in, "w", 2, 4, "[N, K] or [N, C/groups, kh, kw]");
    const bool is_conv = w.rank() != 2;
    if (w.rank() == 3) {
        throw InputError(
            fmt::format("{} has shape {}, but must be [N, K] or [N, C/groups, kh, kw].", w.place(),
                        w.shape_text()));
    }
    const IntegerTensor x =
        is_conv ? read_integers(in, "x", 4, 4, "[batch, C, H, W] because w has four axes")
                : read_integers(in, "x", 1, hdf5::max_rank, "[..., K] because w is [N, K]");
    LayerOperands out = is_conv ? convolution(in, x, w) : linear(in, x, w);
    out.is_signed = read_signed_activations(in, false);
    check_weights(w, settings);
    check_activations(x, settings.activation_bits, out.is_signed);
    out.weights = narrowed<std::int8_t>(w.values);
    out.inputs = narrowed<std::int16_t>(x.values);
    return out;
}

// Leading axes of attention: [T, d], [batch, T, d] or [batch, heads, T, d].
void take_heads(const IntegerTensor& a, const IntegerTensor& b, LayerOperands& out) {
    if (a.rank() != b.rank() || !std::equal(a.dims.begin(), a.dims.end() - 2, b.dims.begin()))
        fail_shapes(a, b, "batch and heads must be equal");
    out.images = a.rank() >= 3 ? a.dim(0) : 1;
    out.parts = a.rank() == 4 ? a.dim(1) : 1;
}

// [..., rows, columns] to [..., columns, rows]
std::vector<std::int64_t> transposed(const IntegerTensor& t) {
    const std::size_t rows = t.dims[t.rank() - 2], columns = t.dims.back();
    std::vector<std::int64_t> out(t.values.size());
    for (std::size_t first = 0; first < out.size(); first += rows * columns)
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < columns; ++c)
                out[first + c * rows + r] = t.values[first + r * columns + c];
    return out;
}

LayerOperands read_query_key(const hdf5::Reader& in, const LayerSettings& settings) {
    const std::string axes = "[T, d], [batch, T, d] or [batch, heads, T, d]";
    const IntegerTensor q = read_integers(in, "q", 2, 4, axes);
    const IntegerTensor k = read_integers(in, "k", 2, 4, axes);
    LayerOperands out;
    out.operation = LayerOperation::query_key;
    refuse_conv_attributes(in, out.operation);
    take_heads(q, k, out);
    if (q.dims.back() != k.dims.back()) fail_shapes(q, k, "their last axes must be equal");
    out.is_signed = read_signed_activations(in, true);
    check_weights(q, settings);
    check_activations(k, settings.activation_bits, out.is_signed);
    out.outputs = q.dim(q.rank() - 2);
    out.pixels = k.dim(k.rank() - 2);
    out.depth = q.dim(q.rank() - 1);
    out.weights = narrowed<std::int8_t>(q.values);
    out.inputs = narrowed<std::int16_t>(k.values);
    out.output_shape = q.dims;
    out.output_shape.back() = k.dims[k.rank() - 2];
    return out;
}

LayerOperands read_attention_value(const hdf5::Reader& in, const LayerSettings& settings) {
    const IntegerTensor a =
        read_integers(in, "a", 2, 4, "[T, T], [batch, T, T] or [batch, heads, T, T]");
    const IntegerTensor v =
        read_integers(in, "v", 2, 4, "[T, d], [batch, T, d] or [batch, heads, T, d]");
    LayerOperands out;
    out.operation = LayerOperation::attention_value;
    refuse_conv_attributes(in, out.operation);
    take_heads(a, v, out);
    if (a.dims.back() != v.dims[v.rank() - 2])
        fail_shapes(a, v, "the last axis of a must be the last but one of v");
    out.is_signed = read_signed_activations(in, false);
    check_weights(v, settings);
    check_activations(a, settings.activation_bits, out.is_signed);
    out.outputs = v.dim(v.rank() - 1);
    out.pixels = a.dim(a.rank() - 2);
    out.depth = a.dim(a.rank() - 1);
    out.weights = narrowed<std::int8_t>(transposed(v));
    out.inputs = narrowed<std::int16_t>(a.values);
    out.output_shape = a.dims;
    out.output_shape.back() = v.dims.back();
    return out;
}

// Lays the inputs of every output position of one convolution group side by side:
// [pixels][c][kh][kw]; padding is 0.
void gather_windows(const ConvGeometry& c, std::span<const std::int16_t> image, int group,
                    std::vector<std::int16_t>& rows) {
    const int channels = c.in_channels / c.groups;
    rows.clear();
    for (int oy = 0; oy < c.out_height; ++oy)
        for (int ox = 0; ox < c.out_width; ++ox)
            for (int ch = group * channels; ch < (group + 1) * channels; ++ch)
                for (int kh = 0; kh < c.kernel_height; ++kh)
                    for (int kw = 0; kw < c.kernel_width; ++kw) {
                        const int y = oy * c.stride_height - c.pad_top + kh * c.dilation_height;
                        const int x = ox * c.stride_width - c.pad_left + kw * c.dilation_width;
                        const bool inside = y >= 0 && y < c.in_height && x >= 0 && x < c.in_width;
                        const std::size_t at =
                            (static_cast<std::size_t>(ch) * c.in_height + y) * c.in_width + x;
                        rows.push_back(inside ? image[at] : std::int16_t{0});
                    }
}

LayerOperation find_operation(const hdf5::Reader& in) {
    const auto has = [&](const char* a, const char* b) {
        const bool first = in.is_dataset(a), second = in.is_dataset(b);
        if (first != second) {
            throw InputError(fmt::format("{}: dataset '{}' is there, but its partner '{}' is not.",
                                         in.name(), first ? a : b, first ? b : a));
        }
        return first;
    };
    const bool layer = has("x", "w"), query = has("q", "k"), value = has("a", "v");
    if (layer + query + value != 1) {
        throw InputError(fmt::format(
            "{}: {}. Give the datasets of exactly one product: x and w, "
            "q and k, or a and v.",
            in.name(),
            layer + query + value == 0 ? "no operands found" : "operands of several products"));
    }
    return layer   ? LayerOperation::linear
           : query ? LayerOperation::query_key
                   : LayerOperation::attention_value;
}

}  // namespace

std::string to_string(LayerOperation operation) {
    switch (operation) {
        case LayerOperation::convolution:
            return "convolution";
        case LayerOperation::linear:
            return "linear";
        case LayerOperation::query_key:
            return "query_key";
        default:
            return "attention_value";
    }
}

LayerShape LayerOperands::shape() const {
    return {outputs, depth,
            operation == LayerOperation::convolution ? conv.kernel_height * conv.kernel_width : 1,
            is_signed};
}

OutputMap LayerOperands::output_map(int part) const {
    const std::int64_t first = std::int64_t{part} * outputs * pixels;
    const bool output_major =
        operation == LayerOperation::convolution || operation == LayerOperation::query_key;
    return output_major ? OutputMap{first, pixels, 1} : OutputMap{first, 1, outputs};
}

std::span<const std::int8_t> LayerOperands::part_weights(int image, int part) const {
    const std::size_t size = static_cast<std::size_t>(outputs) * depth;
    const std::size_t index = (is_attention() ? static_cast<std::size_t>(image) * parts : 0) + part;
    return std::span(weights).subspan(index * size, size);
}

std::span<const std::int16_t> LayerOperands::part_inputs(int image, int part,
                                                         std::vector<std::int16_t>& rows) const {
    const std::size_t size = inputs.size() / static_cast<std::size_t>(images);
    const auto own = std::span(inputs).subspan(static_cast<std::size_t>(image) * size, size);
    if (operation != LayerOperation::convolution)
        return own.subspan(part * (size / parts), size / parts);
    gather_windows(conv, own, part, rows);
    return rows;
}

LayerOperands read_layer_operands(const std::filesystem::path& file,
                                  const LayerSettings& settings) {
    const hdf5::Reader in = hdf5::Reader::open(file.string());
    refuse_misspelt_attributes(in);
    LayerOperands out;
    switch (find_operation(in)) {
        case LayerOperation::query_key:
            out = read_query_key(in, settings);
            break;
        case LayerOperation::attention_value:
            out = read_attention_value(in, settings);
            break;
        default:
            out = read_layer(in, settings);
            break;
    }
    checked_product(in, "outputs",
                    {static_cast<std::uint64_t>(out.parts), static_cast<std::uint64_t>(out.outputs),
                     static_cast<std::uint64_t>(out.pixels)});
    return out;
}

}  // namespace acim
