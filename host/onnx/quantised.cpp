// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/quantised.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/onnx/expand.hpp"
#include "host/onnx/folds.hpp"
#include "host/onnx/movement.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;

bool is_on_grid(const Value& value) { return value.grid && !value.grid->is_lost; }

bool is_quant(const std::string& type) { return type.ends_with(".Quant"); }

const Constant* real_input(const Node& node, const NodeList& list, std::size_t index,
                           const char* role) {
    const Constant* constant = list.constant(node, index, role);
    if (!constant || !constant->is_real() || constant->reals->empty())
        node.fail(fmt::format("{} must be a constant of floats", role));
    return constant;
}

std::shared_ptr<const std::vector<float>> scale_input(const Node& node, const NodeList& list,
                                                      std::size_t index) {
    const auto scale = real_input(node, list, index, "its scale")->reals;
    for (const float step : *scale)
        if (!(step >= std::numeric_limits<float>::min()) || !std::isfinite(step))
            node.fail(fmt::format("its scale holds {}. Scales are positive", step));
    return scale;
}

// A zero point, bound or bit width: the same number wherever several are stated.
std::int64_t one_integer(const Node& node, NodeList& list, const Constant& from, const char* role) {
    list.spend(node, elements(from.shape));
    return with_elements(from, [&](const auto& all) {
        const bool is_one = !all.empty() && std::equal(all.begin() + 1, all.end(), all.begin());
        const double value = is_one ? static_cast<double>(all.front()) : 0.5;
        if (value != std::floor(value) || std::abs(value) > 0x1p24)
            node.fail(fmt::format("{} must be one integer for all", role));
        return static_cast<std::int64_t>(value);
    });
}

// Range of an integer type of QuantizeLinear.
void set_range(const Node& node, Grid& grid, ElementType type) {
    if (type == ElementType::int8) {
        grid.low = -128;
        grid.high = 127;
    } else if (type == ElementType::uint8) {
        grid.low = 0;
        grid.high = 255;
    } else if (type == ElementType::int32) {
        grid.low = std::numeric_limits<std::int32_t>::min();
        grid.high = std::numeric_limits<std::int32_t>::max();
    } else {
        node.fail(fmt::format("element type {} is not supported. Quantise to int8 or uint8",
                              static_cast<int>(type)));
    }
    grid.type = type;
    grid.low -= grid.zero_point;
    grid.high -= grid.zero_point;
}

// Scale, axis, zero point and range of QuantizeLinear or DequantizeLinear; `type` is that of the
// integers where no zero point states it.
Grid linear_grid(const Node& node, NodeList& list, ElementType type) {
    Grid grid;
    grid.scale = scale_input(node, list, 1);
    const Shape& shape = list.shape(node, 0);
    if (grid.scale->size() > 1) {
        grid.axis = normal_axis(node, node.integer("axis", 1), shape.size());
        if (static_cast<std::size_t>(shape[grid.axis]) != grid.scale->size())
            node.fail(fmt::format("has {} scales for axis {} of shape {}", grid.scale->size(),
                                  grid.axis, shape_text(shape)));
    }
    if (const Constant* zero = list.constant(node, 2, "its zero point")) {
        grid.zero_point = one_integer(node, list, *zero, "its zero point");
        if (!zero->is_real()) type = zero->type;
    }
    set_range(node, grid, type);
    return grid;
}

double rounded_by(const Node& node, const std::string& mode, double x) {
    if (mode == "ROUND") return std::nearbyint(x);
    if (mode == "FLOOR") return std::floor(x);
    if (mode == "CEIL") return std::ceil(x);
    if (mode == "ROUND_TO_ZERO" || mode == "DOWN") return std::trunc(x);
    node.fail(fmt::format("rounding_mode '{}' is not supported. Use ROUND", printable(mode)));
}

// The scale of each element of a constant in C order.
class ElementScales {
public:
    ElementScales(const Shape& shape, const Grid& grid)
        : scale_(*grid.scale),
          inner_(shape.empty() ? 1 : static_cast<std::size_t>(strides_of(shape)[grid.axis])) {}
    float operator[](std::size_t element) const { return scale_[element / inner_ % scale_.size()]; }

private:
    const std::vector<float>& scale_;
    std::size_t inner_;
};

// Calls take(integer, scale) for each element of a constant, the zero point taken off.
template <class Take>
void round_constant(const Node& node, const Constant& from, const Grid& grid,
                    const std::string& mode, Take take) {
    const ElementScales scale(from.shape, grid);
    for (std::size_t i = 0; i < from.reals->size(); ++i) {
        const float x = (*from.reals)[i] / scale[i];
        const double q = rounded_by(node, mode, static_cast<double>(x));
        if (std::isnan(q)) node.fail("quantises NaN");
        take(std::clamp(q, static_cast<double>(grid.low), static_cast<double>(grid.high)),
             scale[i]);
    }
}

