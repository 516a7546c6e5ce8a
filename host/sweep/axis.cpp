// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/axis.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

using nlohmann::json;

double rounded(double value) {
    char text[64];
    const auto end =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 11);
    double out = value;
    std::from_chars(text, end.ptr, out);
    return out;
}

// base^t for 0 <= t <= 1 as the product of the square roots that the bits of t call for.
double power(double base, double t) {
    double result = t >= 1.0 ? base : 1.0;
    double rest = t >= 1.0 ? 0.0 : t;
    double root = base;
    for (int bit = 0; bit < 60 && rest > 0.0; ++bit) {
        root = std::sqrt(root);
        rest *= 2.0;
        if (rest >= 1.0) {
            result *= root;
            rest -= 1.0;
        }
    }
    return result;
}

std::vector<double> linspace(double a, double b, std::size_t n) {
    std::vector<double> out(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double t = n > 1 ? static_cast<double>(i) / static_cast<double>(n - 1) : 0.0;
        out[i] = rounded(a + (b - a) * t);
    }
    out.front() = a;
    if (n > 1) out.back() = b;
    return out;
}

std::vector<double> logspace(double a, double b, std::size_t n) {
    std::vector<double> out(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double t = n > 1 ? static_cast<double>(i) / static_cast<double>(n - 1) : 0.0;
        out[i] = rounded(a * power(b / a, t));
    }
    out.front() = a;
    if (n > 1) out.back() = b;
    return out;
}

// What is wrong with one axis, and where.
struct AxisReader {
    const KeyInfo& key;
    ValuePlace where;

    [[noreturn]] void fail(const std::string& what) const {
        throw InputError(fmt::format("{}: {} {}", where.place, where.subject, what));
    }

    std::vector<double> three_numbers(const YamlNode& node, const std::string& word) const {
        std::vector<double> out;
        for (const YamlNode& item : node.items) {
            const auto value = item.kind == YamlNode::Kind::scalar && !item.quoted
                                   ? parse_number(item.text)
                                   : std::nullopt;
            if (!value || !std::isfinite(*value)) break;
            out.push_back(*value);
        }
        if (node.kind != YamlNode::Kind::sequence || node.items.size() != 3 || out.size() != 3) {
            fail(fmt::format("needs three finite numbers: {}: [{}].", word,
                             word == "range" ? "start, stop, step" : "first, last, count"));
        }
        return out;
    }

    std::size_t count(double n) const {
        if (!(n >= 1.0 && n <= static_cast<double>(most_points) && n == std::floor(n))) {
            fail(fmt::format("has {} values, but must have 1 to {}.", n, most_points));
        }
        return static_cast<std::size_t>(n);
    }

    std::vector<double> generate(const std::string& word, const YamlNode& node) const {
        const auto v = three_numbers(node, word);
        if (word == "linspace") return linspace(v[0], v[1], count(v[2]));
        if (word == "logspace") {
            if (!(v[0] > 0.0 && v[1] > 0.0))
                fail("is a logspace, whose first and last value must be above 0.");
            return logspace(v[0], v[1], count(v[2]));
        }
        if (v[2] == 0.0) fail("is a range with step 0. Give another step.");
        // The tolerance keeps [1, 1.3, 0.1] at three values although 0.3/0.1 rounds above 3.
        const double steps = std::ceil((v[1] - v[0]) / v[2] - 1e-9);
        if (steps < 1.0) fail("is empty: its range holds no value. Check start, stop and step.");
        std::vector<double> out(count(steps));
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = rounded(v[0] + static_cast<double>(i) * v[2]);
        }
        out.front() = v[0];
        return out;
    }

    std::vector<json> read_generated(const YamlNode& node) const {
        const std::string word = node.keys.size() == 1 ? node.keys.front().text : std::string();
        if (word != "linspace" && word != "logspace" && word != "range") {
            fail("is a map, but must be a list or one of linspace, logspace, range.");
        }
        if (key.type != KeyType::whole && key.type != KeyType::real) {
            fail(fmt::format("cannot be a {}: its values must be {}. Write a list.", word,
                             expectation(key)));
        }
        std::vector<json> out;
        for (const double value : generate(word, node.items.front())) {
            out.push_back(check_number(key, value, where));
        }
        return out;
    }

    std::vector<json> read(const Entry& entry) const {
        const YamlNode& node = entry.node;
        if (node.kind == YamlNode::Kind::map) return read_generated(node);
        const bool empty = node.kind == YamlNode::Kind::null ||
                           (node.kind == YamlNode::Kind::sequence && node.items.empty());
        if (empty) fail("is empty. Give at least one value, or remove the axis.");
        if (node.kind != YamlNode::Kind::sequence) {
            fail(fmt::format(
                "is {}, but must be a list or one of linspace, logspace, range. Write [{}] "
                "for one value.",
                shown(node), node.text));
        }
        std::vector<json> out;
        for (const YamlNode& item : node.items) {
            const std::string place = entry.source.at(item.line > 0 ? item.line : entry.line);
            out.push_back(read_value(key, item, {place, where.subject, where.folder}));
        }
        return out;
    }
};

