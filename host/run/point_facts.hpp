// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cuda/trial/network.hpp"
#include "cuda/trial/work.hpp"
#include "host/cost/layer_cost.hpp"
#include "host/quant/adc_window.hpp"
#include "host/run/activities.hpp"

namespace acim {

// What follows from a design point before any trial: the numbers that stand beside its results.
// They travel in the plan as JSON, so that `merge` needs neither network nor data.
struct LayerFacts {
    std::string name;
    std::string path;  // product, lut, table, fixed; "digital" for a layer not on the macro
    std::uint64_t row_groups = 0;
    double row_utilisation = 0.0;           // used rows / available rows [1]
    std::uint64_t conversions = 0;          // per image
    double activity = 0.0;                  // mean of stored bit x input, of full drive [1]
    Energy energy;                          // per image [J]
    double latency = 0.0;                   // per image [s]
    double operations = 0.0;                // per image
    std::optional<AdcWindow> adc_window{};  // where it is calibrated
};

struct PointFacts {
    bool deterministic = false;     // no random term: every trial gives the same bits
    std::uint64_t conversions = 0;  // per image
    Cost cost;                      // per inference
    // Noise-free baselines [1]; NaN until they are measured.
    double float_accuracy = std::numeric_limits<double>::quiet_NaN();
    double quantised_accuracy = std::numeric_limits<double>::quiet_NaN();
    // Mean cross-entropies [nat]; NaN unless the network predicts at several positions.
    double float_loss = std::numeric_limits<double>::quiet_NaN();
    double quantised_loss = std::numeric_limits<double>::quiet_NaN();
    std::vector<LayerFacts> layers;  // per MAC layer
};

// What a point costs is computed with.
struct CostBasis {
    Technology technology;
    LayerActivities activities;  // per MAC layer
};

// Throws InputError naming the layer where a setting does not fit it. Baselines stay NaN; calibrated
// windows stay out, since the point holds none but resolved ones.
PointFacts point_facts(const QuantizedNetwork& network, const DesignPoint& point,
                       const CostBasis& basis, const std::string& place);

nlohmann::json to_json(const PointFacts& facts);
PointFacts point_facts_from_json(const nlohmann::json& json);

const char* path_name(SamplingPath path);

}  // namespace acim