void check_one_scale(const Node& node, const Grid& grid) {
    if (grid.scale->size() != 1)
        node.fail("has a scale per channel on computed values. One scale is supported there");
}

Quantised known(const Node& node, const NodeList& list, Constant constant, const Grid& grid) {
    const Value* first = list.find(node.input(0));
    Shape shape = constant.shape;
    return {Value{std::move(shape), std::move(constant), first ? first->label : "", grid}, {}};
}

// The engine's range that holds the grid. Values that the grid does not reach are clipped first; the
// lowest two's complement integer saturates.
std::vector<Node> requantise(const Node& node, NodeList& list, const Grid& grid,
                             const std::string& from) {
    check_one_scale(node, grid);
    const bool is_signed = grid.low < 0;
    int bits = 1;
    if (is_signed)
        bits = signed_bits(grid.low, grid.high);
    else
        while (((std::int64_t{1} << bits) - 1) < grid.high) ++bits;
    constexpr int most_bits = 22;
    if (bits > most_bits || grid.high < 0)
        node.fail(fmt::format("quantises to {} bits. At most {} are supported", bits, most_bits));
    const std::int64_t high =
        is_signed ? (std::int64_t{1} << (bits - 1)) - 1 : (std::int64_t{1} << bits) - 1;
    const std::int64_t low = is_signed ? -high : 0;
    Expansion out(node, list);
    std::string x = from;
    if (grid.low > low || grid.high < high) {
        const float step = grid.scale->front();
        x = out.add("Clip", {x, out.number(static_cast<float>(grid.low) * step),
                             out.number(static_cast<float>(grid.high) * step)});
    }
    out.finish("acim.Requantise", {x},
               {{"bits", std::int64_t{bits}},
                {"signed", std::int64_t{is_signed}},
                {"scale", grid.scale->front()}});
    return out.take();
}

Quantised quantise_linear(const Node& node, NodeList& list) {
    Grid grid = linear_grid(node, list, ElementType::uint8);
    if (!list.is_constant(node.input(0))) {
        check_one_scale(node, grid);
        grid.source = node.input(0);
        return {Value{list.shape(node, 0), std::nullopt, "", grid}, {}};
    }
    const Constant& data = *real_input(node, list, 0, "its input");
    list.spend(node, elements(data.shape));
    Integers integers;
    round_constant(node, data, grid, "ROUND", [&](double q, float) {
        integers.push_back(static_cast<std::int64_t>(q) + grid.zero_point);
    });
    return known(node, list, integer_constant(data.shape, std::move(integers), grid.type), grid);
}

// Clip between the two linear nodes narrows the range.
Quantised clip_integers(const Node& node, NodeList& list) {
    const Value& value = list.values.at(node.input(0));
    Grid grid = *value.grid;
    const auto bound = [&](std::size_t index, std::int64_t otherwise) {
        const Constant* constant = list.constant(node, index, "its bound");
        if (!constant) return otherwise;
        return one_integer(node, list, *constant, "its bound") - grid.zero_point;
    };
    grid.low = std::max(grid.low, bound(1, grid.low));
    grid.high = std::min(grid.high, bound(2, grid.high));
    if (grid.low > grid.high) node.fail("its bounds leave no integer");
    if (!value.constant) return {Value{value.shape, std::nullopt, "", grid}, {}};
    list.spend(node, elements(value.shape));
    Integers integers = *value.constant->integers;
    for (std::int64_t& q : integers)
        q = std::clamp(q - grid.zero_point, grid.low, grid.high) + grid.zero_point;
    return known(node, list,
                 integer_constant(value.shape, std::move(integers), value.constant->type), grid);
}

Quantised dequantise_linear(const Node& node, NodeList& list) {
    const Value* value = list.find(node.input(0));
    if (!value) node.fail("has no input");
    if (value->constant && value->constant->is_real()) node.fail("its input is not of integers");
    const bool is_rounded = is_on_grid(*value);
    if (!value->constant && !is_rounded)
        node.fail("its integers are computed. Only those of QuantizeLinear are supported");
    Grid grid = linear_grid(
        node, list, value->constant && !is_rounded ? value->constant->type : ElementType::uint8);
    if (is_rounded) {
        if (*grid.scale != *value->grid->scale || grid.zero_point != value->grid->zero_point ||
            grid.axis != value->grid->axis)
            node.fail("its scale or zero point differs from that of QuantizeLinear");
        grid = *value->grid;
    }
    if (!value->constant) return {std::nullopt, requantise(node, list, grid, value->grid->source)};
    const Constant& data = *value->constant;
    list.spend(node, elements(data.shape));
    const ElementScales scale(data.shape, grid);
    std::vector<float> reals;
    for (std::size_t i = 0; i < data.integers->size(); ++i) {
        const std::int64_t q = (*data.integers)[i] - grid.zero_point;
        if (q < grid.low || q > grid.high) node.fail("holds integers beyond their type");
        reals.push_back(static_cast<float>(q) * scale[i]);
    }
    return known(node, list, real_constant(data.shape, std::move(reals)), grid);
}

