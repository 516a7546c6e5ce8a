// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/unit_advice.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "host/sweep/value.hpp"

namespace acim {
namespace {

// How many of a spelling make a volt.
std::optional<double> per_volt(std::string_view unit) {
    struct Spelling {
        std::string_view text;
        double per_volt;
    };
    constexpr auto spellings = std::to_array<Spelling>({{"V", 1.0},
                                                        {"v", 1.0},
                                                        {"volts", 1.0},
                                                        {"mV", 1e3},
                                                        {"mv", 1e3},
                                                        {"uV", 1e6},
                                                        {"\u00b5V", 1e6},    // micro sign
                                                        {"\u03bcV", 1e6}});  // Greek mu
    const auto found = std::find_if(spellings.begin(), spellings.end(),
                                    [&](const Spelling& s) { return s.text == unit; });
    return found == spellings.end() ? std::nullopt : std::optional(found->per_volt);
}

}  // namespace

std::string unit_advice(const KeyInfo& key, const std::string& text) {
    if (key.path == "macro.noise.random.unit")
        return per_volt(text) ? " Write volts: unit: volt, and sigma in volts." : "";
    if (key.type != KeyType::real && key.type != KeyType::whole) return "";
    // The longest beginning that is a number; what follows it is the unit.
    std::size_t end = std::min<std::size_t>(text.size(), 40);
    while (end > 0 && !parse_number(std::string_view(text).substr(0, end))) --end;
    if (end == 0 || end == text.size()) return "";
    std::string_view unit = std::string_view(text).substr(end);
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    const double number = *parse_number(std::string_view(text).substr(0, end));
    const auto volts = per_volt(unit);
    if (volts && key.path == "macro.noise.random.sigma")
        return fmt::format(" Write volts: sigma: {} with unit: volt.", number / *volts);
    if (volts && key.unit == "V")
        return fmt::format(" Write the number in volts: {}.", number / *volts);
    return " Write the number alone, without its unit.";
}

}  // namespace acim
