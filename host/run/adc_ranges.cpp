// SPDX-License-Identifier: Apache-2.0
#include "host/run/adc_ranges.hpp"

#include <algorithm>
#include <mutex>

#include "cuda/trial/measured_chip.hpp"
#include "cuda/trial/point_plan.hpp"
#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/quant/counting_kernel.hpp"
#include "host/quant/parallel_images.hpp"
#include "host/run/stored_json.hpp"

namespace acim {
namespace {

using nlohmann::json;

// Everything that the fresh noise of a conversion follows from.
json noise_key(const MacroParams& macro) {
    const NoiseParams& noise = macro.noise;
    const CellParams& cell = macro.cell;
    json key = {{"random", noise.random.sigma},
                {"unit", static_cast<int>(noise.random.unit)},
                {"nonlinear", noise.nonlinear.sigma},
                {"inject", noise.inject.active},
                {"comparator", macro.adc_errors.comparator},
                {"v_ref", macro.v_ref},
                {"unit_capacitance", cell.unit_capacitance},
                {"parasitic_ratio", cell.parasitic_ratio},
                {"parasitic", cell.parasitic},
                {"calibrated", cell.calibrated},
                {"temperature", cell.temperature}};
    if (macro.adc_errors.comparator_volt != 0.0)
        key["comparator_volt"] = macro.adc_errors.comparator_volt;
    if (macro.measured.table && macro.measured.scope == ErrorScope::fresh)
        key["measured"] = macro.measured.table->hash;
    return key;
}

json window_key(json key, const LayerSettings& settings) {
    const AdcParams& adc = settings.macro.adc;
    if (adc.range == AdcRange::percentile) {
        key["percentile"] = adc.percentile;
        return key;
    }
    key["csnr"] = {{"bits", adc.bits}, {"noise", noise_key(with_measured_chip(settings.macro))}};
    return key;
}

bool is_window(const json& value) {
    if (!value.is_array() || value.size() != 2 || !value[0].is_number_integer() ||
        !value[1].is_number_integer())
        return false;
    const auto lo = value[0].get<std::int64_t>(), hi = value[1].get<std::int64_t>();
    return 0 <= lo && lo < hi && hi <= 65536;
}

AdcWindow calibrated_window(const CountHistogram& counts, const LayerSettings& settings,
                            int threads) {
    const AdcParams& adc = settings.macro.adc;
    return adc.range == AdcRange::percentile
               ? percentile_window(counts, adc.percentile)
               : csnr_window(counts, with_measured_chip(settings.macro), settings.weight_bits,
                             threads);
}

// Counts of all images of a single layer.
CountHistogram count_operands(const LayerOperands& operands, const LayerPlan& plan, int threads) {
    std::vector<CountedWeights> shared;  // weights that all images have in common
    const int common = operands.is_attention() ? 0 : operands.parts;
    shared.reserve(static_cast<std::size_t>(common));
    for (int part = 0; part < common; ++part)
        shared.emplace_back(plan, operands.outputs, operands.part_weights(0, part));
    CountHistogram counts(plan);
    std::mutex mutex;
    const auto images = static_cast<std::uint32_t>(operands.images);
    const auto body = [&](int, std::uint32_t begin, std::uint32_t end) {
        CountHistogram own(plan);
        std::vector<std::int16_t> rows;
        for (auto image = static_cast<int>(begin); image < static_cast<int>(end); ++image) {
            for (int part = 0; part < operands.parts; ++part) {
                const auto inputs = operands.part_inputs(image, part, rows);
                if (operands.is_attention()) {
                    const CountedWeights weights(plan, operands.outputs,
                                                 operands.part_weights(image, part));
                    weights.count(plan, operands.pixels, inputs, own);
                } else {
                    shared[static_cast<std::size_t>(part)].count(plan, operands.pixels, inputs,
                                                                 own);
                }
            }
        }
        const std::lock_guard lock(mutex);
        counts.add(own);
    };
    parallel_images(0, images, image_threads(threads, images), body);
    return counts;
}

json windows_json(const LayerWindows& windows) {
    json out = json::array();
    for (const auto& w : windows) out.push_back(w ? json::array({w->lo, w->hi}) : json());
    return out;
}

}  // namespace

AdcWindow operand_window(const LayerOperands& operands, const LayerSettings& settings,
                         int threads) {
    const LayerPlan plan = describe_layer(with_any_window(settings), operands.shape());
    return calibrated_window(count_operands(operands, plan, threads), settings, threads);
}

AdcRanges::AdcRanges(std::shared_ptr<const Workload> workload, std::filesystem::path folder,
                     int threads)
    : workload_(std::move(workload)), folder_(std::move(folder)), threads_(threads) {}

std::uint32_t AdcRanges::images(const QuantisationRecipe& recipe) const {
    return std::min({range_images, static_cast<std::uint32_t>(recipe.spec.images),
                     calibration_data(*workload_, recipe).count()});
}

json AdcRanges::count_key(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                          std::size_t layer, const LayerSettings& settings) const {
    const MacroParams& macro = settings.macro;
    return {{"model_version", model_version},
            {"network", network.hash},
            {"calibration", calibration_data(*workload_, recipe).content_hash()},
            {"images", images(recipe)},
            {"layer", layer},
            {"rows", macro.rows},
            {"mapping", static_cast<int>(macro.mapping)},
            {"bits_per_cycle", macro.bits_per_cycle},
            {"weight_encoding", static_cast<int>(macro.weight_encoding)},
            {"hybrid_levels", macro.hybrid.levels},
            {"asim_rounding", macro.hybrid.asim_rounding}};
}

AdcRanges::Request AdcRanges::request(const QuantizedNetwork& network,
                                      const QuantisationRecipe& recipe,
                                      std::span<const LayerSettings> layers) const {
    const std::vector<int> macs = network.mac_layers();
    ACIM_EXPECT(macs.size() == layers.size());
    Request out;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const Operator& node = network.operators[macs[i]];
        out.settings.push_back(settings_on(std::get<Product>(node.op), layers[i]));
        out.layers.emplace_back();
        out.counts.emplace_back();
        if (!is_calibrated(layers[i])) continue;
        describe_operator(
            node, with_any_window(out.settings[i]));  // throws where no window fits the layer
        const json key = count_key(network, recipe, i, out.settings[i]);
        out.counts[i] = key.dump();
        out.layers[i] = window_key(key, out.settings[i]);
    }
    return out;
}

