// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "host/sweep/key_tables.hpp"
#include "host/sweep/key_values.hpp"

namespace acim {
namespace {

using nlohmann::json;
using P = PointConfig;

constexpr unsigned sweep_axis = in_sweep | on_axis;

constexpr std::string_view range_rules = "max percentile mse auto";
constexpr std::string_view paths = "auto table fixed";
constexpr std::string_view streams = "shared independent";
constexpr double most = 1e6;

const auto table = std::to_array<KeyInfo>({
    {.path = "quantisation.weights",
     .type = KeyType::choice,
     .scopes = sweep_axis,
     .choices = range_rules,
     .fallback = "\"max\"",
     .always = true,
     .help = "how the weights' scales are chosen; auto: the rule with the least error of the "
             "logits on the "
             "calibration images",
     .set = [](P& p,
               const json& v) { p.quantisation.weights = to_enum<WeightRule>(range_rules, v); },
     .get = [](const P& p) { return to_word(range_rules, p.quantisation.weights); }},
    {.path = "quantisation.activations",
     .type = KeyType::choice,
     .scopes = sweep_axis,
     .choices = range_rules,
     .fallback = "\"percentile\"",
     .always = true,
     .help = "how the activations' scales are chosen; auto as for weights, both together",
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
     .help = "nearest rank of the magnitudes, for `percentile` and where `auto` tries it",
     .set = [](P& p, const json& v) { p.quantisation.percentile = v.get<double>(); },
     .get = [](const P& p) { return json(p.quantisation.percentile); },
     .applies =
         [](const P& p) {
             for (const RangeRule rule : {p.quantisation.weights, p.quantisation.activations})
                 if (rule == RangeRule::percentile || rule == RangeRule::automatic) return true;
             return false;
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
    {.path = "noise_streams",
     .type = KeyType::choice,
     .scopes = in_sweep,
     .choices = streams,
     .fallback = "\"shared\"",
     .help = "whether points see the same chips and noise, or each its own",
     .set = [](P& p, const json& v) { p.noise_streams = to_enum<NoiseStreams>(streams, v); },
     .get = [](const P& p) { return to_word(streams, p.noise_streams); }},
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
