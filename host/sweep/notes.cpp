// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/notes.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace acim {
namespace {

struct LsbError {
    std::string_view name;  // of the keys, without their unit
    double AdcErrorParams::*value;
};

constexpr LsbError lsb_errors[] = {{"offset", &AdcErrorParams::offset},
                                   {"dnl", &AdcErrorParams::dnl},
                                   {"comparator", &AdcErrorParams::comparator}};

bool has_path(const Axis& axis, std::string_view path) {
    return std::ranges::find(axis.paths, path) != axis.paths.end();
}

}  // namespace

std::vector<std::string> sweep_notes(const SweepSpec& spec, std::span<const PointConfig> points) {
    std::vector<std::string> notes;
    for (const std::string_view size : {"macro.adc.bits", "macro.adc.range"}) {
        const auto axis = std::ranges::find_if(
            spec.axes, [&](const Axis& a) { return has_path(a, size) && a.size() > 1; });
        if (axis == spec.axes.end()) continue;
        for (const LsbError& error : lsb_errors) {
            const std::string key = fmt::format("macro.adc_errors.{}_lsb", error.name);
            const bool set = std::ranges::any_of(points, [&](const PointConfig& p) {
                return p.macro.adc_errors.*error.value != 0.0;
            });
            if (!set || has_path(*axis, key)) continue;  // coupled: somebody has thought of it
            notes.push_back(fmt::format(
                "{} is in LSB, whose size changes along the axis '{}': the same circuit gets "
                "better where an LSB is smaller. For an error that stays give {}_mV, sigma in mV "
                "of the column, and macro.v_ref.",
                key, size, error.name));
        }
    }
    return notes;
}

}  // namespace acim
