// SPDX-License-Identifier: Apache-2.0
// acimsweep on emulated GPUs. The machine is described by environment variables:
//   ACIM_EMULATED_DEVICES        number of devices, 0 to 8; default 1
//   ACIM_EMULATED_MEMORY_MIB     memory of each; default 256
//   ACIM_EMULATED_FAIL_LAUNCH    DEVICE:LAUNCH, more after commas: that launch on that device fails,
//                                and with it everything that comes after
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "host/cli/command_line.hpp"
#include "tests/cuda_emulation/emulation.hpp"

namespace acim {
namespace {

[[noreturn]] void refuse(const char* variable, std::string_view text) {
    std::fprintf(stderr, "%s: '%.*s' is not what it should be\n", variable,
                 static_cast<int>(text.size()), text.data());
    std::exit(99);
}

std::string_view variable(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? "" : text;
}

std::uint64_t number(const char* name, std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) refuse(name, text);
    return value;
}

void set_machine() {
    constexpr const char* count = "ACIM_EMULATED_DEVICES";
    constexpr const char* memory = "ACIM_EMULATED_MEMORY_MIB";
    emulation::DeviceModel device;
    if (const auto text = variable(memory); !text.empty())
        device.memory = static_cast<std::size_t>(number(memory, text)) << 20;
    const auto text = variable(count);
    const std::uint64_t devices = text.empty() ? 1 : number(count, text);
    emulation::set_devices(std::vector(devices, device));
}

void arm_faults() {
    constexpr const char* name = "ACIM_EMULATED_FAIL_LAUNCH";
    for (std::string_view text = variable(name); !text.empty();) {
        const std::string_view one = text.substr(0, text.find(','));
        const std::size_t colon = one.find(':');
        if (colon == std::string_view::npos) refuse(name, one);
        emulation::LaunchFault fault;
        fault.device = static_cast<int>(number(name, one.substr(0, colon)));
        fault.launch = number(name, one.substr(colon + 1));
        fault.sticky = true;
        emulation::fail_launch(fault);
        text.remove_prefix(one.size() == text.size() ? one.size() : one.size() + 1);
    }
}

}  // namespace
}  // namespace acim

int main(int argc, char** argv) {
    std::signal(SIGXFSZ, SIG_IGN);  // as host/cli/main.cpp
    acim::set_machine();
    acim::arm_faults();
    return acim::run_command_line(argc, argv);
}
