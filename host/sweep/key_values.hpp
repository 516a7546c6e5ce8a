// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include "host/sweep/keys.hpp"

// How values of keys enter and leave a point: makers of rows for the tables of keys. A row names
// the members that lead to its value, as in real_key<KeyUnit::femto, &MacroParams::cell,
// &CellParams::unit_capacitance>(...).
namespace acim {

inline constexpr unsigned everywhere = in_sweep | in_mac | in_rule | on_axis;

// What a value of the YAML is divided by to become SI. Powers of ten are exact, so that 2 fF is the
// double nearest to 2e-15.
enum class KeyUnit { one, percent, milli, micro, nano, pico, femto, percent_root_femto };

constexpr double per_si(KeyUnit unit) {
    switch (unit) {
        case KeyUnit::percent:
            return 1e2;
        case KeyUnit::milli:
            return 1e3;
        case KeyUnit::micro:
            return 1e6;
        case KeyUnit::nano:
            return 1e9;
        case KeyUnit::pico:
            return 1e12;
        case KeyUnit::femto:
            return 1e15;
        case KeyUnit::percent_root_femto:
            return 3162277660.1683793;  // 100/sqrt(1e-15)
        case KeyUnit::one:
            break;
    }
    return 1.0;
}

// The shortest decimal x with x/per_si equal to the stored value: what the user wrote, unless that
// has more digits than a double. Different stored values give different decimals.
double in_key_unit(double si, double per_si);

// True where a rule of `layers` sets the key or one below it.
bool rule_sets(const PointConfig& point, std::string_view path);

// Index of the word in the list; the list's order is the order of the enumeration.
template <class E>
E to_enum(std::string_view choices, const nlohmann::json& value) {
    const auto words = split_words(choices);
    const auto found = std::find(words.begin(), words.end(), value.get<std::string>());
    return static_cast<E>(std::distance(words.begin(), found));
}

template <class E>
nlohmann::json to_word(std::string_view choices, E value) {
    return split_words(choices).at(static_cast<std::size_t>(value));
}

// The value at the end of a chain of members.
template <auto... members, class Macro>
auto& member_of(Macro& macro) {
    return (macro.*....*members);
}

// The same of a point: chains that begin in Technology lead from its technology, all others from its
// macro.
template <class Class, class Member>
constexpr bool begins_in_technology(Member Class::*) {
    return std::is_same_v<Class, Technology>;
}

template <auto first, auto... rest, class Point>
auto& value_of(Point& point) {
    if constexpr (begins_in_technology(first)) {
        return member_of<first, rest...>(point.technology);
    } else {
        return member_of<first, rest...>(point.macro);
    }
}

using KeyApplies = bool (*)(const PointConfig&);

struct KeyBounds {
    double low = 0.0;
    double high = 0.0;
};

// A number, off at 0.
template <KeyUnit unit, auto... members>
KeyInfo real_key(std::string_view path, KeyBounds bounds, std::string_view unit_text,
                 std::string_view help, KeyApplies applies = nullptr) {
    KeyInfo key{.path = path, .type = KeyType::real, .scopes = everywhere};
    key.low = bounds.low;
    key.high = bounds.high;
    key.fallback = "0.0";
    key.unit = unit_text;
    key.help = help;
    key.set = [](PointConfig& p, const nlohmann::json& v) {
        value_of<members...>(p) = v.get<double>() / per_si(unit);
    };
    key.get = [](const PointConfig& p) {
        return nlohmann::json(in_key_unit(value_of<members...>(p), per_si(unit)));
    };
    key.applies = applies;
    return key;
}

template <auto... members>
KeyInfo whole_key(std::string_view path, KeyBounds bounds, std::string_view fallback,
                  std::string_view unit_text, std::string_view help, KeyApplies applies = nullptr) {
    KeyInfo key{.path = path, .type = KeyType::whole, .scopes = everywhere};
    key.low = bounds.low;
    key.high = bounds.high;
    key.fallback = fallback;
    key.unit = unit_text;
    key.help = help;
    key.set = [](PointConfig& p, const nlohmann::json& v) {
        value_of<members...>(p) = v.get<int>();
    };
    key.get = [](const PointConfig& p) { return nlohmann::json(value_of<members...>(p)); };
    key.applies = applies;
    return key;
}

template <auto... members>
KeyInfo boolean_key(std::string_view path, std::string_view fallback, std::string_view help,
                    KeyApplies applies = nullptr) {
    KeyInfo key{.path = path, .type = KeyType::boolean, .scopes = everywhere};
    key.fallback = fallback;
    key.help = help;
    key.set = [](PointConfig& p, const nlohmann::json& v) {
        value_of<members...>(p) = v.get<bool>();
    };
    key.get = [](const PointConfig& p) { return nlohmann::json(value_of<members...>(p)); };
    key.applies = applies;
    return key;
}

// The words stand in a constant, which the functions of the row refer to.
template <const std::string_view& words, auto... members>
KeyInfo choice_key(std::string_view path, std::string_view fallback, std::string_view help,
                   KeyApplies applies = nullptr) {
    KeyInfo key{.path = path, .type = KeyType::choice, .scopes = everywhere};
    key.choices = words;
    key.fallback = fallback;
    key.help = help;
    key.set = [](PointConfig& p, const nlohmann::json& v) {
        auto& value = value_of<members...>(p);
        value = to_enum<std::remove_reference_t<decltype(value)>>(words, v);
    };
    key.get = [](const PointConfig& p) { return to_word(words, value_of<members...>(p)); };
    key.applies = applies;
    return key;
}

}  // namespace acim
