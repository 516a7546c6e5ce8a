// SPDX-License-Identifier: Apache-2.0
#include "host/run/network_library.hpp"

#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/quant/network_file.hpp"
#include "host/run/auto_quantisation.hpp"

namespace acim {
namespace {

std::filesystem::path recipe_path(const std::filesystem::path& folder, const std::string& recipe) {
    return folder / ("recipe-" + recipe + ".txt");
}

}  // namespace

NetworkLibrary::NetworkLibrary(std::shared_ptr<const Workload> workload,
                               std::filesystem::path folder, int threads)
    : workload_(std::move(workload)), folder_(std::move(folder)), threads_(threads) {}

std::string NetworkLibrary::recipe_hash(const QuantisationRecipe& recipe) const {
    const QuantisationSpec& s = recipe.spec;
    const nlohmann::json text = {
        {"model_version", model_version},
        {"graph", workload_->graph_hash},
        {"calibration",
         recipe.on_evaluated ? workload_->data->content_hash() : workload_->calibration_hash},
        {"weights", static_cast<int>(s.weights)},
        {"activations", static_cast<int>(s.activations)},
        {"per_channel", s.per_channel},
        {"images", s.images},
        {"percentile", s.percentile},
        {"weight_bits", recipe.weight_bits},
        {"activation_bits", recipe.activation_bits}};
    return sha256_hex(text.dump());
}

std::shared_ptr<const QuantizedNetwork> NetworkLibrary::load(const std::string& recipe) const {
    if (folder_.empty() || !std::filesystem::exists(recipe_path(folder_, recipe))) return nullptr;
    const auto bytes = read_whole_file(recipe_path(folder_, recipe));
    const std::string hash(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (hash.find_first_not_of("0123456789abcdef") != std::string::npos || hash.size() != 64)
        return nullptr;
    try {
        auto network =
            std::make_shared<const QuantizedNetwork>(load_network(folder_ / (hash + ".h5")));
        return network->hash == hash ? network : nullptr;
    } catch (const InputError&) {
        return nullptr;
    }
}

const DataSet& calibration_data(const Workload& workload, const QuantisationRecipe& recipe) {
    return recipe.on_evaluated ? *workload.data : *workload.calibration;
}

const CalibrationStatistics& NetworkLibrary::statistics(const QuantisationRecipe& recipe) {
    const std::pair key{recipe.on_evaluated, recipe.spec.images};
    const auto it = statistics_.find(key);
    if (it != statistics_.end()) return it->second;
    return statistics_[key] = observe(workload_->graph, calibration_data(*workload_, recipe),
                                      recipe.spec.images, threads_);
}

QuantizedNetwork NetworkLibrary::make(const QuantisationRecipe& recipe) {
    const CalibrationStatistics& seen = statistics(recipe);
    const QuantisationRecipe chosen =
        has_automatic_rule(recipe) ? choose_rules(workload_->graph, seen, recipe,
                                                  calibration_data(*workload_, recipe), threads_)
                                   : recipe;
    return quantise(*workload_->graph, seen, chosen.spec, chosen.weight_bits,
                    chosen.activation_bits);
}

std::shared_ptr<const QuantizedNetwork> NetworkLibrary::get(const QuantisationRecipe& recipe) {
    const std::string name = recipe_hash(recipe);
    auto& network = networks_[name];
    if (network) return network;
    network = load(name);
    if (!network) {
        made_.insert(name);
        network = std::make_shared<const QuantizedNetwork>(make(recipe));
    }
    return network;
}

void NetworkLibrary::save() const {
    for (const auto& [recipe, network] : networks_) {
        const auto file = folder_ / (network->hash + ".h5");
        if (!made_.contains(recipe)) continue;
        save_network(*network, file);
        write_file_atomically(recipe_path(folder_, recipe), network->hash);
    }
}

}  // namespace acim
