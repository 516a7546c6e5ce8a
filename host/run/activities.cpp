// SPDX-License-Identifier: Apache-2.0
#include "host/run/activities.hpp"

#include <algorithm>

#include "cuda/trial/point_plan.hpp"
#include "host/core/sha256.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/quant/adc_window.hpp"
#include "host/quant/counting_kernel.hpp"
#include "host/run/stored_json.hpp"

namespace acim {
namespace {

using nlohmann::json;

// How each analog layer stores its weights and drives its inputs.
std::vector<std::optional<LayerPlan>> counted_plans(const QuantizedNetwork& network,
                                                    std::span<const LayerSettings> layers) {
    const std::vector<int> macs = network.mac_layers();
    std::vector<std::optional<LayerPlan>> plans(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (!layers[i].analog) continue;
        const Operator& node = network.operators[static_cast<std::size_t>(macs[i])];
        plans[i] = describe_operator(
            node, with_any_window(settings_on(std::get<Product>(node.op), layers[i])));
    }
    return plans;
}

// How weights stand in columns: by their encoding, or -1 for AiDAC, which joins the columns.
int storage_of(const MacroParams& macro) {
    return macro.kind == MacroKind::aidac ? -1 : static_cast<int>(macro.weight_encoding);
}

// What decides the counts among the points of one sweep: one word, because it is asked for each.
std::string brief_key(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                      std::span<const LayerSettings> layers) {
    std::string key = network.hash + (recipe.on_evaluated ? " e" : " c") +
                      std::to_string(recipe.spec.images) + " ";
    for (const LayerSettings& layer : layers)
        key += (layer.analog ? std::to_string(storage_of(layer.macro)) : "digital") + " ";
    return key;
}

json to_json(const LayerActivities& layers) {
    json out = json::array();
    for (const auto& layer : layers)
        out.push_back(layer ? json{{"images", layer->images},
                                   {"both_ones", layer->both_ones},
                                   {"input_ones", layer->input_ones}}
                            : json());
    return out;
}

bool is_count_list(const json& value, std::size_t size) {
    return value.is_array() && value.size() == size &&
           std::ranges::all_of(value, [](const json& n) { return n.is_number_unsigned(); });
}

// Nothing where the text is not a count of such a layer.
std::optional<ActivityCounts> from_json(const json& value, const LayerPlan& plan) {
    ActivityCounts counts(plan);
    if (!value.is_object() || !value.value("images", json()).is_number_unsigned() ||
        !is_count_list(value.value("both_ones", json()), counts.both_ones.size()) ||
        !is_count_list(value.value("input_ones", json()), counts.input_ones.size()))
        return std::nullopt;
    value.at("images").get_to(counts.images);
    value.at("both_ones").get_to(counts.both_ones);
    value.at("input_ones").get_to(counts.input_ones);
    return counts.images > 0 ? std::optional(counts) : std::nullopt;
}

}  // namespace

Activities::Activities(std::shared_ptr<const Workload> workload, std::filesystem::path folder,
                       int threads)
    : workload_(std::move(workload)), folder_(std::move(folder)), threads_(threads) {}

json Activities::key_of(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                        std::span<const std::optional<LayerPlan>> plans) const {
    json layers = json::array();
    for (const auto& plan : plans) layers.push_back(plan ? json(storage_of(plan->macro)) : json());
    const std::uint32_t images =
        std::min({activity_images, static_cast<std::uint32_t>(recipe.spec.images),
                  calibration_data(*workload_, recipe).count()});
    return {{"model_version", model_version},
            {"network", network.hash},
            {"calibration", calibration_data(*workload_, recipe).content_hash()},
            {"images", images},
            {"weight_encodings", layers}};
}

std::optional<LayerActivities> Activities::load(
    const std::string& name, const json& key,
    std::span<const std::optional<LayerPlan>> plans) const {
    const json file = stored_object(folder_, name);
    if (file.is_null() || file.value("key", json()) != key) return std::nullopt;
    const json layers = file.value("layers", json());
    if (!layers.is_array() || layers.size() != plans.size() ||
        file.value("sha256", json()) != sha256_hex(layers.dump()))
        return std::nullopt;
    LayerActivities out(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (!plans[i]) continue;
        out[i] = from_json(layers[i], *plans[i]);
        if (!out[i]) return std::nullopt;
    }
    return out;
}

LayerActivities Activities::get(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                                std::span<const LayerSettings> layers) {
    LayerActivities& known = known_[brief_key(network, recipe, layers)];
    if (!known.empty() || layers.empty()) return known;
    const auto plans = counted_plans(network, layers);
    if (std::ranges::none_of(plans, [](const auto& plan) { return plan.has_value(); }))
        return known = LayerActivities(layers.size());
    const json key = key_of(network, recipe, plans);
    const std::string name = "activity-" + sha256_hex(key.dump()) + ".json";
    if (const auto stored = load(name, key, plans)) return known = *stored;
    const auto images = key.at("images").get<std::uint32_t>();
    const auto kernel = make_simd_kernel();
    auto counts = count_layers<ActivityCounts, StoredOnes>(
        network, plans, calibration_data(*workload_, recipe), images, *kernel, threads_);
    LayerActivities out(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (!plans[i]) continue;
        counts[i].images = images;
        out[i] = std::move(counts[i]);
    }
    const json counted = to_json(out);
    made_[name] = {{"key", key}, {"layers", counted}, {"sha256", sha256_hex(counted.dump())}};
    return known = out;
}

void Activities::save() const {
    for (const auto& [name, file] : made_)
        write_file_atomically(folder_ / name, file.dump() + "\n");
}

}  // namespace acim