// Scales of Quant broadcast to its input: one, or one for each index of an axis.
void set_quant_scale(const Node& node, const NodeList& list, Grid& grid) {
    grid.scale = scale_input(node, list, 1);
    if (grid.scale->size() == 1) return;
    const Shape& shape = list.shape(node, 0);
    const Shape& own = list.shape(node, 1);
    const auto rank = static_cast<std::ptrdiff_t>(shape.size() - own.size());
    const auto wide = std::find_if(own.begin(), own.end(), [](int extent) { return extent != 1; });
    const std::ptrdiff_t axis = rank + (wide - own.begin());
    if (own.size() > shape.size() || shape[static_cast<std::size_t>(axis)] != *wide ||
        static_cast<std::size_t>(*wide) != grid.scale->size())
        node.fail(
            fmt::format("has scales of shape {} for values of shape {}. One scale, or one "
                        "per channel, is supported",
                        shape_text(own), shape_text(shape)));
    grid.axis = static_cast<int>(axis);
}

// QONNX Quant: x, scale, zero point, bits.
Quantised quant(const Node& node, NodeList& list) {
    Grid grid;
    set_quant_scale(node, list, grid);
    grid.zero_point =
        one_integer(node, list, *real_input(node, list, 2, "its zero point"), "its zero point");
    const std::int64_t bits =
        one_integer(node, list, *real_input(node, list, 3, "its bit width"), "its bit width");
    if (bits < 1 || bits > 32) node.fail(fmt::format("has {} bits. 1 to 32 are supported", bits));
    const std::int64_t narrow = node.integer("narrow", 0) != 0 ? 1 : 0;
    const bool is_signed = node.integer("signed", 1) != 0;
    grid.low = is_signed ? -(std::int64_t{1} << (bits - 1)) + narrow : 0;
    grid.high =
        is_signed ? (std::int64_t{1} << (bits - 1)) - 1 : (std::int64_t{1} << bits) - 1 - narrow;
    grid.low -= grid.zero_point;
    grid.high -= grid.zero_point;
    const std::string mode = node.text("rounding_mode", "ROUND");
    if (!list.is_constant(node.input(0))) {
        if (mode != "ROUND")
            node.fail(
                fmt::format("rounding_mode '{}' is not supported for computed values. Use "
                            "ROUND",
                            printable(mode)));
        return {std::nullopt, requantise(node, list, grid, node.input(0))};
    }
    const Constant& data = *real_input(node, list, 0, "its input");
    list.spend(node, elements(data.shape));
    std::vector<float> reals;
    round_constant(node, data, grid, mode,
                   [&](double q, float scale) { reals.push_back(static_cast<float>(q) * scale); });
    return known(node, list, real_constant(data.shape, std::move(reals)), grid);
}

}  // namespace

bool is_quantising(const Node& node, const NodeList& list) {
    if (node.type == "Clip") {
        const Value* value = list.find(node.input(0));
        return value && is_on_grid(*value) && (!value->constant || !value->constant->is_real());
    }
    return node.type == "QuantizeLinear" || node.type == "DequantizeLinear" || is_quant(node.type);
}

Quantised quantise_node(const Node& node, NodeList& list) {
    if (node.type == "Clip") return clip_integers(node, list);
    if (node.type == "QuantizeLinear") return quantise_linear(node, list);
    if (node.type == "DequantizeLinear") return dequantise_linear(node, list);
    return quant(node, list);
}

const std::vector<std::string>& quantising_types() {
    static const std::vector<std::string> types{
        "DequantizeLinear", "QuantizeLinear", "finn.custom_op.general.Quant", "onnx.brevitas.Quant",
        "qonnx.custom_op.general.Quant"};
    return types;
}

void check_no_integers(const Node& node, const NodeList& list) {
    for (const std::string& name : node.inputs) {
        const Value* value = list.find(name);
        if (value && value->grid && !value->constant && !value->grid->source.empty())
            node.fail(
                fmt::format("computes on '{}', the integers of QuantizeLinear. Only Clip and "
                            "DequantizeLinear may stand behind it",
                            printable(name)));
    }
}

int signed_bits(std::int64_t low, std::int64_t high) {
    int bits = 2;
    while ((std::int64_t{1} << (bits - 1)) - 1 < high || (std::int64_t{1} << (bits - 1)) < -low)
        ++bits;
    return bits;
}

}  // namespace acim::onnx_import
