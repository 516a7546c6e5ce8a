// SPDX-License-Identifier: Apache-2.0
#include "host/run/point_facts.hpp"

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
    }
    return "";
}

PointFacts point_facts(const QuantizedNetwork& network, const DesignPoint& point,
                       const std::string& place) {
    PointFacts facts;
    facts.deterministic = true;
    const Technology technology = default_technology();
    Cost total;
    const auto macs = network.mac_layers();
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const Operator& node = network.operators[macs[i]];
        const auto& product = std::get<Product>(node.op);
        const LayerPlan plan = plan_layer(node, point.layers[i], place);
        const auto pixels = static_cast<std::uint64_t>(output_pixels(network, product));
        const Cost cost =
            layer_cost(layer_work(product, pixels, plan), point.layers[i], technology);
        total.add(cost);
        LayerFacts layer;
        layer.name = node.name;
        layer.path = plan.analog ? path_name(plan.path) : "digital";
        layer.energy = cost.energy.total();
        if (plan.analog) {
            layer.row_groups = static_cast<std::uint64_t>(plan.groups);
            layer.row_utilisation = row_utilisation(plan);
            layer.conversions = static_cast<std::uint64_t>(
                plan.adc_conversions(static_cast<std::int64_t>(pixels) * product.outputs));
            if (plan.random || plan.per_chip) facts.deterministic = false;
        }
        facts.conversions += layer.conversions;
        facts.layers.push_back(std::move(layer));
    }
    facts.adc_energy = total.energy.adc;
    facts.array_energy = total.energy.array;
    facts.digital_energy = total.energy.digital;
    facts.operations = total.operations;
    facts.tops_per_watt = total.tops_per_watt();
    facts.bit_tops_per_watt = total.bit_tops_per_watt();
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
                          {"energy", l.energy}});
        if (!l.adc_window) continue;
        layers.back()["adc_lo"] = l.adc_window->lo / 65536.0;
        layers.back()["adc_hi"] = l.adc_window->hi / 65536.0;
    }
    nlohmann::json out{{"deterministic", f.deterministic},
                       {"conversions", f.conversions},
                       {"adc_energy", f.adc_energy},
                       {"array_energy", f.array_energy},
                       {"digital_energy", f.digital_energy},
                       {"operations", f.operations},
                       {"tops_per_watt", f.tops_per_watt},
                       {"bit_tops_per_watt", f.bit_tops_per_watt},
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
    f.adc_energy = number(json.at("adc_energy"));
    f.array_energy = number(json.at("array_energy"));
    f.digital_energy = number(json.at("digital_energy"));
    f.operations = number(json.at("operations"));
    f.tops_per_watt = number(json.at("tops_per_watt"));
    f.bit_tops_per_watt = number(json.at("bit_tops_per_watt"));
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
        layer.energy = number(l.at("energy"));
        if (l.contains("adc_lo"))
            layer.adc_window = {static_cast<std::int32_t>(l.at("adc_lo").get<double>() * 65536.0),
                                static_cast<std::int32_t>(l.at("adc_hi").get<double>() * 65536.0)};
        f.layers.push_back(std::move(layer));
    }
    return f;
}

}  // namespace acim
