// SPDX-License-Identifier: Apache-2.0
#include "host/store/plan_record.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"

namespace acim {

namespace {

using nlohmann::json;

constexpr std::int64_t plan_version = 1;

std::string text_of(const json& value, int indent) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

json to_json(const PlanPoint& point) {
    json parameters = json::array();
    for (const auto& [path, value] : point.parameters) {
        parameters.push_back(json::array({path, value}));
    }
    return {{"id", point.id},
            {"canonical_json", point.canonical_json},
            {"network_hash", point.network_hash},
            {"parameters", parameters},
            {"derived", point.derived}};
}

PlanPoint point_from_json(const json& value) {
    PlanPoint point;
    value.at("id").get_to(point.id);
    value.at("canonical_json").get_to(point.canonical_json);
    value.at("network_hash").get_to(point.network_hash);
    for (const json& parameter : value.at("parameters")) {
        point.parameters.emplace_back(parameter.at(0).get<std::string>(), parameter.at(1));
    }
    point.derived = value.at("derived");
    return point;
}

json to_json(const PlanRecord& plan) {
    json points = json::array();
    for (const PlanPoint& point : plan.points) {
        points.push_back(to_json(point));
    }
    return {{"schema_name", "acimsweep-plan"},
            {"schema_version", plan_version},
            {"sweep_name", plan.sweep_name},
            {"sweep_text", plan.sweep_text},
            {"seed", plan.seed},
            {"chips", plan.chips},
            {"repeats", plan.repeats},
            {"images", plan.images},
            {"block_images", plan.block_images},
            {"model_version", plan.model_version},
            {"data_hash", plan.data_hash},
            {"code_version", plan.code_version},
            {"points", points},
            {"networks", plan.networks},
            {"parameter_units", plan.parameter_units}};
}

// Counts that no plan of this program has would exhaust the machine.
void check_counts(const json& plan, const std::string& place) {
    constexpr double most_units = 1e9;
    double units = static_cast<double>(plan.at("points").size());
    for (const char* key : {"chips", "repeats", "images", "block_images"}) {
        const auto count = plan.at(key).get<std::int64_t>();
        if (count < 1 || count > 0xFFFFFFFFLL) {
            throw InputError(
                fmt::format("{}: damaged plan ({} is {}). Remove this file and run the "
                            "sweep again: stored trials are kept",
                            place, key, count));
        }
        units *= std::string_view(key) == "block_images" ? 1.0 / static_cast<double>(count)
                                                         : static_cast<double>(count);
    }
    if (units > most_units) {
        throw InputError(
            fmt::format("{}: damaged plan ({:.3g} units of work). Remove this file and "
                        "run the sweep again: stored trials are kept",
                        place, units));
    }
}

std::uint32_t block_size(const PlanRecord& plan, std::uint32_t first_image) {
    return std::min(plan.block_images, plan.images - first_image);
}

}  // namespace

std::string plan_to_json(const PlanRecord& plan) { return text_of(to_json(plan), 2) + "\n"; }

PlanRecord plan_from_json(const std::string& text, const std::string& place) {
    try {
        const json value = json::parse(text);
        if (value.at("schema_name") != "acimsweep-plan" ||
            value.at("schema_version") != plan_version) {
            throw InputError(fmt::format(
                "{}: a plan of version {} of {} (this program reads version {}). Use the program "
                "that wrote it or another directory",
                place, text_of(value.at("schema_version"), -1),
                text_of(value.at("schema_name"), -1), plan_version));
        }
        PlanRecord plan;
        value.at("sweep_name").get_to(plan.sweep_name);
        value.at("sweep_text").get_to(plan.sweep_text);
        value.at("seed").get_to(plan.seed);
        value.at("chips").get_to(plan.chips);
        value.at("repeats").get_to(plan.repeats);
        value.at("images").get_to(plan.images);
        value.at("block_images").get_to(plan.block_images);
        value.at("model_version").get_to(plan.model_version);
        value.at("data_hash").get_to(plan.data_hash);
        value.at("code_version").get_to(plan.code_version);
        for (const json& point : value.at("points")) {
            plan.points.push_back(point_from_json(point));
        }
        value.at("networks").get_to(plan.networks);
        value.at("parameter_units").get_to(plan.parameter_units);
        check_counts(value, place);
        return plan;
    } catch (const json::exception& error) {
        throw InputError(
            fmt::format("{}: damaged plan ({}). Remove this file and run the sweep "
                        "again: stored trials are kept",
                        place, error.what()));
    }
}

std::string plan_sha256(const PlanRecord& plan) {
    json value = to_json(plan);
    value.erase("sweep_text");
    value.erase("code_version");
    for (json& point : value.at("points")) {
        point.erase("derived");
    }
    return sha256_hex(text_of(value, -1));
}

std::vector<WorkUnit> planned_units(const PlanRecord& plan) {
    ACIM_EXPECT(plan.block_images > 0);
    std::vector<WorkUnit> units;
    for (std::uint32_t point = 0; point < plan.points.size(); ++point) {
        for (std::uint32_t chip = 0; chip < plan.chips; ++chip) {
            for (std::uint32_t repeat = 0; repeat < plan.repeats; ++repeat) {
                for (std::uint64_t first = 0; first < plan.images; first += plan.block_images) {
                    const auto image = static_cast<std::uint32_t>(first);
                    units.push_back({point, chip, repeat, image, block_size(plan, image)});
                }
            }
        }
    }
    return units;
}

bool is_planned(const PlanRecord& plan, const WorkUnit& unit) {
    return unit.point < plan.points.size() && unit.chip < plan.chips &&
           unit.repeat < plan.repeats && unit.first_image < plan.images &&
           unit.first_image % plan.block_images == 0 &&
           unit.images == block_size(plan, unit.first_image);
}

}  // namespace acim
