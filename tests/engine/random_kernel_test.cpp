// SPDX-License-Identifier: Apache-2.0
// Random layers: whatever the macro is, the vector kernel gives the integers of the reference
// kernel on every instruction set.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "host/engine/simd_kernel.hpp"
#include "host/engine/simd_loops.hpp"
#include "tests/engine/random_layer.hpp"

namespace acim {
namespace {

using testing_support::LayerRun;
using testing_support::Pick;

constexpr int seeds = 150;

class RandomKernel : public testing::TestWithParam<int> {
protected:
    void TearDown() override { simd::force_target(""); }

    static void TearDownTestSuite() {
        if (rare_cases_ < seeds) return;  // a part of them says nothing
        EXPECT_GE(event_layers_, seeds / 2);
        EXPECT_GE(erring_, seeds / 5);
        EXPECT_GE(many_groups_, seeds / 10);
    }

    static inline int rare_cases_ = 0, event_layers_ = 0, erring_ = 0, many_groups_ = 0;

    static void expect_equal(const LayerRun& layer) {
        const auto expected = layer.run(*make_reference_kernel(), 0);
        const auto kernel = make_simd_kernel();
        for (const std::string& target : simd::compiled_targets()) {
            if (!simd::force_target(target)) continue;  // this machine cannot run it
            EXPECT_EQ(layer.run(*kernel, 0), expected) << target << "\n" << layer.describe();
        }
    }
};

TEST_P(RandomKernel, LawsOfTheCount) {
    Pick pick(GetParam());
    LayerRun layer = testing_support::random_layer(pick);
    expect_equal(layer);
}

TEST_P(RandomKernel, RareErrors) {
    Pick pick(2000 + GetParam());
    LayerRun layer = testing_support::random_rare_errors(pick);
    ++rare_cases_;
    expect_equal(layer);
    if (layer.plan().path != SamplingPath::events) return;
    // A is what the events add, D the product.
    ++event_layers_;
    const auto sums = layer.run(*make_reference_kernel(), 0);
    erring_ += std::ranges::any_of(sums[0], [](std::int64_t a) { return a != 0; }) ? 1 : 0;
    many_groups_ += layer.plan().groups > 4 ? 1 : 0;
    EXPECT_EQ(sums[1], sums[2]) << layer.describe();
}

TEST_P(RandomKernel, ColumnsOfAChip) {
    Pick pick(1000 + GetParam());
    LayerRun layer = testing_support::random_chip(pick);
    expect_equal(layer);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomKernel, testing::Range(0, seeds));

}  // namespace
}  // namespace acim
