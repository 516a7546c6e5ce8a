// SPDX-License-Identifier: Apache-2.0
#include "host/run/engine_bench.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "cuda/engine/cuda_engine.hpp"
#include "host/core/allotment.hpp"
#include "host/core/error.hpp"
#include "host/core/here_and_now.hpp"
#include "host/core/version.hpp"
#include "host/run/point_facts.hpp"
#include "host/run/progress.hpp"

namespace acim {
namespace {

// "AMD EPYC 9B14", as Linux calls the first processor.
std::string processor_name() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("model name"))
            if (const auto at = line.find(": "); at != std::string::npos)
                return line.substr(at + 2);
    return "unknown processor";
}

double load_average() {
    double load = 0.0;
    return getloadavg(&load, 1) == 1 ? load : -1.0;
}

nlohmann::json figure_json(const BenchFigure& f) {
    return {{"seconds", f.seconds},
            {"trials", f.trials},
            {"images", f.images},
            {"conversions_per_second", f.conversions_per_second()},
            {"trials_per_second", f.trials_per_second()},
            {"images_per_second", f.images_per_second()}};
}

nlohmann::json devices_json() {
    nlohmann::json devices = nlohmann::json::array();
    for (const CudaDevice& d : cuda_status().devices)
        devices.push_back({{"name", d.name},
                           {"compute_capability", fmt::format("{}.{}", d.major, d.minor)},
                           {"processors", d.processors},
                           {"clock", d.clock},
                           {"memory", d.memory}});
    return devices;
}

// Null where nothing is known.
nlohmann::json bounds_json(const EngineBench::Row& row, const std::vector<Bound>& bounds) {
    const auto first = least(bounds);
    if (!first) return nullptr;
    nlohmann::json rates;
    for (const Bound& bound : bounds) rates[bound.name] = bound.rate;
    return {{"conversions_per_second", std::move(rates)},
            {"least", first->name},
            {"fraction", row.fraction(*first)}};
}

// "H200, 132 processors at 1.98 GHz"
std::string device_text(const CudaDevice& d) {
    return fmt::format("{}, {} processors at {}Hz", d.name, d.processors,
                       Progress::with_prefix(d.clock));
}

// The least bound, its name and how much of it was reached.
std::string bound_text(const EngineBench::Row& row, const std::vector<Bound>& bounds) {
    const auto first = least(bounds);
    if (!first) return fmt::format(" {:>12} {:<11} {:>6}", "-", "-", "-");
    return fmt::format(" {:>12} {:<11} {:>5.1f}%", Progress::with_prefix(first->rate), first->name,
                       100.0 * row.fraction(*first));
}

std::string bounds_table(const EngineBench& bench) {
    std::string text = "\n\nbounds";
    for (const CudaDevice& device : bench.devices)
        text += (&device == &bench.devices.front() ? " of " : "; ") + device_text(device);
    text += fmt::format("\n{:<18} {:>14} {:>12} {:<11} {:>6} {:>12} {:<11} {:>6} {}", "case",
                        "conversions/s", "device", "by", "", "hot loop", "by", "", "kernel");
    for (const EngineBench::Row& row : bench.rows)
        text += fmt::format("\n{:<18} {:>14}{}{} {}", row.bench.name,
                            Progress::with_prefix(row.figure.conversions_per_second()),
                            bound_text(row, row.bounds.device), bound_text(row, row.bounds.loop),
                            row.bounds.kernel.empty() ? "-" : row.bounds.kernel);
    return text;
}

std::vector<BenchCase> chosen_cases(const EngineBenchOptions& options) {
    std::vector<BenchCase> cases = bench_cases(options.images);
    std::string names;
    for (const BenchCase& one : cases) names += (names.empty() ? "" : ", ") + one.name;
    std::erase_if(cases, [&](const BenchCase& one) { return !one.name.starts_with(options.only); });
    if (cases.empty())
        throw InputError("--only " + options.only + ": no case begins so. Cases: " + names);
    return cases;
}

}  // namespace

double EngineBench::Row::ratio() const {
    const double below = cpu ? cpu->conversions_per_second() : 0.0;
    return below > 0.0 ? figure.conversions_per_second() / below : 0.0;
}

double EngineBench::Row::fraction(const Bound& bound) const {
    return bound.rate > 0.0 ? figure.conversions_per_second() / bound.rate : 0.0;
}

