// SPDX-License-Identifier: Apache-2.0
// The engine suite on the CUDA engine, run by the emulation: one device and three, batches of many
// sizes, cuBLAS's place in the engine's hands, threads of a block in several orders.
#include "cuda/engine/cuda_engine.hpp"
#include "tests/cuda_emulation/emulation.hpp"
#include "tests/engine/engine_suite.hpp"

namespace acim {
namespace {

Maker emulated(std::string name, int devices, CudaEngineOptions options,
               emulation::Schedule schedule = {}) {
    return {std::move(name),
            [=] {
                emulation::set_devices(std::vector<emulation::DeviceModel>(devices));
                emulation::set_schedule(schedule);
                return make_cuda_engine(options);
            },
            [] { emulation::set_schedule({}); }};
}

std::vector<Maker> makers() {
    std::vector<Maker> all = {
        emulated("one_device", 1, {.batch_images = 16}),
        emulated("own_product", 1, {.batch_images = 40, .allow_cublas = false}),
        emulated("three_devices", 3, {.batch_images = 8}),
        emulated("second_device", 2, {.devices = {1}, .batch_images = 24}),
    };
    int n = 0;
    for (const emulation::Schedule& schedule : emulation::all_schedules())
        all.push_back(emulated("order" + std::to_string(n++), 1, {.batch_images = 32}, schedule));
    return all;
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineSuite, testing::ValuesIn(makers()), maker_name);

}  // namespace
}  // namespace acim
