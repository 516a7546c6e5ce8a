// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/key_values.hpp"

#include <charconv>
#include <cmath>

namespace acim {

double in_key_unit(double si, double per_si) {
    const double near = si * per_si;
    // More than 17 digits never tell more; a neighbour may be needed where the product was rounded.
    for (int digits = 0; digits < 17; ++digits) {
        char text[64];
        const auto end =
            std::to_chars(text, text + sizeof text, near, std::chars_format::scientific, digits);
        double candidate = near;
        std::from_chars(text, end.ptr, candidate);
        if (candidate / per_si == si) return candidate;
    }
    for (double below = near, above = near;;) {
        below = std::nextafter(below, -HUGE_VAL);
        above = std::nextafter(above, HUGE_VAL);
        if (below / per_si == si) return below;
        if (above / per_si == si) return above;
        if (!(std::abs(above - near) <= std::abs(near) * 1e-14)) return near;
    }
}

bool rule_sets(const PointConfig& point, std::string_view path) {
    return std::any_of(point.layers.begin(), point.layers.end(), [&](const LayerRule& rule) {
        return std::any_of(rule.settings.begin(), rule.settings.end(), [&](const auto& setting) {
            return is_at_or_below(setting.first, path);
        });
    });
}

}  // namespace acim
