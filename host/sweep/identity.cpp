// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/sweep/keys.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

using nlohmann::json;

// Puts a value at a dotted path.
void place_at(json& target, std::string_view path, json value) {
    std::string pointer(1, '/');
    pointer += path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    target[json::json_pointer(pointer)] = std::move(value);
}

// Every setting of a rule, also an off value, because it overrides the point's own.
json canonical_rule(const LayerRule& rule) {
    json out = json::object();
    out["match"] = rule.match;
    for (const auto& [path, value] : rule.settings) {
        const KeyInfo* key = find_key(path, in_rule);
        ACIM_EXPECT(key != nullptr);
        if (key->set != nullptr) {
            PointConfig probe;
            key->set(probe, value);
            place_at(out, path, key->get(probe));
        } else if (path == "analog") {
            out["analog"] = value;
        }
    }
    return out;
}

// The off values of all keys, in their order.
const std::vector<json>& off_values() {
    static const std::vector<json> values = [] {
        std::vector<json> out;
        for (const KeyInfo& key : all_keys()) {
            out.push_back(key.fallback.empty() ? json() : json::parse(key.fallback));
        }
        return out;
    }();
    return values;
}

// The keys of one scope that decide costs, or all others; `off` ones are left out.
json canonical_keys(const PointConfig& point, KeyScope scope, bool costs = false) {
    json out = json::object();
    for (std::size_t i = 0; i < all_keys().size(); ++i) {
        const KeyInfo& key = all_keys()[i];
        if ((key.scopes & scope) == 0 || key.get == nullptr || key.is_cost != costs) continue;
        if (key.applies != nullptr && !key.applies(point)) continue;
        json value = key.get(point);
        if (!key.always && value == off_values()[i]) continue;
        place_at(out, key.path, std::move(value));
    }
    return out;
}

}  // namespace

json PointConfig::canonical() const {
    json out = canonical_keys(*this, in_sweep);
    for (const LayerRule& rule : layers) out["layers"].push_back(canonical_rule(rule));
    return out;
}

json PointConfig::canonical_costs() const {
    const json all = canonical_keys(*this, in_sweep, true);
    return all.value("technology", json::object());
}

json MacFile::canonical() const {
    PointConfig point;
    point.weight_bits = settings.weight_bits;
    point.activation_bits = settings.activation_bits;
    point.macro = settings.macro;
    point.path = settings.path;
    json out = canonical_keys(point, in_mac);
    out["chips"] = chips;
    out["repeats"] = repeats;
    if (seed) out["seed"] = *seed;
    return out;
}

std::string point_id(const PointConfig& point, std::string_view network_hash,
                     std::string_view data_hash,
                     std::span<const std::optional<AdcWindow>> windows) {
    json identity = {{"configuration", point.canonical()},
                     {"model_version", model_version},
                     {"network", network_hash},
                     {"data", data_hash}};
    if (std::ranges::any_of(windows, [](const auto& w) { return w.has_value(); }))
        for (const auto& w : windows)
            identity["adc_windows"].push_back(w ? json::array({w->lo, w->hi}) : json());
    return sha256_hex(identity.dump());
}

}  // namespace acim