EngineBench bench_engine(const EngineBenchOptions& options,
                         const std::function<void(const std::string& name, std::size_t done,
                                                  std::size_t all)>& progress) {
    const std::vector<BenchCase> cases = chosen_cases(options);
    EngineBench bench;
    bench.options = options;
    bench.load = load_average();
    bench.date = utc_now();
    bench.machine = fmt::format("{}, {} cores", processor_name(), usable_cores());
    const EngineChoice choice = available_engine(options.engine);
    const auto engine = make_engine(choice, options.threads);
    const auto cpu =
        choice == EngineChoice::cpu ? nullptr : make_engine(EngineChoice::cpu, options.threads);
    bench.engine = engine->name();
    if (cpu) bench.cpu_engine = cpu->name();
    if (choice == EngineChoice::cuda) bench.devices = cuda_status().devices;
    const auto figure = [&](TrialEngine& on, const BenchCase& of) {
        return measure(on, of, options.seconds, options.images, 1);
    };
    for (const BenchCase& one : cases) {
        progress(one.name, bench.rows.size(), cases.size());
        EngineBench::Row row{one, figure(*engine, one), std::nullopt};
        if (cpu) row.cpu = figure(*cpu, one);
        row.bounds = case_bounds(one, bench.devices);
        bench.rows.push_back(row);
    }
    bench.warnings = engine->warnings();
    return bench;
}

std::string bench_table(const EngineBench& bench) {
    std::string text =
        fmt::format("acimsweep {}, {}\n{}", code_version(), bench.date, bench.machine);
    if (bench.load >= 0.0)
        text += fmt::format(", load average {:.2f} before the start", bench.load);
    text += fmt::format("\nengine: {}\n", bench.engine);
    if (!bench.cpu_engine.empty()) text += fmt::format("beside: {}\n", bench.cpu_engine);
    text +=
        fmt::format("a trial is {} images; on path product conversions are those it stands for\n\n",
                    bench.options.images);
    text += fmt::format("{:<18} {:>8} {:>14} {:>11} {:>11}", "case", "path", "conversions/s",
                        "trials/s", "images/s");
    if (!bench.cpu_engine.empty()) text += fmt::format(" {:>14} {:>7}", "on the CPU", "ratio");
    for (const EngineBench::Row& row : bench.rows) {
        text += fmt::format("\n{:<18} {:>8} {:>14} {:>11.4g} {:>11.4g}", row.bench.name,
                            path_name(row.bench.path),
                            Progress::with_prefix(row.figure.conversions_per_second()),
                            row.figure.trials_per_second(), row.figure.images_per_second());
        if (row.cpu)
            text +=
                fmt::format(" {:>14} {:>7.3g}",
                            Progress::with_prefix(row.cpu->conversions_per_second()), row.ratio());
    }
    if (!bench.devices.empty()) text += bounds_table(bench);
    text += "\n\n";
    // What stands behind the names; the point's half is the same for all networks.
    for (const EngineBench::Row& row : bench.rows)
        text += fmt::format("{:<18} {}\n", row.bench.name, row.bench.title);
    return text;
}

nlohmann::json bench_json(const EngineBench& bench) {
    nlohmann::json cases = nlohmann::json::array();
    for (const EngineBench::Row& row : bench.rows) {
        nlohmann::json one{{"name", row.bench.name},
                           {"title", row.bench.title},
                           {"path", path_name(row.bench.path)},
                           {"conversions_per_image", row.bench.conversions_per_image},
                           {"engine", figure_json(row.figure)}};
        if (row.cpu) {
            one["cpu"] = figure_json(*row.cpu);
            one["ratio"] = row.ratio();
        }
        if (!bench.devices.empty()) {
            one["device_bounds"] = bounds_json(row, row.bounds.device);
            one["loop_bounds"] = bounds_json(row, row.bounds.loop);
            if (!row.bounds.kernel.empty()) one["kernel"] = row.bounds.kernel;
        }
        cases.push_back(std::move(one));
    }
    nlohmann::json json{{"schema", "acimsweep-bench"},
                        {"version", 1},
                        {"code_version", code_version()},
                        {"model_version", model_version},
                        {"date", bench.date},
                        {"machine", bench.machine},
                        {"load_average", bench.load},
                        {"engine", bench.engine},
                        {"devices", devices_json()},
                        {"seconds", bench.options.seconds},
                        {"images_per_trial", bench.options.images},
                        {"cases", std::move(cases)}};
    if (!bench.cpu_engine.empty()) json["cpu_engine"] = bench.cpu_engine;
    return json;
}

}  // namespace acim