std::optional<LayerWindows> AdcRanges::load(const std::string& name, const Request& request) const {
    const json file = stored_object(folder_, name);
    if (file.is_null() || file.value("layers", json()) != request.layers) return std::nullopt;
    const json windows = file.value("windows", json());
    if (!windows.is_array() || windows.size() != request.layers.size() ||
        file.value("sha256", json()) != sha256_hex(windows.dump()))
        return std::nullopt;
    LayerWindows out(windows.size());
    for (std::size_t i = 0; i < windows.size(); ++i) {
        if (request.layers[i].is_null()) continue;
        if (!is_window(windows[i])) return std::nullopt;
        out[i] = {windows[i][0].get<std::int32_t>(), windows[i][1].get<std::int32_t>()};
    }
    return out;
}

// One pass over the images for all layers whose counts are needed and not known yet.
void AdcRanges::count_missing(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                              const Request& request) {
    const std::vector<int> macs = network.mac_layers();
    std::vector<std::optional<LayerPlan>> plans(request.counts.size());
    for (std::size_t i = 0; i < plans.size(); ++i)
        if (!request.counts[i].empty() && !windows_.contains(request.window(i)) &&
            !counts_.contains(request.counts[i]))
            plans[i] =
                describe_operator(network.operators[macs[i]], with_any_window(request.settings[i]));
    if (std::ranges::none_of(plans, [](const auto& plan) { return plan.has_value(); })) return;
    const auto products = make_simd_kernel();
    auto counts = count_layers<CountHistogram, CountedWeights>(
        network, plans, calibration_data(*workload_, recipe), images(recipe), *products, threads_);
    for (std::size_t i = 0; i < plans.size(); ++i)
        if (plans[i]) counts_[request.counts[i]] = std::move(counts[i]);
}

LayerWindows AdcRanges::get(const QuantizedNetwork& network, const QuantisationRecipe& recipe,
                            std::span<const LayerSettings> layers) {
    LayerWindows out(layers.size());
    if (std::ranges::none_of(layers, is_calibrated)) return out;
    const Request wanted = request(network, recipe, layers);
    const std::string name = "ranges-" + sha256_hex(wanted.layers.dump()) + ".json";
    if (const auto stored = load(name, wanted)) return *stored;
    count_missing(network, recipe, wanted);
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (wanted.counts[i].empty()) continue;
        const auto [window, fresh] = windows_.try_emplace(wanted.window(i));
        if (fresh)
            window->second =
                calibrated_window(counts_.at(wanted.counts[i]), wanted.settings[i], threads_);
        out[i] = window->second;
    }
    const json windows = windows_json(out);
    made_[name] = {
        {"layers", wanted.layers}, {"windows", windows}, {"sha256", sha256_hex(windows.dump())}};
    return out;
}

void AdcRanges::save() const {
    for (const auto& [name, file] : made_)
        write_file_atomically(folder_ / name, file.dump(1) + "\n");
}

}  // namespace acim
