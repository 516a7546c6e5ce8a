// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cuda/trial/network.hpp"
#include "host/quant/calibrate.hpp"
#include "host/run/workload.hpp"

namespace acim {

// How one integer network comes out of the float one.
struct QuantisationRecipe {
    QuantisationSpec spec;
    bool on_evaluated = false;                      // calibrate on the evaluated images
    std::vector<int> weight_bits, activation_bits;  // per MAC layer
};

// The images that the recipe's scales are calibrated on.
const DataSet& calibration_data(const Workload& workload, const QuantisationRecipe& recipe);

// The calibrated networks of a sweep: each recipe is calibrated once, stored in the run directory
// and read from there ever after, so that every shard runs the same integers.
class NetworkLibrary {
public:
    // folder: <run directory>/networks, or empty to keep networks in memory only.
    NetworkLibrary(std::shared_ptr<const Workload> workload, std::filesystem::path folder,
                   int threads);

    std::shared_ptr<const QuantizedNetwork> get(const QuantisationRecipe& recipe);
    // Writes what is not there yet; the folder must exist.
    void save() const;

private:
    std::string recipe_hash(const QuantisationRecipe& recipe) const;
    // Nothing where the folder lacks the network or holds a damaged one: calibrating again gives
    // the same bytes.
    std::shared_ptr<const QuantizedNetwork> load(const std::string& recipe) const;
    QuantizedNetwork make(const QuantisationRecipe& recipe);
    const CalibrationStatistics& statistics(const QuantisationRecipe& recipe);

    std::shared_ptr<const Workload> workload_;
    std::filesystem::path folder_;
    int threads_;
    std::map<std::pair<bool, int>, CalibrationStatistics> statistics_;  // by source and images
    std::map<std::string, std::shared_ptr<const QuantizedNetwork>> networks_;  // by recipe hash
    std::set<std::string> made_;  // calibrated here, not read from the folder
};

}  // namespace acim
