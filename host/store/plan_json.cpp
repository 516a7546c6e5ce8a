// SPDX-License-Identifier: Apache-2.0
#include "host/store/plan_json.hpp"

#include <charconv>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"

namespace acim {

namespace {

using nlohmann::json;

constexpr std::int64_t plan_version = 1;

std::string text_of(const json& value, int indent) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

InputError damaged(const std::string& place, const std::string& reason) {
    return InputError(fmt::format(
        "{}: damaged plan ({}). Remove this file and run the sweep again: stored trials are kept",
        place, reason));
}

json head(const PlanRecord& plan) {
    json value{{"schema_name", "acimsweep-plan"},
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
               {"baselines", plan.baselines},
               {"networks", plan.networks},
               {"parameter_units", plan.parameter_units},
               {"technologies", plan.technologies}};
    // What most plans lack stays away, so that they are what they always were.
    if (plan.positions != 1) {
        value["positions"] = plan.positions;
    }
    if (plan.stop.active()) {
        value["stop"] = {{"half_width", plan.stop.half_width},
                         {"first_chips", plan.stop.first_chips}};
    }
    if (plan.keeps_predictions()) {
        value["labels"] = fmt::format("{}", fmt::join(plan.labels, " "));
    }
    return value;
}

json to_json(const PlanPoint& point) {
    json parameters = json::array();
    for (const auto& [path, value] : point.parameters) {
        parameters.push_back(json::array({path, value}));
    }
    return {{"id", point.id},
            {"canonical_json", point.canonical_json},
            {"network_hash", point.network_hash},
            {"technology", point.technology},
            {"parameters", parameters}};
}

PlanPoint point_from_json(const json& value) {
    PlanPoint point;
    value.at("id").get_to(point.id);
    value.at("canonical_json").get_to(point.canonical_json);
    value.at("network_hash").get_to(point.network_hash);
    point.technology = value.value("technology", std::string());  // older plans have none
    for (const json& parameter : value.at("parameters")) {
        point.parameters.emplace_back(parameter.at(0).get<std::string>(), parameter.at(1));
    }
    point.derived = text_of(value.at("derived"), -1);
    return point;
}

// Puts the texts of all points into the text of a head whose "points" are an empty array. Quotes
// within strings are escaped, so the mark is found nowhere else.
void splice(const std::string& head, const PlanRecord& plan, const char* separator,
            const std::function<std::string(const PlanPoint&)>& text,
            const std::function<void(std::string_view)>& write) {
    std::size_t mark = head.find("\"points\":");
    ACIM_EXPECT(mark != std::string::npos);
    mark = head.find('[', mark) + 1;
    write(std::string_view(head).substr(0, mark));
    for (std::size_t i = 0; i < plan.points.size(); ++i) {
        if (i > 0) {
            write(",");
        }
        write(separator);
        write(text(plan.points[i]));
    }
    write(std::string_view(head).substr(mark));
}

// Counts that no plan of this program has would exhaust the machine.
void check_counts(const json& head, std::size_t points, const std::string& place) {
    constexpr double most_units = 1e8;
    double units = static_cast<double>(points);
    const auto count_of = [&](const char* key, std::int64_t count) {
        if (count < 1 || count > 0xFFFFFFFFLL) {
            throw damaged(place, fmt::format("{} is {}", key, count));
        }
        return count;
    };
    count_of("positions", head.value("positions", std::int64_t{1}));
    for (const char* key : {"chips", "repeats", "images", "block_images"}) {
        const auto count = count_of(key, head.at(key).get<std::int64_t>());
        units *= std::string_view(key) == "block_images" ? 1.0 / static_cast<double>(count)
                                                         : static_cast<double>(count);
    }
    if (units > most_units) {
        throw damaged(place, fmt::format("{:.3g} units of work", units));
    }
}

// Numbers with a space between them, one an item.
std::vector<std::uint16_t> read_labels(const std::string& text, std::uint64_t items,
                                       const std::string& place) {
    std::vector<std::uint16_t> labels;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        std::uint16_t label = 0;
        const auto [stop, error] = std::from_chars(at, end, label);
        if (error != std::errc() || (stop < end && *stop != ' ')) {
            throw damaged(place, fmt::format("label {} is no class", labels.size()));
        }
        labels.push_back(label);
        at = stop + 1;
    }
    if (labels.size() != items) {
        throw damaged(place, fmt::format("{} labels of {} items", labels.size(), items));
    }
    return labels;
}

void check_version(const json& head, const std::string& place) {
    if (head.at("schema_name") != "acimsweep-plan" || head.at("schema_version") != plan_version) {
        throw InputError(fmt::format(
            "{}: a plan of version {} of {} (this program reads version {}). Use the program "
            "that wrote it or another directory",
            place, text_of(head.at("schema_version"), -1), text_of(head.at("schema_name"), -1),
            plan_version));
    }
}

void read_head(const json& value, PlanRecord& plan) {
    value.at("sweep_name").get_to(plan.sweep_name);
    value.at("sweep_text").get_to(plan.sweep_text);
    value.at("seed").get_to(plan.seed);
    value.at("chips").get_to(plan.chips);
    value.at("repeats").get_to(plan.repeats);
    value.at("images").get_to(plan.images);
    plan.positions = value.value("positions", std::uint32_t{1});
    value.at("block_images").get_to(plan.block_images);
    value.at("model_version").get_to(plan.model_version);
    value.at("data_hash").get_to(plan.data_hash);
    value.at("code_version").get_to(plan.code_version);
    value.at("baselines").get_to(plan.baselines);
    value.at("networks").get_to(plan.networks);
    value.at("parameter_units").get_to(plan.parameter_units);
    plan.technologies = value.value("technologies", plan.technologies);
}

StopRule read_stop_rule(const json& value, const std::string& place) {
    const auto half_width = value.at("half_width").get<double>();
    const json& first = value.at("first_chips");
    if (!(half_width > 0.0 && half_width < 1.0) || !first.is_number_unsigned() ||
        first.get<std::uint64_t>() < 2 || first.get<std::uint64_t>() > 0xFFFFFFFFU) {
        throw damaged(place,
                      fmt::format("stop at {} from {} chips", half_width, text_of(first, -1)));
    }
    return {half_width, first.get<std::uint32_t>()};
}

// The tree of everything but the points, which are taken as they come and dropped.
json parse(const std::string& text, std::vector<PlanPoint>& points) {
    std::string key;
    return json::parse(text, [&](int depth, json::parse_event_t event, json& value) {
        if (depth == 1 && event == json::parse_event_t::key) {
            key = value.get<std::string>();
        }
        if (depth != 2 || event != json::parse_event_t::object_end || key != "points") {
            return true;
        }
        points.push_back(point_from_json(value));
        return false;
    });
}

}  // namespace

