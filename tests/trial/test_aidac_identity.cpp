// SPDX-License-Identifier: Apache-2.0
// Golden hashes of AiDAC's codes: FNV-1a over A, D and the exact product of a layer, one for each
// way through the chain. They must be equal under every compiler and level of optimisation.
//
// Made by `ACIM_UPDATE_GOLDEN=1 test_trial_aidac_identity`, which prints the lines below; g++ 12
// -O3 and clang++ 14 -O0 gave the same. A change means that stored results no longer compare with
// new ones: raise model_version.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/trial/aidac_fixture.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

std::uint64_t hash_of(const LayerSettings& settings) {
    ref::AidacCase c;
    c.settings = settings;
    c.settings.macro.adc.bits = 12;
    c.settings.macro.aidac.blocks = 3;
    c.settings.macro.aidac.outputs_per_array = 4;
    c.shape = {9, 500, 1, true};
    c.pixels = 6;
    c.site.first_output = 2;
    c.site.outputs = 20;
    std::mt19937 draw(1);  // its integers are the same everywhere
    c.fill(draw);
    const ref::AidacResult out = ref::run_aidac(c);
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const auto* sums : {&out.analog, &out.digital, &out.exact})
        for (const std::int64_t value : *sums)
            for (int i = 0; i < 8; ++i)
                hash =
                    (hash ^ (static_cast<std::uint64_t>(value) >> 8 * i & 255u)) * 0x100000001b3u;
    return hash;
}

void expect_golden(const std::string& name, const LayerSettings& settings, std::uint64_t golden) {
    const std::uint64_t hash = hash_of(settings);
    if (std::getenv("ACIM_UPDATE_GOLDEN") != nullptr)
        std::printf("%s: 0x%016" PRIx64 "u\n", name.c_str(), hash);
    else
        EXPECT_EQ(hash, golden) << name << ": raise model_version if this is meant";
}

TEST(AidacIdentity, Ideal) { expect_golden("ideal", ref::ideal_aidac(), 0x416d71f11934f230u); }

TEST(AidacIdentity, AllTerms) {
    expect_golden("all terms", ref::default_aidac(), 0x25fd2f2263333f4fu);
}

TEST(AidacIdentity, FixedPath) {
    LayerSettings s = ref::default_aidac();
    s.path = PathRequest::fixed;
    s.macro.noise.random = {0.1, NoiseUnit::percent_fs};
    expect_golden("fixed", s, 0x62a93a4471fa617eu);
}

TEST(AidacIdentity, GroupedWeightsAndARawReference) {
    LayerSettings s = ref::default_aidac();
    s.macro.aidac.topology = AidacTopology::grouped_weight;
    s.macro.aidac.reference = AidacReference::raw;
    s.macro.cell.mismatch *= 10;
    s.weight_bits = 5;
    s.activation_bits = 6;
    expect_golden("grouped weights", s, 0x43c283857b0847f7u);
}

}  // namespace
}  // namespace acim
