// SPDX-License-Identifier: Apache-2.0
// Constants made, moved and joined.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/onnx/folds.hpp"
#include "host/onnx/movement.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;

template <class T>
std::vector<T> moved(const std::vector<T>& from, const Movement& move, std::size_t count) {
    const std::size_t rank = move.shape.size();
    std::vector<int> at(rank, 0);
    std::vector<T> out;
    out.reserve(count);
    std::int64_t place = move.offset;
    while (out.size() < count) {
        out.push_back(from[static_cast<std::size_t>(place)]);
        for (std::size_t i = rank; i-- > 0;) {
            place += move.strides[i];
            if (++at[i] < move.shape[i]) break;
            place -= move.strides[i] * at[i];
            at[i] = 0;
        }
    }
    return out;
}

// One integer of an optional input.
std::int64_t one_integer(const Node& node, const NodeList& list, std::size_t index,
                         std::int64_t otherwise) {
    if (node.input(index).empty()) return otherwise;
    const Integers values = integer_list(node, list, index, "its diagonal");
    if (values.size() != 1) node.fail("its diagonal must be one integer");
    return values.front();
}

double one_number(const Node& node, const NodeList& list, std::size_t index) {
    const std::optional<double> number = list.number(node.input(index));
    if (!number) node.fail(fmt::format("input {} must be one number", index));
    return *number;
}

}  // namespace

Constant fold_movement(const Node& node, NodeList& list) {
    const Constant& data = operand(node, list, 0);
    const Movement move = movement_of(node, list);
    const std::int64_t count = elements(move.shape);
    list.spend(node, count);
    return with_elements(data, [&](const auto& from) {
        return like(data, move.shape, moved(from, move, static_cast<std::size_t>(count)));
    });
}

Constant fold_gather(const Node& node, NodeList& list) {
    const Constant& data = operand(node, list, 0);
    const Constant& indices = operand(node, list, 1);
    if (data.shape.empty()) node.fail("gathers from a scalar");
    const int axis = normal_axis(node, node.integer("axis", 0), data.shape.size());
    const Integers places = gather_places(node, indices, data.shape[axis]);
    std::vector<std::int64_t> extents(data.shape.begin(), data.shape.begin() + axis);
    extents.insert(extents.end(), indices.shape.begin(), indices.shape.end());
    extents.insert(extents.end(), data.shape.begin() + axis + 1, data.shape.end());
    list.spend(node, constant_elements(extents, node.place()));
    const std::int64_t inner = strides_of(data.shape)[axis];
    const std::int64_t block = inner * data.shape[axis];
    return with_elements(data, [&](const auto& from) {
        std::decay_t<decltype(from)> out;
        for (std::int64_t o = 0; o < elements(data.shape); o += block)
            for (const std::int64_t place : places) {
                const auto first = from.begin() + (o + place * inner);
                out.insert(out.end(), first, first + inner);
            }
        return like(data, to_shape(extents), std::move(out));
    });
}

Constant fold_concat(const Node& node, NodeList& list) {
    const Constant& first = operand(node, list, 0);
    const Shape shape = concat_shape(node, list);
    list.spend(node, elements(shape));
    const int axis = normal_axis(node, node.integer("axis", 0), shape.size());
    std::int64_t outer = 1;
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    return with_elements(first, [&](const auto& typed) {
        std::decay_t<decltype(typed)> out;
        for (std::int64_t o = 0; o < outer; ++o)
            for (std::size_t i = 0; i < node.inputs.size(); ++i) {
                const Constant& part = operand(node, list, i);
                if (part.is_real() != first.is_real()) node.fail("joins floats and integers");
                const std::int64_t block = elements(part.shape) / outer;
                const auto append = [&](const auto& from) {
                    out.insert(out.end(), from.begin() + o * block, from.begin() + (o + 1) * block);
                };
                part.is_real() ? append(*part.reals) : append(*part.integers);
            }
        return like(first, shape, std::move(out));
    });
}

Constant fold_constant_of_shape(const Node& node, NodeList& list) {
    operand(node, list, 0);
    const Integers extents = integer_list(node, list, 0, "its shape");
    const std::int64_t count = constant_elements(extents, node.place());
    list.spend(node, count);
    const auto n = static_cast<std::size_t>(count);
    const auto found = node.attributes.find("value");
    if (found == node.attributes.end())
        return real_constant(to_shape(extents), std::vector<float>(n, 0.0F));
    const auto* value = std::get_if<Constant>(&found->second);
    if (!value || elements(value->shape) != 1) node.fail("attribute 'value' must be one number");
    return with_elements(*value, [&](const auto& one) {
        return like(*value, to_shape(extents), std::decay_t<decltype(one)>(n, one.front()));
    });
}

Constant fold_range(const Node& node, NodeList& list) {
    const double start = one_number(node, list, 0), limit = one_number(node, list, 1);
    const double step = one_number(node, list, 2);
    const double count = std::ceil((limit - start) / step);
    constexpr double far = 0x1p53;  // whole numbers up to here are exact
    if (!(std::abs(count) < 0x1p31) || std::abs(start) > far || std::abs(limit) > far ||
        std::abs(step) > far)
        node.fail(fmt::format("from {} to {} in steps of {} is not a list", start, limit, step));
    const auto n = static_cast<std::size_t>(std::max(count, 0.0));
    list.spend(node, static_cast<std::int64_t>(n));
    const Shape shape{static_cast<int>(n)};
    if (operand(node, list, 0).is_real()) {
        std::vector<float> out(n);
        for (std::size_t i = 0; i < n; ++i)
            out[i] = static_cast<float>(start + static_cast<double>(i) * step);
        return real_constant(shape, std::move(out));
    }
    Integers out(n);
    for (std::size_t i = 0; i < n; ++i)
        out[i] = static_cast<std::int64_t>(start) +
                 static_cast<std::int64_t>(i) * static_cast<std::int64_t>(step);
    return integer_constant(shape, std::move(out), operand(node, list, 0).type);
}

Constant fold_trilu(const Node& node, NodeList& list) {
    const Constant& data = operand(node, list, 0);
    if (data.shape.size() < 2) node.fail("its input is not a matrix");
    constexpr std::int64_t far = std::int64_t{1} << 32;
    const std::int64_t k = std::clamp(one_integer(node, list, 1, 0), -far, far);
    const bool is_upper = node.integer("upper", 1) != 0;
    const std::int64_t rows = data.shape[data.shape.size() - 2], columns = data.shape.back();
    list.spend(node, elements(data.shape));
    return with_elements(data, [&](auto out) {
        for (std::size_t i = 0; i < out.size(); ++i) {
            const std::int64_t column = static_cast<std::int64_t>(i) % columns;
            const std::int64_t row = static_cast<std::int64_t>(i) / columns % rows;
            const bool is_kept = is_upper ? column - row >= k : column - row <= k;
            if (!is_kept) out[i] = 0;
        }
        return like(data, data.shape, std::move(out));
    });
}

}  // namespace acim::onnx_import
