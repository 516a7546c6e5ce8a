// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/roofline.hpp"

#include <algorithm>
#include <utility>

#include "cuda/check/kernel_counts.hpp"

namespace acim {
namespace {

constexpr double warp = 32;
// Words that 32 lanes read at random from 32 banks take this many turns: the mean of the fullest
// bank, by simulation (tests/check/roofline_test.cpp).
constexpr double gather_turns = 3.53;

// Integer instructions of a conversion that no kernel saves. A Philox call serves eight of them; of
// its 20 wide products and 20 XORs those of constant counter words can be kept for long, which
// leaves 16 of each. Comparing and adding up take two conversions at a time at best.
constexpr double philox_products = 16.0 / 8, philox_logic = 16.0 / 8, decide_and_add = 2 * 0.5;

// The noise of a bench case and the kernel that converts all of its layers.
constexpr std::pair<const char*, const char*> kernel_of_noise[] = {
    {"lossless", "thresholds"},
    {"table", "bytes"},
};

// "" where a case has no kernel with counts.
std::string kernel_name(const BenchCase& bench, const CudaDevice& device) {
    const std::string noise = bench.name.substr(bench.name.find('/') + 1);
    for (const auto& [name, kernel] : kernel_of_noise)
        if (noise == name)  // thresholds need halves of words, which came with 9.0
            return device.major < 9 && kernel == std::string("thresholds") ? "bytes" : kernel;
    return "";
}

// The code that the device runs: the newest that is not newer than the device.
const KernelCounts* counts_of(const std::string& kernel, int capability) {
    const KernelCounts* found = nullptr;
    for (const KernelCounts& c : kernel_counts)
        if (kernel == c.kernel && c.capability <= capability &&
            (found == nullptr || c.capability > found->capability))
            found = &c;
    return found;
}

// Bounds of a device whose multiprocessors do `cycles` per second together.
class BoundList {
public:
    explicit BoundList(double cycles) : cycles_(cycles) {}

    // `each`: cycles of one multiprocessor for one conversion; 0: this hardware is not used.
    void add(const char* name, double each) {
        if (each > 0.0) add_rate(name, cycles_ / each);
    }
    void add_rate(const char* name, double rate) { bounds_.push_back({name, rate}); }
    std::vector<Bound> take() { return std::move(bounds_); }

private:
    double cycles_;
    std::vector<Bound> bounds_;
};

double cycles_of(const CudaDevice& device) { return device.processors * device.clock; }

std::vector<Bound> device_bounds(const BenchCase& bench, const CudaDevice& device,
                                 const ProcessorRates& rates) {
    const CaseWork work = case_work(bench);
    BoundList list(cycles_of(device));
    if (bench.path == SamplingPath::table) {
        list.add("random bits", std::max({philox_products / rates.imad, philox_logic / rates.alu,
                                          (philox_products + philox_logic) / rates.issue}));
        list.add("integers", (philox_products + philox_logic + decide_and_add) /
                                 std::min(rates.imad + rates.alu, rates.issue));
    }
    if (bench.path == SamplingPath::events) {
        constexpr double products = 8 * philox_products, logic = 8 * philox_logic;
        list.add("random bits", std::max({products / rates.imad, logic / rates.alu,
                                          (products + logic) / rates.issue}) *
                                    work.event_calls / work.conversions);
    }
    list.add("tensor", (work.byte_products / rates.bytes + work.bit_products / rates.bits) /
                           work.conversions);
    if (device.bandwidth > 0.0)
        list.add_rate("memory", device.bandwidth * work.conversions / work.bytes);
    return list.take();
}

std::vector<Bound> loop_bounds(const KernelCounts& c, const CudaDevice& device,
                               const ProcessorRates& rates) {
    BoundList list(cycles_of(device));
    const double each = warp / c.conversions;
    list.add("issue", each * c.issue / rates.issue);
    list.add("ALU", each * c.alu / rates.alu);
    list.add("FMA", each * (c.imad / rates.imad + (c.fma - c.imad) / rates.fma));
    list.add("XU", each * c.xu / rates.xu);
    list.add("FP64", each * c.fp64 / rates.fp64);
    list.add("shared", each * c.shared * gather_turns / rates.shared);
    return list.take();
}

// Adds the rates of equal names; keeps what both have.
void add_up(std::vector<Bound>& sum, const std::vector<Bound>& more) {
    std::erase_if(sum, [&](Bound& bound) {
        const auto same = std::ranges::find(more, bound.name, &Bound::name);
        if (same != more.end()) bound.rate += same->rate;
        return same == more.end();
    });
}

}  // namespace

// Lanes: throughput table of the CUDA C++ Programming Guide, "Arithmetic Instructions". Products of
// bytes: data sheets, dense, over multiprocessors and boost clock (H100 SXM 1979, A100 624, AGX
// Orin 85, RTX 4090 661, A6000 310 TOPS). Products of one bit: eight times as many, as the A100's
// sheet has it (4992 TOPS); gpu_check measures what mma.sync gets.
std::optional<ProcessorRates> processor_rates(const CudaDevice& device) {
    ProcessorRates rates;
    switch (10 * device.major + device.minor) {
        case 80:
            rates.fma = 64;
            rates.fp64 = 32;
            rates.bytes = 2048;
            break;
        case 86:
        case 89:
            rates.fp64 = 2;
            rates.bytes = 1024;
            break;
        case 87:
            rates.fp64 = 2;
            rates.bytes = 2048;
            break;
        case 90:
            break;
        default:
            return std::nullopt;
    }
    rates.bits = 8 * rates.bytes;
    return rates;
}

CaseBounds case_bounds(const BenchCase& bench, const CudaDevice& device) {
    CaseBounds bounds;
    const auto rates = processor_rates(device);
    // What happens on path chip is not counted yet.
    if (!rates || cycles_of(device) <= 0.0 || bench.path == SamplingPath::chip) return bounds;
    bounds.device = device_bounds(bench, device, *rates);
    const std::string kernel = kernel_name(bench, device);
    if (const KernelCounts* counts = counts_of(kernel, 10 * device.major + device.minor)) {
        bounds.loop = loop_bounds(*counts, device, *rates);
        bounds.kernel = kernel;
    }
    return bounds;
}

CaseBounds case_bounds(const BenchCase& bench, std::span<const CudaDevice> devices) {
    CaseBounds sum;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        CaseBounds one = case_bounds(bench, devices[i]);
        if (i == 0) {
            sum = std::move(one);
            continue;
        }
        add_up(sum.device, one.device);
        add_up(sum.loop, one.loop);
    }
    if (sum.loop.empty()) sum.kernel.clear();
    return sum;
}

std::optional<Bound> least(const std::vector<Bound>& bounds) {
    const auto found = std::ranges::min_element(bounds, {}, &Bound::rate);
    return found == bounds.end() ? std::nullopt : std::optional(*found);
}

}  // namespace acim
