// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/probe.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cuda/model/digital/function.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Unary = double (*)(double);
using Pair = double (*)(double, double);

const std::map<std::string, Unary>& unary() {
    static const std::map<std::string, Unary> table{
        {"Erf", [](double x) { return 1.0 - digital::erfc_value(x); }},
        {"Exp", digital::exponential},
        {"Reciprocal", [](double x) { return 1.0 / x; }},
        {"Relu", [](double x) { return std::max(x, 0.0); }},
        {"Sigmoid", digital::logistic},
        {"Sqrt", [](double x) { return std::sqrt(x); }},
        {"Tanh", digital::hyperbolic_tangent}};
    return table;
}

const std::map<std::string, Pair>& pairs() {
    static const std::map<std::string, Pair> table{
        {"Add", [](double a, double b) { return a + b; }},
        {"Div", [](double a, double b) { return a / b; }},
        {"Max", [](double a, double b) { return std::max(a, b); }},
        {"Min", [](double a, double b) { return std::min(a, b); }},
        {"Mul", [](double a, double b) { return a * b; }},
        {"Sub", [](double a, double b) { return a - b; }}};
    return table;
}

// x*Phi(x) and its approximation (Hendrycks and Gimpel 2016), and the swishes (Howard et al. 2019).
double gelu(double x) { return x * digital::normal_cdf(x); }
double gelu_tanh(double x) {
    constexpr double slope = 0.79788456080286536;  // sqrt(2/pi)
    return 0.5 * x * (1.0 + digital::hyperbolic_tangent(slope * (x + 0.044715 * x * x * x)));
}
double silu(double x) { return x * digital::logistic(x); }
double hard_swish(double x) { return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0); }

bool is_near(double a, double b) { return std::abs(a - b) <= 2e-6 * (1.0 + std::abs(b)); }

// A bound of a Clip node; nothing if it is not one constant.
std::optional<double> bound(const Node& node, const NodeList& list, std::size_t index,
                            const char* key, double none) {
    if (node.input(index).empty()) return node.real(key, static_cast<float>(none));
    return list.real_number(node.input(index));
}

}  // namespace

bool is_probe_type(const std::string& type) {
    return type == "ReduceMean" || type == "Clip" || type == "HardSigmoid" ||
           unary().contains(type) || pairs().contains(type);
}

bool is_probe_seed(const std::string& type) {
    return type == "Erf" || type == "Tanh" || type == "Sigmoid" || type == "HardSigmoid" ||
           type == "Clip" || type == "ReduceMean";
}

Probe::Probe(const NodeList& list, std::string x, std::vector<int> axes)
    : list_(list), x_(std::move(x)), axes_(std::move(axes)), shape_(list.values.at(x_).shape) {
    reduced_ = shape_;
    for (const int axis : axes_)
        if (axis < static_cast<int>(reduced_.size())) reduced_[axis] = 1;
    Values& start = values_[x_];
    constexpr double sizes[lines] = {1e-3, 3e-3, 0.02, 0.3, 1.0, 2.0, 4.0, 6.0};
    for (std::size_t i = 0; i < start.size(); ++i) {
        const double turn = static_cast<double>(i + 1) * 0.6180339887498949;
        start[i] = sizes[i / length] * (2.0 * (turn - std::floor(turn)) - 0.9);
    }
}

std::optional<Probe::Values> Probe::operand(const std::string& name) const {
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    const std::optional<float> number = list_.real_number(name);
    if (!number || list_.values.at(name).shape.size() > shape_.size()) return std::nullopt;
    Values all;
    all.fill(static_cast<double>(*number));
    return all;
}

bool Probe::evaluate(const Node& node) {
    const std::string& name = node.outputs.front();
    const Shape& shape = list_.values.at(name).shape;
    if ((shape != shape_ && shape != reduced_) || node.inputs.empty()) return false;
    const std::optional<Values> a = operand(node.input(0));
    if (!a) return false;
    Values out = *a;
    if (node.type == "ReduceMean") {
        const Shape& in = list_.shape(node, 0);
        if (axes_.empty() || node.integer("keepdims", 1) == 0 ||
            reduced_axes(node, list_, in.size()) != axes_)
            return false;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const std::size_t first = i / length * length;
            out[i] = 0.0;
            for (std::size_t j = first; j < first + length; ++j) out[i] += (*a)[j] / length;
        }
    } else if (node.type == "Clip") {
        constexpr double most = std::numeric_limits<float>::max();
        const auto low = bound(node, list_, 1, "min", -most);
        const auto high = bound(node, list_, 2, "max", most);
        if (!low || !high || !(*low <= *high)) return false;
        for (double& v : out) v = std::clamp(v, *low, *high);
    } else if (node.type == "HardSigmoid") {
        const double alpha = node.real("alpha", 0.2F), beta = node.real("beta", 0.5F);
        for (double& v : out) v = std::clamp(alpha * v + beta, 0.0, 1.0);
    } else if (const auto one = unary().find(node.type); one != unary().end()) {
        for (double& v : out) v = std::isnan(v) ? v : one->second(v);
    } else if (const auto two = pairs().find(node.type); two != pairs().end()) {
        const std::optional<Values> b = operand(node.input(1));
        if (!b || node.inputs.size() != 2) return false;
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = two->second(out[i], (*b)[i]);
        for (const std::string& input : node.inputs)
            if (const auto number = list_.real_number(input); number && node.type == "Add")
                numbers_.insert(*number);
    } else {
        return false;
    }
    values_[name] = out;
    return true;
}

std::optional<Match> Probe::match(const std::string& y) const {
    if (list_.values.at(y).shape != shape_) return std::nullopt;
    const Values& values = values_.at(y);
    return axes_.empty() ? match_function(values) : match_norm(values);
}

std::optional<Match> Probe::match_function(const Values& y) const {
    const Values& x = values_.at(x_);
    const auto is = [&](Unary function) {
        for (std::size_t i = 0; i < x.size(); ++i)
            if (!is_near(y[i], function(x[i]))) return false;
        return true;
    };
    if (is(gelu)) return Match{"Gelu", {}};
    if (is(gelu_tanh)) return Match{"Gelu", {{"approximate", std::string("tanh")}}};
    if (is(silu)) return Match{"acim.Silu", {}};
    if (is(hard_swish)) return Match{"HardSwish", {}};
    return std::nullopt;
}

std::optional<Match> Probe::match_norm(const Values& y) const {
    const Values& x = values_.at(x_);
    const auto is = [&](bool is_centred, double epsilon) {
        for (std::size_t first = 0; first < x.size(); first += length) {
            double mean = 0.0, square = 0.0;
            for (std::size_t i = first; is_centred && i < first + length; ++i)
                mean += x[i] / length;
            for (std::size_t i = first; i < first + length; ++i)
                square += (x[i] - mean) * (x[i] - mean) / length;
            for (std::size_t i = first; i < first + length; ++i)
                if (!is_near(y[i], (x[i] - mean) / std::sqrt(square + epsilon))) return false;
        }
        return true;
    };
    for (const float epsilon : numbers_) {
        if (!(epsilon >= 0.0F)) continue;
        const std::map<std::string, Attribute> attributes{{"epsilon", epsilon}};
        if (is(true, epsilon)) return Match{"LayerNormalization", attributes};
        if (is(false, epsilon)) return Match{"acim.RmsNorm", attributes};
    }
    return std::nullopt;
}

}  // namespace acim::onnx_import
