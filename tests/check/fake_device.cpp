// SPDX-License-Identifier: Apache-2.0
// What gpu_check needs of a device, without one: the reference engine computes, bench cases cost
// nothing, pins and rates are made up. So all of gpu_check but its kernels runs in the tests.
// ACIM_FAKE_DEVICE chooses: "wrong" flips a bit of every result, "none" has no device, "lost" fails for
// good in its third run, "crash" ends the process there, "pins" fails in the first section.
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "cuda/check/device_pins.hpp"
#include "cuda/engine/cuda_engine.hpp"
#include "cuda/trial/reference_engine.hpp"
#include "cuda/trial/unit_runner.hpp"

namespace acim {
namespace {

bool chosen(std::string_view what) {
    const char* value = std::getenv("ACIM_FAKE_DEVICE");
    return value != nullptr && value == what;
}

class FakeEngine : public TrialEngine {
public:
    std::string name() const override { return "fake device"; }
    void prepare(std::shared_ptr<const TrialSetup> setup) override {
        setup_ = setup;
        engine_->prepare(std::move(setup));
    }
    void run(std::span<const WorkUnit> units, const Sink& sink,
             const std::atomic<bool>& stop) override {
        constexpr int last = 3;
        if (++runs_ >= last && chosen("lost")) throw EngineFailure("the fake device has failed");
        if (runs_ == last && chosen("crash")) std::abort();
        if (setup_->network->hash.rfind("bench-", 0) == 0) return skip(units, sink);
        engine_->run(
            units,
            [&](TrialResult&& result) {
                if (chosen("wrong")) result.layers.front().e.low ^= 1;
                sink(std::move(result));
            },
            stop);
    }
    std::uint64_t memory(std::span<const WorkUnit> units) const override {
        return engine_->memory(units);
    }

private:
    // A millisecond each in place of the work.
    void skip(std::span<const WorkUnit> units, const Sink& sink) const {
        for (const WorkUnit& unit : units) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            sink(empty_result(*setup_, unit));
        }
    }

    int runs_ = 0;
    std::shared_ptr<const TrialSetup> setup_;
    std::unique_ptr<TrialEngine> engine_ = make_reference_engine();
};

}  // namespace

CudaStatus cuda_status() {
    CudaStatus status;
    status.compiled = true;
    status.runtime = status.driver = "13.0";
    status.product_library = "own kernels";
    status.missing = "no device was faked";
    if (!chosen("none"))
        status.devices = {{0, "fake \"device\"", 9, 0, 100, 1.5e9, 1ull << 36, 227 << 10}};
    return status;
}

std::unique_ptr<TrialEngine> make_cuda_engine(const CudaEngineOptions&) {
    return std::make_unique<FakeEngine>();
}

void use_device(int) {}

std::vector<PinResult> philox_pins() {
    if (chosen("pins")) throw std::runtime_error("a pin has failed");
    return {{"Philox4x32-10", "host", 4, chosen("wrong") ? 1u : 0u, false},
            {"Philox4x32-10", "cuRAND", 0, 0, true}};
}

std::vector<PinResult> arithmetic_pins() { return {{"inverse_normal", "host", 8, 0, false}}; }

std::vector<RateResult> philox_rates(int rounds) {
    return {
        {"philox4x32", "words/s", std::vector<double>(static_cast<std::size_t>(rounds), 2e11), {}}};
}

// 100 multiprocessors at 1 GHz.
std::vector<RateResult> pipe_rates(int) {
    return {{"LOP3", "lanes/s", {6.4e12}, {64.0}},
            {"IMAD.WIDE", "lanes/s", {3.2e12}, {32.0}},
            {"LDS, random banks", "lanes/s", {0.8e12}, {8.0}},
            {"copy", "byte/s", {4e12}, {}}};
}

}  // namespace acim