std::string plan_to_json(const PlanRecord& plan) {
    json value = head(plan);
    value["points"] = json::array();
    std::string out;
    splice(
        text_of(value, 2), plan, "\n    ",
        [](const PlanPoint& point) {
            std::string line = text_of(to_json(point), -1);
            line.pop_back();
            return line + ",\"derived\":" + point.derived + "}";
        },
        [&out](std::string_view part) { out += part; });
    return out + "\n";
}

std::string plan_head_to_json(const PlanRecord& plan) {
    json value = head(plan);
    value.erase("labels");  // results.h5 has them as numbers
    return text_of(value, 2) + "\n";
}

PlanRecord plan_from_json(const std::string& text, const std::string& place) {
    try {
        PlanRecord plan;
        const json value = parse(text, plan.points);
        check_version(value, place);
        read_head(value, plan);
        value.at("points");
        check_counts(value, plan.points.size(), place);
        if (value.contains("stop")) {
            plan.stop = read_stop_rule(value.at("stop"), place);
        }
        if (value.contains("labels")) {
            plan.labels = read_labels(value.at("labels").get_ref<const std::string&>(),
                                      items_of(plan, plan.images), place);
        }
        return plan;
    } catch (const json::exception& error) {
        throw damaged(place, error.what());
    }
}

std::string plan_sha256(const PlanRecord& plan) {
    json value = head(plan);
    for (const char* key : {"sweep_text", "code_version", "baselines"}) {
        value.erase(key);
    }
    value["points"] = json::array();
    Sha256 hash;
    splice(
        text_of(value, -1), plan, "", [](const PlanPoint& p) { return text_of(to_json(p), -1); },
        [&hash](std::string_view part) { hash.update(part); });
    return hash.hex();
}

}  // namespace acim
