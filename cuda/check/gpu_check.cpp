// SPDX-License-Identifier: Apache-2.0
// gpu_check: what a machine with a CUDA device has to show before its results and its speed count.
//   gpu_check [--quick] [--json FILE] [--only pins|parity|speed] [--match TEXT] [--devices 0,1]
//             [--seconds S] [--rounds N] [--images N] [--progress FILE]
// --match leaves the cases whose names hold the text. The file of --progress names the case under
// way: what to look at where the program does not come back.
// Ends with 0 if everything is equal, 1 if not, 2 for a wrong command line, 77 without a device.
#include <charconv>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "cuda/check/gpu_sections.hpp"
#include "cuda/check/json_text.hpp"

namespace acim {
namespace {

constexpr int no_device = 77;

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class T>
T parse_number(std::string_view option, std::string_view text, T least) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least)
        throw UsageError(std::string(option) + " '" + std::string(text) + "' is no number of " +
                         std::to_string(least) + " or more");
    return value;
}

std::vector<int> parse_devices(std::string_view text) {
    std::vector<int> out;
    while (true) {
        const std::size_t comma = text.find(',');
        out.push_back(parse_number("--devices", text.substr(0, comma), 0));
        if (comma == std::string_view::npos) return out;
        text.remove_prefix(comma + 1);
    }
}

void choose_section(GpuCheckOptions& options, std::string_view name) {
    options.pins = name == "pins";
    options.parity = name == "parity";
    options.speed = name == "speed";
    if (!options.pins && !options.parity && !options.speed)
        throw UsageError("--only '" + std::string(name) + "' is not pins, parity or speed");
}

GpuCheckOptions parse(const std::vector<std::string_view>& arguments) {
    GpuCheckOptions options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view option = arguments[i];
        if (option == "--quick") {
            options.quick = true;
            continue;
        }
        if (i + 1 == arguments.size())
            throw UsageError("'" + std::string(option) + "' is unknown or lacks its value");
        const std::string_view value = arguments[++i];
        if (option == "--json")
            options.json = value;
        else if (option == "--progress")
            options.progress = value;
        else if (option == "--match")
            options.match = value;
        else if (option == "--only")
            choose_section(options, value);
        else if (option == "--devices")
            options.devices = parse_devices(value);
        else if (option == "--seconds")
            options.seconds = parse_number(option, value, 0.01);
        else if (option == "--rounds")
            options.rounds = parse_number(option, value, 1);
        else if (option == "--images")
            options.images = parse_number(option, value, 1u);
        else
            throw UsageError("'" + std::string(option) + "' is no option");
    }
    return options;
}

// A section that does not come through leaves the others and the report.
SectionReport guarded(SectionReport (*section)(const GpuCheckOptions&),
                      const GpuCheckOptions& options) {
    try {
        return section(options);
    } catch (const std::exception& error) {
        std::printf("  STOPPED: %s\n", error.what());
        return {json::Object().add("error", std::string(error.what())).text(), true};
    }
}

int run(const GpuCheckOptions& options) {
    const CudaStatus status = cuda_status();
    if (status.devices.empty()) {
        std::fprintf(stderr, "gpu_check: %s\n", status.missing.c_str());
        return no_device;
    }
    json::Object report;
    bool failed = false;
    const auto add = [&](const char* name, const SectionReport& section) {
        report.add_json(name, section.json);
        failed |= section.failed;
    };
    add("platform", describe_devices(status));
    if (options.pins) add("pins", guarded(check_pins, options));
    if (options.parity) add("parity", guarded(check_parity, options));
    if (options.speed) add("speed", guarded(check_speed, options));
    report.add("failed", failed);
    if (!options.json.empty()) {
        std::ofstream file(options.json);
        file << report.text() << '\n';
        if (!file.flush()) throw std::runtime_error(options.json + ": cannot be written");
    }
    std::printf(failed ? "FAILED\n" : "passed\n");
    return failed ? 1 : 0;
}

}  // namespace
}  // namespace acim

int main(int count, char** arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // lines appear as they come, also in a pipe
    try {
        return acim::run(acim::parse({arguments + 1, arguments + count}));
    } catch (const acim::UsageError& error) {
        std::fprintf(stderr, "gpu_check: %s\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gpu_check: %s\n", error.what());
        return 1;
    }
}
