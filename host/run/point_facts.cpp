// SPDX-License-Identifier: Apache-2.0
#include "host/run/point_facts.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "cuda/trial/point_plan.hpp"
#include "host/core/error.hpp"
#include "host/cost/layer_cost.hpp"

namespace acim {
namespace {

LayerPlan plan_layer(const Operator& node, const LayerSettings& settings,
                     const std::string& place) {
    try {
        return describe_operator(node, settings);
    } catch (const std::invalid_argument& error) {
        throw InputError(place + ": " + error.what());
    }
}

double row_utilisation(const LayerPlan& plan) {
    return static_cast<double>(plan.depth) / (static_cast<double>(plan.groups) * plan.rows);
}

// JSON has no NaN; nlohmann writes null.
double number(const nlohmann::json& value) {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

LayerActivity activity_of(const LayerWork& work, const LayerPlan& plan, const Product& product,
                          const std::optional<ActivityCounts>& counts) {
    if (!plan.analog) return {};
    ACIM_EXPECT(counts.has_value());
    return counted_activity(work, plan, product.input_quantisation.is_signed, *counts);
}

LayerFacts layer_facts(const Operator& node, const LayerPlan& plan, const LayerWork& work,
                       const LayerActivity& activity, const LayerCost& cost) {
    LayerFacts layer;
    layer.name = node.name;
    layer.path = plan.analog ? path_name(plan.path) : "digital";
    layer.energy = cost.energy;
    layer.latency = cost.latency;
    layer.operations = cost.operations;
    if (!plan.analog) return layer;
    layer.row_groups = static_cast<std::uint64_t>(plan.groups);
    layer.row_utilisation = row_utilisation(plan);
    layer.conversions = work.conversions;
    if (work.cell_operations > 0)
        layer.activity = activity.cells / static_cast<double>(work.cell_operations);
    return layer;
}

nlohmann::json to_json(const Energy& energy) { return block_energies(energy); }

Energy energy_from_json(const nlohmann::json& json) {
    const auto value = [&json](std::size_t i) { return number(json.at(i)); };
    return {value(0), value(1), value(2), value(3), value(4), value(5)};
}

}  // namespace

const char* path_name(SamplingPath path) {
    switch (path) {
        case SamplingPath::product:
            return "product";
        case SamplingPath::lut:
            return "lut";
        case SamplingPath::table:
            return "table";
        case SamplingPath::fixed:
            return "fixed";
        case SamplingPath::chip:
            return "chip";
        case SamplingPath::events:
            return "events";
    }
    return "";
}

PointFacts point_facts(const QuantizedNetwork& network, const DesignPoint& point,
                       const CostBasis& basis, const std::string& place) {
    PointFacts facts;
    facts.deterministic = true;
    std::vector<LayerCost> costs;
    const auto macs = network.mac_layers();
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const Operator& node = network.operators[macs[i]];
        const auto& product = std::get<Product>(node.op);
        const LayerPlan plan = plan_layer(node, point.layers[i], place);
        const LayerWork work =
            layer_work(product, static_cast<std::uint64_t>(output_pixels(network, product)), plan);
        const LayerActivity activity = activity_of(work, plan, product, basis.activities[i]);
        const LayerSettings settings = settings_on(product, point.layers[i]);
        costs.push_back(layer_cost(work, activity, settings, basis.technology));
        facts.layers.push_back(layer_facts(node, plan, work, activity, costs.back()));
        facts.conversions += facts.layers.back().conversions;
        if (!plan.analog) continue;
        if (plan.random || plan.per_chip) facts.deterministic = false;
    }
    facts.cost = total_cost(costs);
    return facts;
}

nlohmann::json to_json(const PointFacts& f) {
    nlohmann::json layers = nlohmann::json::array();
    for (const LayerFacts& l : f.layers) {
        layers.push_back({{"name", l.name},
                          {"path", l.path},
                          {"row_groups", l.row_groups},
                          {"row_utilisation", l.row_utilisation},
                          {"conversions", l.conversions},
                          {"activity", l.activity},
                          {"energy", to_json(l.energy)},
                          {"latency", l.latency},
                          {"operations", l.operations}});
        if (!l.adc_window) continue;
        layers.back()["adc_lo"] = l.adc_window->lo / 65536.0;
        layers.back()["adc_hi"] = l.adc_window->hi / 65536.0;
    }
    nlohmann::json out{{"deterministic", f.deterministic},
                       {"conversions", f.conversions},
                       {"energy", to_json(f.cost.energy)},
                       {"latency", f.cost.latency},
                       {"area", f.cost.area},
                       {"operations", f.cost.operations},
                       {"bit_operations", f.cost.bit_operations},
                       {"float_accuracy", f.float_accuracy},
                       {"quantised_accuracy", f.quantised_accuracy},
                       {"layers", layers}};
    if (f.float_loss == f.float_loss) {
        out["float_loss"] = f.float_loss;
        out["quantised_loss"] = f.quantised_loss;
    }
    return out;
}

PointFacts point_facts_from_json(const nlohmann::json& json) {
    PointFacts f;
    json.at("deterministic").get_to(f.deterministic);
    json.at("conversions").get_to(f.conversions);
    f.cost.energy = energy_from_json(json.at("energy"));
    f.cost.latency = number(json.at("latency"));
    f.cost.area = number(json.at("area"));
    f.cost.operations = number(json.at("operations"));
    f.cost.bit_operations = number(json.at("bit_operations"));
    f.float_accuracy = number(json.at("float_accuracy"));
    f.quantised_accuracy = number(json.at("quantised_accuracy"));
    if (json.contains("float_loss")) {
        f.float_loss = number(json.at("float_loss"));
        f.quantised_loss = number(json.at("quantised_loss"));
    }
    for (const auto& l : json.at("layers")) {
        LayerFacts layer;
        l.at("name").get_to(layer.name);
        l.at("path").get_to(layer.path);
        l.at("row_groups").get_to(layer.row_groups);
        layer.row_utilisation = number(l.at("row_utilisation"));
        l.at("conversions").get_to(layer.conversions);
        layer.activity = number(l.at("activity"));
        layer.energy = energy_from_json(l.at("energy"));
        layer.latency = number(l.at("latency"));
        layer.operations = number(l.at("operations"));
        if (l.contains("adc_lo"))
            layer.adc_window = {static_cast<std::int32_t>(l.at("adc_lo").get<double>() * 65536.0),
                                static_cast<std::int32_t>(l.at("adc_hi").get<double>() * 65536.0)};
        f.layers.push_back(std::move(layer));
    }
    return f;
}

}  // namespace acim
