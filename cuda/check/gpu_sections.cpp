// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/gpu_sections.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>
#include <utility>

#include "cuda/check/bench_cases.hpp"
#include "cuda/check/device_pins.hpp"
#include "cuda/check/json_text.hpp"
#include "cuda/check/parity.hpp"
#include "cuda/check/roofline.hpp"
#include "cuda/trial/reference_engine.hpp"

namespace acim {
namespace {

// A sum over cases that differ, and the first texts of them.
struct ParityCount {
    std::size_t cases = 0;
    std::uint64_t compared = 0, different = 0;
    std::vector<std::string> failures;

    void add(const ParityDifference& d) {
        ++cases;
        compared += d.compared;
        different += d.bytes;
        if (d.any()) failures.push_back(d.first);
    }
    std::string json() const {
        return json::Object()
            .add("cases", cases)
            .add("compared_bytes", compared)
            .add("different_bytes", different)
            .add("failures", failures)
            .text();
    }
};

// An engine whose options must not show in its results.
struct EngineVariant {
    const char* name;
    CudaEngineOptions options;
    std::size_t every;  // n-th case is run
};

std::vector<EngineVariant> engine_variants(const GpuCheckOptions& options) {
    CudaEngineOptions plain, cut;
    plain.devices = cut.devices = options.devices;
    cut.batch_images = 2;
    cut.allow_cublas = false;
    return {{"as users run it", plain, options.quick ? 9u : 1u},
            {"batches of 2 images, no cuBLAS", cut, options.quick ? 29u : 5u}};
}

// Names the case under way in a file, for whoever looks where the program does not come back.
void note_progress(const GpuCheckOptions& options, const std::string& what) {
    if (options.progress.empty()) return;
    std::ofstream(options.progress) << what << '\n';
}

// A device that the engine had to do without is a failure here, however right the results are.
std::vector<std::string> devices_lost(TrialEngine& engine) {
    std::vector<std::string> warnings = engine.warnings();
    for (const std::string& warning : warnings) std::printf("  WARNING: %s\n", warning.c_str());
    return warnings;
}

std::string rate_json(const RateResult& r) {
    return json::Object()
        .add("name", r.name)
        .add("unit", r.unit)
        .add("rounds", r.rounds)
        .add("least", r.least())
        .add("median", r.median())
        .add("most", r.most())
        .add("per_cycle_and_processor", r.cycle_median())
        .text();
}

std::string rates_json(const std::vector<RateResult>& rates) {
    std::vector<std::string> out;
    for (const RateResult& r : rates) {
        std::printf("  %-38s %10.4g / %10.4g / %10.4g %s", r.name.c_str(), r.least(), r.median(),
                    r.most(), r.unit.c_str());
        if (r.cycle_median() > 0.0)
            std::printf(", %.2f per cycle and multiprocessor", r.cycle_median());
        std::printf("\n");
        out.push_back(rate_json(r));
    }
    return json::lines(out);
}

// Of the devices that a run of gpu_check uses.
std::vector<CudaDevice> chosen_devices(const GpuCheckOptions& options) {
    std::vector<CudaDevice> devices = cuda_status().devices;
    if (!options.devices.empty())
        std::erase_if(devices, [&](const CudaDevice& d) {
            return std::ranges::find(options.devices, d.index) == options.devices.end();
        });
    return devices;
}

// Prints the least bound and how much of it was reached; "null" where none is known.
std::string bounds_json(const char* what, const std::vector<Bound>& bounds, double measured) {
    const auto first = least(bounds);
    if (!first) return "null";
    std::printf(", %.0f %% of %s (%s)", 100 * measured / first->rate, what, first->name.c_str());
    json::Object rates;
    for (const Bound& bound : bounds) rates.add(bound.name, bound.rate);
    return rates.text();
}

double middle(std::vector<double> values) {
    std::ranges::sort(values);
    return values.empty() ? 0.0 : values[values.size() / 2];
}

std::vector<BenchCase> chosen_cases(const GpuCheckOptions& options) {
    std::vector<BenchCase> cases = bench_cases(options.images);
    std::erase_if(cases, [&](const BenchCase& c) {
        return (options.quick && c.name.rfind("conv256", 0) != 0) ||
               c.name.find(options.match) == std::string::npos;
    });
    return cases;
}

// One case, its rates in rounds.
std::string speed_json(const BenchCase& bench, std::uint32_t images,
                       const std::vector<double>& rates, const std::vector<CudaDevice>& devices) {
    const auto [lowest, most] = std::ranges::minmax(rates);
    const double median = middle(rates);
    std::printf("  %-18s %10.4g / %10.4g / %10.4g   %s", bench.name.c_str(), lowest, median, most,
                bench.title.c_str());
    const CaseBounds bounds = case_bounds(bench, devices);
    const std::string device = bounds_json("the device", bounds.device, median);
    const std::string loop = bounds_json("the hot loop", bounds.loop, median);
    std::printf("\n");
    return json::Object()
        .add("case", bench.name)
        .add("title", bench.title)
        .add("images", images)
        .add("conversions_per_image", bench.conversions_per_image)
        .add("rounds", rates)
        .add("least", lowest)
        .add("median", median)
        .add("most", most)
        .add_json("device_bounds", device)
        .add_json("loop_bounds", loop)
        .text();
}

}  // namespace

SectionReport describe_devices(const CudaStatus& status) {
    std::vector<std::string> devices;
    for (const CudaDevice& d : status.devices) {
        std::printf(
            "device %d: %s, compute capability %d.%d, %d multiprocessors, %.0f MHz, %.1f GiB\n",
            d.index, d.name.c_str(), d.major, d.minor, d.processors, d.clock / 1e6,
            static_cast<double>(d.memory) / (1 << 30));
        devices.push_back(json::Object()
                              .add("index", d.index)
                              .add("name", d.name)
                              .add("capability", 10 * d.major + d.minor)
                              .add("processors", d.processors)
                              .add("clock", d.clock)
                              .add("memory", d.memory)
                              .add("shared_memory", d.shared_memory)
                              .text());
    }
    std::printf("runtime %s, driver %s, integer products by %s\n", status.runtime.c_str(),
                status.driver.c_str(), status.product_library.c_str());
    return {json::Object()
                .add("runtime", status.runtime)
                .add("driver", status.driver)
                .add("product_library", status.product_library)
                .add_json("devices", json::lines(devices))
                .text(),
            false};
}

SectionReport check_pins(const GpuCheckOptions& options) {
    use_device(options.devices.empty() ? 0 : options.devices.front());
    std::vector<PinResult> pins = philox_pins();
    for (const PinResult& p : arithmetic_pins()) pins.push_back(p);
    SectionReport report;
    std::vector<std::string> items;
    std::printf("pins:\n");
    for (const PinResult& p : pins) {
        std::printf("  %-30s against %-7s %9llu values, %llu different%s\n", p.name.c_str(),
                    p.against.c_str(), static_cast<unsigned long long>(p.compared),
                    static_cast<unsigned long long>(p.different),
                    p.skipped ? " (skipped: its header is not here)" : "");
        report.failed |= p.different != 0;
        items.push_back(json::Object()
                            .add("name", p.name)
                            .add("against", p.against)
                            .add("compared", p.compared)
                            .add("different", p.different)
                            .add("skipped", p.skipped)
                            .text());
    }
    const int rounds = options.quick ? 1 : 7;
    std::printf("rates, least / median / most of %d rounds:\n", rounds);
    const std::string generators = rates_json(philox_rates(rounds));
    const std::string pipes = rates_json(pipe_rates(rounds));
    report.json = json::Object()
                      .add_json("equal", json::lines(items))
                      .add_json("generators", generators)
                      .add_json("pipes", pipes)
                      .text();
    return report;
}

SectionReport check_parity(const GpuCheckOptions& options) {
    const std::vector<ParityCase> cases = parity_cases();
    const auto reference = make_reference_engine();
    json::Object all;
    SectionReport report;
    std::map<std::size_t, std::vector<TrialResult>> expected;  // by case
    bool lost = false;
    for (const EngineVariant& variant : engine_variants(options)) {
        const auto engine = make_cuda_engine(variant.options);
        ParityCount count;
        const std::size_t every = options.match.empty() ? variant.every : 1;
        for (std::size_t i = 0; i < cases.size() && !lost; i += every) {
            if (cases[i].name.find(options.match) == std::string::npos) continue;
            note_progress(options, std::string(variant.name) + ": " + cases[i].name);
            if (!expected.contains(i)) expected[i] = run_case(*reference, cases[i]);
            const ParityDifference d = compare_with(cases[i], expected[i], *engine);
            count.add(d);
            if (d.any()) std::printf("  DIFFERENT: %s\n", d.first.c_str());
            lost = d.engine_lost;
        }
        if (!lost)
            for (std::string& warning : devices_lost(*engine))
                count.failures.push_back(std::move(warning));
        std::printf("parity, %s: %zu cases, %llu bytes compared, %llu different%s\n", variant.name,
                    count.cases, static_cast<unsigned long long>(count.compared),
                    static_cast<unsigned long long>(count.different),
                    lost ? "; the device is lost, the rest is left out" : "");
        report.failed |= !count.failures.empty();
        all.add_json(variant.name, count.json());
        if (lost) break;  // a context that has failed takes nothing more in this process
    }
    report.json = all.text();
    return report;
}

SectionReport check_speed(const GpuCheckOptions& options) {
    CudaEngineOptions engine_options;
    engine_options.devices = options.devices;
    const auto engine = make_cuda_engine(engine_options);
    const std::vector<BenchCase> cases = chosen_cases(options);
    std::vector<std::vector<double>> rates(cases.size());
    const double seconds = options.quick ? 0.1 : options.seconds;
    std::string failure;
    try {
        for (int round = 0; round < (options.quick ? 1 : options.rounds); ++round)
            for (std::size_t i = 0; i < cases.size(); ++i) {
                note_progress(options, "speed: " + cases[i].name);
                rates[i].push_back(measure(*engine, cases[i], seconds, options.images, 1)
                                       .conversions_per_second());
            }
    } catch (const EngineFailure& error) {  // what was measured stays
        std::printf("  STOPPED: %s\n", error.what());
        failure = error.what();
    }
    std::printf("speed on %s, conversions per second, least / median / most:\n",
                engine->name().c_str());
    const std::vector<CudaDevice> devices = chosen_devices(options);
    std::vector<std::string> items;
    for (std::size_t i = 0; i < cases.size(); ++i)
        if (!rates[i].empty())
            items.push_back(speed_json(cases[i], options.images, rates[i], devices));
    return {json::lines(items), !failure.empty() || !devices_lost(*engine).empty()};
}

}  // namespace acim
