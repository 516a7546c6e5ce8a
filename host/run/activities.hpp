// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cuda/trial/network.hpp"
#include "host/quant/activity_counts.hpp"
#include "host/run/network_library.hpp"
#include "host/run/workload.hpp"

namespace acim {

// Images that activity is counted on, at most. It is a mean over millions of cells, which moves
// little from image to image.
inline constexpr std::uint32_t activity_images = 16;

// Activity per MAC layer; nothing for a digital one.
using LayerActivities = std::vector<std::optional<ActivityCounts>>;

// The activity of every analog layer, from the noise-free quantised network on the first images
// that its scales were calibrated on. Each is counted once, stored in the run directory beside the
// networks and read from there ever after.
class Activities {
public:
    // folder: <run directory>/networks, or empty to keep them in memory only.
    Activities(std::shared_ptr<const Workload> workload, std::filesystem::path folder, int threads);

    // Throws std::invalid_argument that starts with the layer's name where a setting does not fit.
    LayerActivities get(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                        std::span<const LayerSettings> layers);
    // Writes what is not there yet; the folder must exist.
    void save() const;

private:
    // What decides the counts of one point: equal text, equal integers. Null for a digital layer.
    nlohmann::json key_of(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                          std::span<const std::optional<LayerPlan>> plans) const;
    // Nothing where the folder lacks the file or holds a damaged one: counting again gives the same.
    std::optional<LayerActivities> load(const std::string& name, const nlohmann::json& key,
                                        std::span<const std::optional<LayerPlan>> plans) const;

    std::shared_ptr<const Workload> workload_;
    std::filesystem::path folder_;
    int threads_;
    std::map<std::string, LayerActivities> known_;  // by brief_key()
    std::map<std::string, nlohmann::json> made_;    // files to be written, by name
};

}  // namespace acim
