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
#include "host/quant/adc_window.hpp"
#include "host/run/layer_operands.hpp"
#include "host/run/network_library.hpp"
#include "host/run/workload.hpp"

namespace acim {

// Images that windows are calibrated on, at most: on 64 images even a layer of ten outputs makes
// tens of thousands of conversions, and a network of 40 million products takes seconds.
inline constexpr std::uint32_t range_images = 64;

// A window per MAC layer; nothing where the layer has a range of its own.
using LayerWindows = std::vector<std::optional<AdcWindow>>;

// The windows of `adc.range: percentile` and `csnr`, from the noise-free quantised network on the
// first images that its scales were calibrated on. Each is found once, stored in the run directory
// beside the networks and read from there ever after, so that every shard converts alike.
class AdcRanges {
public:
    // folder: <run directory>/networks, or empty to keep windows in memory only.
    AdcRanges(std::shared_ptr<const Workload> workload, std::filesystem::path folder, int threads);

    // Throws std::invalid_argument that starts with the layer's name where a setting does not fit.
    LayerWindows get(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                     std::span<const LayerSettings> layers);
    // Writes what is not there yet; the folder must exist.
    void save() const;

private:
    // What decides the windows of one point: equal text, equal integers.
    struct Request {
        std::vector<LayerSettings> settings;
        nlohmann::json layers = nlohmann::json::array();  // key of a layer's window, or null
        std::vector<std::string> counts;                  // key of its counts, or ""

        std::string window(std::size_t layer) const { return layers[layer].dump(); }
    };

    std::uint32_t images(const QuantisationRecipe& recipe) const;
    nlohmann::json count_key(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                             std::size_t layer, const LayerSettings& settings) const;
    Request request(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                    std::span<const LayerSettings> layers) const;
    // Nothing where the folder lacks the file or holds a damaged one: calibrating again gives the
    // same windows.
    std::optional<LayerWindows> load(const std::string& name, const Request& request) const;
    void count_missing(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                       const Request& request);

    std::shared_ptr<const Workload> workload_;
    std::filesystem::path folder_;
    int threads_;
    std::map<std::string, CountHistogram> counts_;  // by count key
    std::map<std::string, AdcWindow> windows_;      // by window key
    std::map<std::string, nlohmann::json> made_;    // files to be written, by name
};

// The window that the settings ask for on all operands of one layer. threads = 0 takes every core.
// Throws std::invalid_argument where a setting does not fit the layer.
AdcWindow operand_window(const LayerOperands& operands, const LayerSettings& settings, int threads);

}  // namespace acim
