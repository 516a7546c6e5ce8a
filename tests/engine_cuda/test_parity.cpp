// SPDX-License-Identifier: Apache-2.0
// Every error model on the CUDA engine, run by the emulation, against the reference engine: the
// cases that scripts/gpu-check runs on a device.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "cuda/check/parity.hpp"
#include "cuda/engine/cuda_engine.hpp"
#include "cuda/engine/packed_layer.hpp"
#include "cuda/trial/point_plan.hpp"
#include "cuda/trial/reference_engine.hpp"
#include "tests/cuda_emulation/emulation.hpp"

namespace acim {
namespace {

class CudaParity : public testing::TestWithParam<ParityCase> {};

TEST_P(CudaParity, EqualsReference) {
    emulation::set_devices({{}});
    CudaEngineOptions options;
    options.batch_images = 8;
    const auto actual = make_cuda_engine(options);
    const auto expected = make_reference_engine();
    const ParityDifference difference = compare_engines(GetParam(), *expected, *actual);
    EXPECT_EQ(difference.first, "");
    EXPECT_EQ(difference.bytes, 0u);
    EXPECT_GT(difference.compared, 0u);
}

std::string case_name(const testing::TestParamInfo<ParityCase>& test) {
    std::string name = test.param.name;
    for (char& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    return name + "_" + std::to_string(test.index);
}

// How many layers of all cases each kernel takes.
std::map<ConversionKernel, int> kernels_reached() {
    std::map<ConversionKernel, int> reached;
    const LayerPacker packer;
    for (const ParityCase& c : parity_cases()) {
        CycleLawCache cache;
        for (const DesignPoint& point : c.setup->points)
            for (const auto& layer :
                 make_point_plan(*c.setup->network, point, chip_key(1, 0), packer, cache).layers)
                ++reached[static_cast<const PackedLayer&>(*layer.weights[0]).kernel];
    }
    return reached;
}

TEST(ParityCases, ReachEveryKernel) {
    const auto reached = kernels_reached();
    for (const auto kernel :
         {ConversionKernel::none, ConversionKernel::general, ConversionKernel::tiles_table,
          ConversionKernel::tiles_bytes, ConversionKernel::tiles_wide,
          ConversionKernel::tiles_thresholds, ConversionKernel::tiles_lut, ConversionKernel::aidac})
        EXPECT_TRUE(reached.contains(kernel)) << static_cast<int>(kernel);
    for (const auto& [kernel, layers] : reached)
        std::cout << "kernel " << static_cast<int>(kernel) << ": " << layers << " layers\n";
}

INSTANTIATE_TEST_SUITE_P(Cases, CudaParity, testing::ValuesIn(parity_cases()), case_name);

}  // namespace
}  // namespace acim
