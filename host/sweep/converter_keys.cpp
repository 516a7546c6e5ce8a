// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "host/sweep/key_tables.hpp"
#include "host/sweep/key_values.hpp"

namespace acim {
namespace {

using nlohmann::json;
using P = PointConfig;
using M = MacroParams;

constexpr std::string_view kinds = "bit_sliced aidac";
constexpr std::string_view mappings = "dense whole_channels";
constexpr std::string_view encodings = "twos_complement offset_binary differential xnor";
constexpr std::string_view noise_units = "lsb percent_fs volt";
constexpr std::string_view combinations = "mode median mean";

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
    adc = {.bits = adc.bits};
    if (value.is_string()) {
        adc.range = value == "full"     ? AdcRange::full
                    : value == "counts" ? AdcRange::counts
                                        : AdcRange::csnr;
        return;
    }
    if (value.is_object()) {
        adc.range = AdcRange::percentile;
        adc.percentile = value.at("percentile").get<double>();
        return;
    }
    adc.lo = window_units(value.at(0).get<double>());
    adc.hi = window_units(value.at(1).get<double>());
    // The whole span is the range `full` in other words.
    adc.range = adc.lo == 0 && adc.hi == 65536 ? AdcRange::full : AdcRange::window;
}

json get_adc_range(const P& p) {
    const AdcParams& adc = p.macro.adc;
    switch (adc.range) {
        case AdcRange::counts:
            return "counts";
        case AdcRange::window:
            return json::array({adc.lo, adc.hi});
        case AdcRange::percentile:
            return {{"percentile", adc.percentile}};
        case AdcRange::csnr:
            return "csnr";
        case AdcRange::full:
            break;
    }
    return "full";
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

KeyInfo always(KeyInfo key) {
    key.always = true;
    return key;
}

KeyInfo adc_range_key() {
    KeyInfo key{.path = "macro.adc.range", .type = KeyType::adc_range, .scopes = everywhere};
    key.high = 1;
    key.choices = "full counts csnr";
    key.fallback = "\"full\"";
    key.always = true;
    key.unit = "full scale";
    key.help =
        "what the codes span: all of the full scale, one cell per code, up to a percentile of each "
        "layer's calibration sums (99.9 unless given), the window of least error on them by fresh "
        "noise alone (offsets and DNL of chips are not in it), or a window [lo, hi] in steps of "
        "2^-16";
    key.set = set_adc_range;
    key.get = get_adc_range;
    return key;
}

KeyInfo inject_key() {
    KeyInfo key{.path = "macro.noise.inject", .type = KeyType::normals, .scopes = everywhere};
    key.low = -1e3;
    key.high = 1e3;
    key.fallback = "null";
    key.help =
        "[n1, n2]: constants in place of the unit normals, for tests against other simulators";
    key.set = set_inject;
    key.get = get_inject;
    return key;
}

KeyInfo nonlinear_unit_key() {
    KeyInfo key{.path = "macro.noise.nonlinear.unit", .type = KeyType::choice};
    key.scopes = in_sweep | in_mac | in_rule;
    key.choices = "percent_fs";
    key.fallback = "\"percent_fs\"";
    key.help = "the only unit of that sigma";
    return key;
}

bool has_random_noise(const P& p) {
    return p.macro.noise.random.sigma != 0.0 || rule_sets(p, "macro.noise.random.sigma");
}

bool has_hybrid(const P& p) {
    return p.macro.hybrid.levels != 0 || rule_sets(p, "macro.hybrid.levels");
}

bool has_voting(const P& p) { return p.macro.voting.any() || rule_sets(p, "macro.voting"); }

const auto table = std::to_array<KeyInfo>({
    choice_key<kinds, &M::kind>(
        "macro.kind", "\"bit_sliced\"",
        "one column per weight bit, or all-analog multibit; a key of macro.aidac sets it to aidac"),
    always(whole_key<&M::rows>("macro.rows", {1, 4096}, "255", "cells",
                               "cells summed on one column in one conversion")),
    always(choice_key<mappings, &M::mapping>("macro.mapping", "\"whole_channels\"",
                                             "how a layer's inputs are cut into row groups")),
    always(whole_key<&M::bits_per_cycle>(
        "macro.bits_per_cycle", {1, 9}, "1", "bit",
        "activation bits driven at once: 1 is bit-serial, at most activation_bits (one less if "
        "signed)")),
    choice_key<encodings, &M::weight_encoding>("macro.weight_encoding", "\"twos_complement\"",
                                               "how a weight's bits stand in columns"),
    boolean_key<&M::weight_parallel>(
        "macro.weight_parallel", "false",
        "one conversion for all planes of a row group and cycle, weighed in analog"),
    always(whole_key<&M::adc, &AdcParams::bits>("macro.adc.bits", {1, 14}, "8", "bit",
                                                "resolution of the ADC")),
    adc_range_key(),
    real_key<KeyUnit::one, &M::noise, &NoiseParams::random, &RandomNoise::sigma>(
        "macro.noise.random.sigma", {0, 16384}, "lsb, % of full scale or volt",
        "fresh Gaussian noise of every conversion"),
    always(choice_key<noise_units, &M::noise, &NoiseParams::random, &RandomNoise::unit>(
        "macro.noise.random.unit", "\"lsb\"",
        "unit of that sigma: ADC steps, percent of full scale, or volt (needs macro.v_ref)",
        has_random_noise)),
    real_key<KeyUnit::one, &M::noise, &NoiseParams::nonlinear, &NonlinearNoise::sigma>(
        "macro.noise.nonlinear.sigma", {0, 100}, "% of full scale",
        "fresh Gaussian noise whose sigma falls as 1/sqrt(s*N/FS + 1)"),
    nonlinear_unit_key(),
    inject_key(),
    whole_key<&M::hybrid, &HybridParams::levels>(
        "macro.hybrid.levels", {0, 16}, "0", "",
        "top levels of the (plane, cycle) grid that are computed digitally"),
    boolean_key<&M::hybrid, &HybridParams::asim_rounding>(
        "macro.hybrid.asim_rounding", "false",
        "digital conversions still go through the ADC's rounding, as in ASiM", has_hybrid),
    whole_key<&M::voting, &VotingParams::levels>(
        "macro.voting.levels", {0, 16}, "0", "",
        "top levels of the (plane, cycle) grid whose conversions are taken several times",
        has_voting),
    whole_key<&M::voting, &VotingParams::samples>("macro.voting.samples", {1, 64}, "1", "",
                                                  "how often they are taken, with fresh noise",
                                                  has_voting),
    choice_key<combinations, &M::voting, &VotingParams::combine>(
        "macro.voting.combine", "\"mode\"",
        "the most frequent code (the smallest of equals), the lower median, or the mean",
        has_voting),
});

}  // namespace

std::span<const KeyInfo> converter_keys() { return table; }

}  // namespace acim
