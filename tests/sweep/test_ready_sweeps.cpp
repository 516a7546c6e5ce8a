// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>

#include "host/sweep/load.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

const std::filesystem::path sweeps = std::filesystem::path(ACIM_SOURCE_DIR) / "sweeps";

TEST(ReadySweeps, AllLoadAndExpand) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(sweeps)) {
        if (entry.path().extension() != ".yaml") continue;
        ++files;
        const SweepSpec spec = load_sweep(entry.path());
        EXPECT_EQ(spec.name, entry.path().stem().string());
        EXPECT_GE(expand(spec).size(), 2U);
        EXPECT_EQ(std::filesystem::path(spec.workload.network).parent_path().filename(), "data");
    }
    EXPECT_GE(files, 2);
}

TEST(ReadySweeps, QuickstartShowsEnough) {
    const SweepSpec spec = load_sweep(sweeps / "quickstart.yaml");
    EXPECT_GE(expand(spec).size(), 24U);
    EXPECT_GE(spec.trials.chips, 4U);
    EXPECT_GE(spec.workload.images.value_or(10000), 500U);
    EXPECT_EQ(spec.workload.data.scale, 1.0F / 255.0F);
    ASSERT_TRUE(spec.workload.calibration.has_value());
    EXPECT_THAT(spec.workload.calibration->images, ::testing::HasSubstr("train"));
}

TEST(ReadySweeps, ResNetKeepsItsEndsDigital) {
    const SweepSpec spec = load_sweep(sweeps / "resnet20.yaml");
    const std::vector<std::string> names = {"stem", "layer1.0.conv1", "layer3.0.downsample", "fc"};
    const auto layers = resolve_layers(spec.base, names);
    EXPECT_FALSE(layers.front().analog);
    EXPECT_TRUE(layers[1].analog);
    EXPECT_FALSE(layers.back().analog);
}

}  // namespace
}  // namespace acim
