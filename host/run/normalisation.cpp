// SPDX-License-Identifier: Apache-2.0
#include "host/run/normalisation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "host/core/error.hpp"
#include "host/sweep/keys.hpp"

namespace acim {
namespace {

// Numbers separated by commas, with brackets around them or not; none where the text is no such list.
std::vector<double> parse_list(std::string_view text) {
    const auto trim = [](std::string_view part) {
        const std::size_t first = part.find_first_not_of(" \t\n");
        if (first == std::string_view::npos) return std::string_view();
        return part.substr(first, part.find_last_not_of(" \t\n") - first + 1);
    };
    text = trim(text);
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    std::vector<double> values;
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        more = comma != std::string_view::npos;
        const std::string_view part = trim(text.substr(0, comma));
        double value = 0.0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (error != std::errc() || end != part.data() + part.size()) return {};
        values.push_back(value);
        if (more) text.remove_prefix(comma + 1);
    }
    return values;
}

// The values of one property, held to the range of the key that they stand for; none: not there.
std::vector<float> property(const Metadata& metadata, const SweepSpec& spec,
                            const std::string& name) {
    const auto found = metadata.find("acimsweep." + name);
    if (found == metadata.end()) return {};
    const KeyInfo& key = *find_key("workload.data." + name, in_sweep);
    const std::vector<double> values = parse_list(found->second);
    const bool valid = !values.empty() && values.size() <= 4096 &&
                       (key.type == KeyType::numbers || values.size() == 1) &&
                       std::all_of(values.begin(), values.end(), [&](double value) {
                           return value >= key.low && value <= key.high;
                       });
    if (!valid)
        throw InputError(fmt::format(
            "{}: metadata property '{}' is '{}', but must be {}. Write it again, or set {} in the "
            "sweep",
            spec.workload.network, found->first, found->second.substr(0, 80), expectation(key),
            key.path));
    return {values.begin(), values.end()};
}

bool written(const SweepSpec& spec, const std::string& name, const std::string& group = "data") {
    return spec.places.contains("workload." + group + "." + name);
}

std::string_view source(const Metadata& metadata, const SweepSpec& spec, const std::string& name) {
    if (written(spec, name)) return " (sweep)";
    return metadata.contains("acimsweep." + name) ? " (network)" : "";
}

}  // namespace

WorkloadSpec with_network_normalisation(const SweepSpec& spec, const Metadata& metadata) {
    WorkloadSpec workload = spec.workload;
    std::vector<DataSpec*> sets = {&workload.data};
    if (workload.calibration) sets.push_back(&*workload.calibration);
    for (const std::string name : {"scale", "mean", "std"}) {
        if (written(spec, name)) continue;
        const std::vector<float> values = property(metadata, spec, name);
        if (values.empty()) continue;
        for (DataSpec* data : sets) {
            if (data != sets.front() && written(spec, name, "calibration")) continue;
            if (name == "scale")
                data->scale = values.front();
            else
                (name == "mean" ? data->mean : data->std) = values;
        }
    }
    return workload;
}

std::string normalisation_text(const SweepSpec& spec, const Metadata& metadata,
                               const DataSpec& data) {
    std::string text = fmt::format("scale {}{}", data.scale, source(metadata, spec, "scale"));
    for (const std::string name : {"mean", "std"}) {
        const std::vector<float>& values = name == "mean" ? data.mean : data.std;
        text += ", " + name + " ";
        text += values.empty() ? "off" : fmt::format("[{}]", fmt::join(values, ", "));
        text += source(metadata, spec, name);
    }
    return text;
}

}  // namespace acim
