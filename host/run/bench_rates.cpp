// SPDX-License-Identifier: Apache-2.0
#include "host/run/bench_rates.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim {
namespace {

using nlohmann::json;

constexpr const char* every_other_path = "table";

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& problem) {
    throw InputError(fmt::format("{}: {}. Give a file that `acimsweep bench --json FILE` wrote",
                                 file.string(), problem));
}

json parse(const std::filesystem::path& file) {
    constexpr std::uintmax_t largest = 16 << 20;
    std::error_code error;
    if (std::filesystem::file_size(file, error) > largest && !error)
        fail(file, "larger than 16 MiB");
    const std::vector<std::byte> bytes = read_whole_file(file);
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    json value = json::parse(text, text + bytes.size(), nullptr, false);
    if (!value.is_object() || value.value("schema", json()) != "acimsweep-bench" ||
        value.value("version", json()) != 1)
        fail(file, "no figures of `acimsweep bench` of version 1");
    return value;
}

void add_case(BenchRates& rates, const std::filesystem::path& file, const json& one) {
    const double rate = one.at("engine").at("conversions_per_second").get<double>();
    const std::string path = one.at("path").get<std::string>();
    if (!std::isfinite(rate) || rate <= 0.0)
        fail(file, fmt::format("case '{}' has {} conversions/s", one.at("name").get<std::string>(),
                               rate));
    const auto [known, fresh] = rates.path.try_emplace(path, rate);
    if (!fresh) known->second = std::min(known->second, rate);
}

double rate_of(const BenchRates& rates, const std::string& path) {
    const auto found = rates.path.find(path);
    return found != rates.path.end() ? found->second : rates.path.at(every_other_path);
}

}  // namespace

BenchRates read_bench_rates(const std::filesystem::path& file) {
    const json value = parse(file);
    BenchRates rates;
    try {
        value.at("engine").get_to(rates.engine);
        value.at("machine").get_to(rates.machine);
        value.at("date").get_to(rates.date);
        if (!value.at("engine").get<std::string>().starts_with("cpu"))
            rates.devices = value.at("devices").size();
        for (const json& one : value.at("cases")) add_case(rates, file, one);
    } catch (const json::exception& error) {
        fail(file, std::string("damaged (") + error.what() + ")");
    }
    if (!rates.path.contains(every_other_path)) fail(file, "no case on path 'table'");
    return rates;
}

Estimate estimate(const SweepPlan& plan, const BenchRates& rates) {
    Estimate out;
    const PlanRecord& record = plan.record;
    const double passes = static_cast<double>(record.chips) * record.repeats * record.images;
    for (const PointFacts& facts : plan.facts)
        for (const LayerFacts& layer : facts.layers) {
            if (layer.conversions == 0) continue;
            const double conversions = static_cast<double>(layer.conversions) * passes;
            out.conversions += conversions;
            out.seconds += conversions / rate_of(rates, layer.path);
        }
    out.measured_rate = out.seconds > 0.0 ? out.conversions / out.seconds : 0.0;
    out.disk = disk_estimate(plan);
    return out;
}

}  // namespace acim
