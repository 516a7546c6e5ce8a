// SPDX-License-Identifier: Apache-2.0
// The engine suite on the CUDA engine, run by the emulation, on one device and on three; and less of
// it with other products, devices, batches and orders of a block's threads.
#include "cuda/engine/cuda_engine.hpp"
#include "tests/cuda_emulation/emulation_fixture.hpp"
#include "tests/engine/engine_suite.hpp"

namespace acim {
namespace {

std::unique_ptr<TrialEngine> make(int devices, const CudaEngineOptions& options) {
    emulation::set_devices(std::vector<emulation::DeviceModel>(static_cast<std::size_t>(devices)));
    return make_cuda_engine(options);
}

CudaEngineOptions batches_of(std::uint32_t images) {
    CudaEngineOptions options;
    options.batch_images = images;
    return options;
}

std::vector<Maker> makers() {
    return {{"one_device", [] { return make(1, batches_of(48)); }},
            {"three_devices", [] { return make(3, batches_of(8)); }}};
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineSuite, testing::ValuesIn(makers()), maker_name);

// Every point of the suite on one chip, two images each.
void expect_reference(int devices, const CudaEngineOptions& options) {
    std::vector<WorkUnit> units;
    for (std::uint32_t point = 0; point < testing_support::small_points().size(); ++point)
        units.push_back({point, 1, 0, 3, 2});
    static const auto expected = [&] {
        const auto reference = make_reference_engine();
        reference->prepare(small_setup());
        return run(*reference, units);
    }();
    const auto engine = make(devices, options);
    engine->prepare(small_setup());
    EXPECT_EQ(run(*engine, units), expected);
}

TEST(CudaEngine, OrderOfThreadsDoesNotMatter) {
    for_every_schedule([] { expect_reference(1, batches_of(24)); });
}

TEST(CudaEngine, OwnProduct) {
    CudaEngineOptions options = batches_of(16);
    options.allow_cublas = false;
    expect_reference(1, options);
}

TEST(CudaEngine, OneDeviceOfSeveral) {
    CudaEngineOptions options = batches_of(8);
    options.devices = {1};
    expect_reference(3, options);
    EXPECT_EQ(emulation::counters(0).launches + emulation::counters(2).launches, 0u);
}

}  // namespace
}  // namespace acim