Axis read_axis(const Entry& entry, std::string_view path) {
    const KeyInfo* key = find_key(path, on_axis);
    ACIM_EXPECT(key != nullptr);
    const AxisReader reader{*key, {entry.place(), "axis " + shown(path), entry.source.folder}};
    Axis axis;
    axis.paths.emplace_back(path);
    axis.values.push_back(reader.read(entry));
    axis.places.push_back(entry.place());
    return axis;
}

// As a value of the axis: what --set gave, as often as the axis has steps.
std::string as_axis(const YamlNode& node, std::size_t steps) {
    constexpr std::size_t longest = 8;
    if (node.kind != YamlNode::Kind::scalar || steps > longest) return "[...]";
    return fmt::format("[{}]", fmt::join(std::vector<std::string>(steps, node.text), ", "));
}

// An axis wins over what --set says of its key, which would change nothing without a word. In the
// file the two are no mistake: there the key says what holds without the axis.
void refuse_idle_override(const Document& document, const Entry& entry, const Axis& axis) {
    const Entry* key = document.find(axis.paths.front());
    if (key == nullptr || key->source.has_lines) return;
    const bool in_zip = entry.path.starts_with("zip.");
    throw InputError(fmt::format(
        "{}: key '{}' is an axis ({}), whose values win over this one. Change the axis instead: "
        "--set '{}={}'.",
        key->place(), key->path, entry.place(), entry.path,
        as_axis(key->node, in_zip ? axis.size() : 1)));
}

void add_to_zip(Axis& zip, Axis&& axis) {
    if (!zip.paths.empty() && axis.size() != zip.size()) {
        throw InputError(fmt::format(
            "{}: axis '{}' of zip has {} values, but '{}' has {}. Axes of zip "
            "step together: give them equal lengths.",
            axis.places.front(), axis.paths.front(), axis.size(), zip.paths.front(), zip.size()));
    }
    zip.paths.push_back(std::move(axis.paths.front()));
    zip.values.push_back(std::move(axis.values.front()));
    zip.places.push_back(std::move(axis.places.front()));
}

}  // namespace

std::vector<Axis> read_axes(const Document& document) {
    std::vector<Axis> axes;
    Axis zip;
    std::set<std::string> seen;
    for (const Entry& entry : document.entries()) {
        if (!is_axis_path(entry.path)) continue;
        const bool in_zip = entry.path.starts_with("zip.");
        const std::string path = entry.path.substr(entry.path.find('.') + 1);
        if (!seen.insert(path).second) {
            throw InputError(fmt::format("{}: axis '{}' stands in grid and in zip. Keep one.",
                                         entry.place(), path));
        }
        Axis axis = read_axis(entry, path);
        refuse_idle_override(document, entry, axis);
        if (in_zip) {
            add_to_zip(zip, std::move(axis));
        } else {
            axes.push_back(std::move(axis));
        }
    }
    if (!zip.paths.empty()) axes.push_back(std::move(zip));
    return axes;
}

}  // namespace acim
