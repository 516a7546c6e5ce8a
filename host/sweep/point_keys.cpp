// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <iterator>

#include "host/sweep/key_tables.hpp"

namespace acim {
namespace {

using nlohmann::json;
using P = PointConfig;

constexpr unsigned everywhere = in_sweep | in_mac | in_rule | on_axis;
constexpr unsigned sweep_axis = in_sweep | on_axis;

// Index of the word in the list; the list's order is the order of the enumeration.
template <class E>
E to_enum(std::string_view choices, const json& value) {
    const auto words = split_words(choices);
    const auto found = std::find(words.begin(), words.end(), value.get<std::string>());
    return static_cast<E>(std::distance(words.begin(), found));
}

template <class E>
json to_word(std::string_view choices, E value) {
    return split_words(choices).at(static_cast<std::size_t>(value));
}

bool rule_sets(const P& p, std::string_view path) {
    return std::any_of(p.layers.begin(), p.layers.end(), [&](const LayerRule& rule) {
        return std::any_of(rule.settings.begin(), rule.settings.end(),
                           [&](const auto& setting) { return setting.first == path; });
    });
}

constexpr std::string_view range_rules = "max percentile mse";
constexpr std::string_view mappings = "dense whole_channels";
constexpr std::string_view noise_units = "lsb percent_fs";
constexpr std::string_view paths = "auto table fixed";
constexpr double most = 1e6;

// An ADC bound in units of 2^-16 of full scale, rounded half to even; x lies in 0..1.
std::int32_t window_units(double x) {
    const double scaled = x * 65536.0;
    const auto floor = static_cast<std::int32_t>(scaled);
    const double rest = scaled - floor;
    const bool up = rest > 0.5 || (rest == 0.5 && floor % 2 != 0);
    return floor + (up ? 1 : 0);
}

void set_adc_range(P& p, const json& value) {
    AdcParams& adc = p.macro.adc;
    adc.lo = 0;
    adc.hi = 65536;
    if (value.is_string()) {
        adc.range = value == "full" ? AdcRange::full : AdcRange::counts;
        return;
    }
    adc.lo = window_units(value.at(0).get<double>());
    adc.hi = window_units(value.at(1).get<double>());
    // The whole span is the range `full` in other words.
    adc.range = adc.lo == 0 && adc.hi == 65536 ? AdcRange::full : AdcRange::window;
}

json get_adc_range(const P& p) {
    const AdcParams& adc = p.macro.adc;
    if (adc.range == AdcRange::full) return "full";
    if (adc.range == AdcRange::counts) return "counts";
    return json::array({adc.lo, adc.hi});
}

void set_inject(P& p, const json& value) {
    InjectedNoise& inject = p.macro.noise.inject;
    inject = {};
    if (value.is_null()) return;
    inject = {true, value.at(0).get<double>(), value.at(1).get<double>()};
}

json get_inject(const P& p) {
    const InjectedNoise& inject = p.macro.noise.inject;
    return inject.active ? json::array({inject.n1, inject.n2}) : json();
}

const auto table = std::to_array<KeyInfo>({
    {.path = "quantisation.weights",
     .type = KeyType::choice,
     .scopes = sweep_axis,
     .choices = range_rules,
     .fallback = "\"max\"",
     .always = true,
     .help = "how the weights' scales are chosen",
     .set = [](P& p,
               const json& v) { p.quantisation.weights = to_enum<WeightRule>(range_rules, v); },
     .get = [](const P& p) { return to_word(range_rules, p.quantisation.weights); }},
    {.path = "quantisation.activations",
     .type = KeyType::choice,
     .scopes = sweep_axis,
     .choices = range_rules,
     .fallback = "\"percentile\"",
     .always = true,
     .help = "how the activations' scales are chosen",
     .set =
         [](P& p, const json& v) {
             p.quantisation.activations = to_enum<ActivationRule>(range_rules, v);
         },
     .get = [](const P& p) { return to_word(range_rules, p.quantisation.activations); }},
    {.path = "quantisation.per_channel",
     .type = KeyType::boolean,
     .scopes = sweep_axis,
     .fallback = "false",
     .help = "one weight scale per output channel",
     .set = [](P& p, const json& v) { p.quantisation.per_channel = v.get<bool>(); },
     .get = [](const P& p) { return json(p.quantisation.per_channel); }},
    {.path = "quantisation.images",
     .type = KeyType::whole,
     .scopes = sweep_axis,
     .low = 0,
     .high = most,
     .fallback = "512",
     .always = true,
     .help = "first images of the calibration set that are used; 0: the evaluated images instead",
     .set = [](P& p, const json& v) { p.quantisation.images = v.get<int>(); },
     .get = [](const P& p) { return json(p.quantisation.images); }},
    {.path = "quantisation.percentile",
     .type = KeyType::real,
     .scopes = sweep_axis,
     .low = 0,
     .high = 100,
     .above = true,
     .fallback = "99.9",
     .always = true,
     .unit = "%",
     .help = "nearest rank of the magnitudes, for `percentile`",
     .set = [](P& p, const json& v) { p.quantisation.percentile = v.get<double>(); },
     .get = [](const P& p) { return json(p.quantisation.percentile); },
     .applies =
         [](const P& p) {
             return p.quantisation.weights == WeightRule::percentile ||
                    p.quantisation.activations == ActivationRule::percentile;
         }},

    {.path = "weight_bits",
     .type = KeyType::whole,
     .scopes = in_sweep | in_rule | on_axis,
     .low = 2,
     .high = 8,
     .fallback = "8",
     .always = true,
     .unit = "bit",
     .help = "bits of a weight, two's complement, one column each",
     .set = [](P& p, const json& v) { p.weight_bits = v.get<int>(); },
     .get = [](const P& p) { return json(p.weight_bits); }},
    {.path = "weight_bits",
     .type = KeyType::whole,
     .scopes = in_mac,
     .low = 1,
     .high = 8,
     .fallback = "8",
     .always = true,
     .unit = "bit",
     .help = "bits of a weight, one column each; 1 is one positive plane",
     .set = [](P& p, const json& v) { p.weight_bits = v.get<int>(); },
     .get = [](const P& p) { return json(p.weight_bits); }},
    {.path = "activation_bits",
     .type = KeyType::whole,
     .scopes = everywhere,
     .low = 1,
     .high = 9,
     .fallback = "8",
     .always = true,
     .unit = "bit",
     .help = "bits of an activation, with its sign where it has one",
     .set = [](P& p, const json& v) { p.activation_bits = v.get<int>(); },
     .get = [](const P& p) { return json(p.activation_bits); }},

    {.path = "macro.rows",
     .type = KeyType::whole,
     .scopes = everywhere,
     .low = 1,
     .high = 4096,
     .fallback = "255",
     .always = true,
     .unit = "cells",
     .help = "cells summed on one column in one conversion",
     .set = [](P& p, const json& v) { p.macro.rows = v.get<int>(); },
     .get = [](const P& p) { return json(p.macro.rows); }},
    {.path = "macro.mapping",
     .type = KeyType::choice,
     .scopes = everywhere,
     .choices = mappings,
     .fallback = "\"whole_channels\"",
     .always = true,
     .help = "how a layer's inputs are cut into row groups",
     .set = [](P& p, const json& v) { p.macro.mapping = to_enum<RowMapping>(mappings, v); },
     .get = [](const P& p) { return to_word(mappings, p.macro.mapping); }},
    {.path = "macro.bits_per_cycle",
     .type = KeyType::whole,
     .scopes = everywhere,
     .low = 1,
     .high = 9,
     .fallback = "1",
     .always = true,
     .unit = "bit",
     .help = "activation bits driven at once: 1 is bit-serial, at most activation_bits (one less "
             "if signed)",
     .set = [](P& p, const json& v) { p.macro.bits_per_cycle = v.get<int>(); },
     .get = [](const P& p) { return json(p.macro.bits_per_cycle); }},
    {.path = "macro.adc.bits",
     .type = KeyType::whole,
     .scopes = everywhere,
     .low = 1,
     .high = 14,
     .fallback = "8",
     .always = true,
     .unit = "bit",
     .help = "resolution of the ADC",
     .set = [](P& p, const json& v) { p.macro.adc.bits = v.get<int>(); },
     .get = [](const P& p) { return json(p.macro.adc.bits); }},
    {.path = "macro.adc.range",
     .type = KeyType::adc_range,
     .scopes = everywhere,
     .low = 0,
     .high = 1,
     .choices = "full counts",
     .later = "percentile csnr",
     .fallback = "\"full\"",
     .always = true,
     .unit = "full scale",
     .help = "what the codes span: all of the full scale, one cell per code, or a window [lo, hi] "
             "in steps of 2^-16",
     .set = set_adc_range,
     .get = get_adc_range},
    {.path = "macro.noise.random.sigma",
     .type = KeyType::real,
     .scopes = everywhere,
     .low = 0,
     .high = 16384,
     .fallback = "0.0",
     .unit = "lsb or % of full scale",
     .help = "fresh Gaussian noise of every conversion",
     .set = [](P& p, const json& v) { p.macro.noise.random.sigma = v.get<double>(); },
     .get = [](const P& p) { return json(p.macro.noise.random.sigma); }},
    {.path = "macro.noise.random.unit",
     .type = KeyType::choice,
     .scopes = everywhere,
     .choices = noise_units,
     .later = "volt",
     .fallback = "\"lsb\"",
     .always = true,
     .help = "unit of that sigma: ADC steps or percent of full scale",
     .set = [](P& p,
               const json& v) { p.macro.noise.random.unit = to_enum<NoiseUnit>(noise_units, v); },
     .get = [](const P& p) { return to_word(noise_units, p.macro.noise.random.unit); },
     .applies =
         [](const P& p) {
             return p.macro.noise.random.sigma != 0.0 || rule_sets(p, "macro.noise.random.sigma");
         }},
    {.path = "macro.noise.nonlinear.sigma",
     .type = KeyType::real,
     .scopes = everywhere,
     .low = 0,
     .high = 100,
     .fallback = "0.0",
     .unit = "% of full scale",
     .help = "fresh Gaussian noise whose sigma falls as 1/sqrt(s*N/FS + 1)",
     .set = [](P& p, const json& v) { p.macro.noise.nonlinear.sigma = v.get<double>(); },
     .get = [](const P& p) { return json(p.macro.noise.nonlinear.sigma); }},
    {.path = "macro.noise.nonlinear.unit",
     .type = KeyType::choice,
     .scopes = in_sweep | in_mac | in_rule,
     .choices = "percent_fs",
     .fallback = "\"percent_fs\"",
     .help = "the only unit of that sigma"},
    {.path = "macro.noise.inject",
     .type = KeyType::normals,
     .scopes = everywhere,
     .low = -1e3,
     .high = 1e3,
     .fallback = "null",
     .help = "[n1, n2]: constants in place of the unit normals, for tests against other simulators",
     .set = set_inject,
     .get = get_inject},
    {.path = "macro.hybrid.levels",
     .type = KeyType::whole,
     .scopes = everywhere,
     .low = 0,
     .high = 16,
     .fallback = "0",
     .help = "top levels of the (plane, cycle) grid that are computed digitally",
     .set = [](P& p, const json& v) { p.macro.hybrid.levels = v.get<int>(); },
     .get = [](const P& p) { return json(p.macro.hybrid.levels); }},
    {.path = "macro.hybrid.asim_rounding",
     .type = KeyType::boolean,
     .scopes = everywhere,
     .fallback = "false",
     .help = "digital conversions still go through the ADC's rounding, as in ASiM",
     .set = [](P& p, const json& v) { p.macro.hybrid.asim_rounding = v.get<bool>(); },
     .get = [](const P& p) { return json(p.macro.hybrid.asim_rounding); },
     .applies =
         [](const P& p) {
             return p.macro.hybrid.levels != 0 || rule_sets(p, "macro.hybrid.levels");
         }},
    {.path = "path",
     .type = KeyType::choice,
     .scopes = in_sweep | in_mac | on_axis,
     .choices = paths,
     .fallback = "\"auto\"",
     .help = "how random bits become codes: the first path that applies, no shortcuts, or the "
             "reference",
     .set = [](P& p, const json& v) { p.path = to_enum<PathRequest>(paths, v); },
     .get = [](const P& p) { return to_word(paths, p.path); }},
});

}  // namespace

std::span<const KeyInfo> point_keys() { return table; }

}  // namespace acim
