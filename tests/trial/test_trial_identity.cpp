// SPDX-License-Identifier: Apache-2.0
// Golden hashes: FNV-1a over every integer of the results of noisy units on the small network, one
// per sampling path. They must be equal under every compiler and level of optimisation.
//
// Made by `ACIM_UPDATE_GOLDEN=1 test_trial_identity`, which prints the lines below; g++ 12 -O3 and
// clang++ 14 -O0 gave the same. A change means that stored results no longer compare with new ones:
// raise model_version.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cuda/trial/inverse_normal_table.hpp"
#include "cuda/trial/reference_engine.hpp"
#include "tests/engine/attention_network.hpp"
#include "tests/trial/small_network.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

class Fnv {
public:
    void add(std::uint64_t value) {
        for (int i = 0; i < 8; ++i) hash_ = (hash_ ^ (value >> 8 * i & 255u)) * 0x100000001b3u;
    }
    void add(const WideSum& sum) {
        add(sum.low);
        add(static_cast<std::uint64_t>(sum.high));
    }
    void add(const TrialResult& r) {
        for (const std::uint32_t v : {r.unit.point, r.unit.chip, r.unit.repeat, r.unit.first_image,
                                      r.unit.images, r.correct, r.agree})
            add(v);
        for (const std::uint8_t b : r.correct_bits) add(b);
        add(static_cast<std::uint64_t>(r.cross_entropy));
        for (const LayerSums& s : r.layers) {
            add(s.outputs);
            add(s.conversions);
            for (const WideSum& sum : {s.e, s.ee, s.yy, s.ye}) add(sum);
        }
    }
    std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325u;
};

void expect_golden(const std::string& name, std::uint64_t hash, std::uint64_t golden) {
    if (std::getenv("ACIM_UPDATE_GOLDEN") != nullptr)
        std::printf("%s: 0x%016" PRIx64 "u\n", name.c_str(), hash);
    else
        EXPECT_EQ(hash, golden) << name << ": raise model_version if this is meant";
}

// Two trials of 12 images at the given settings, and the path that the first layer must take.
std::uint64_t hash_of(const LayerSettings& settings, SamplingPath path) {
    const auto setup = ref::small_setup({ref::uniform_point(settings)});
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    EXPECT_EQ(make_point_plan(*setup->network, setup->points[0], PhiloxKey{}, *kernel, cache)
                  .layers[0]
                  .plan.path,
              path);
    const auto engine = make_reference_engine();
    Fnv hash;
    for (const TrialResult& r :
         ref::run_units(*engine, setup, {{0, 0, 0, 0, 12}, {0, 2, 5, 30, 12}}))
        hash.add(r);
    return hash.value();
}

TEST(TrialIdentity, TablePath) {
    expect_golden("table", hash_of(ref::noisy_settings(0.4), SamplingPath::table),
                  0x209006cbb47a4272u);
}

TEST(TrialIdentity, TablePathWithNonlinearNoiseAndLargeSigma) {
    LayerSettings s = ref::noisy_settings(5.5);
    s.macro.adc.bits = 10;
    s.macro.noise.nonlinear.sigma = 0.2;
    expect_golden("nonlinear", hash_of(s, SamplingPath::table), 0x73e9755064ff1077u);
}

TEST(TrialIdentity, EventPath) {
    LayerSettings s = ref::noisy_settings(0.19);
    s.macro.rows = 15;
    s.macro.adc.bits = 4;
    s.macro.hybrid.levels = 2;
    s.macro.weight_encoding = WeightEncoding::offset_binary;
    expect_golden("events", hash_of(s, SamplingPath::events), 0x1fca736bb566ba1bu);
}

TEST(TrialIdentity, FixedPath) {
    LayerSettings s = ref::noisy_settings(0.4);
    s.path = PathRequest::fixed;
    s.macro.noise.nonlinear.sigma = 0.5;
    expect_golden("fixed", hash_of(s, SamplingPath::fixed), 0xb7d49f0d7b38e295u);
}

TEST(TrialIdentity, LutPath) {
    LayerSettings s;
    s.macro.rows = 9;
    s.macro.adc = {3, AdcRange::window, 3000, 61000};
    s.macro.hybrid.levels = 2;
    expect_golden("lut", hash_of(s, SamplingPath::lut), 0x0a4b8f6b64eb3e6fu);
}

TEST(TrialIdentity, BitParallelSignedTablePath) {
    LayerSettings s = ref::noisy_settings(0.6);
    s.macro.bits_per_cycle = 3;
    s.macro.mapping = RowMapping::dense;
    s.macro.rows = 7;
    s.macro.hybrid = {2, true};
    s.macro.noise.random = {0.7, NoiseUnit::percent_fs};
    expect_golden("parallel", hash_of(s, SamplingPath::table), 0x3250648ef9525866u);
}

// A transformer block with attention on the array, on every path, chips too.
TEST(TrialIdentity, Attention) {
    const auto setup = testing_support::attention_setup(testing_support::Predicts::once);
    const auto engine = make_reference_engine();
    std::vector<WorkUnit> units;
    for (std::uint32_t point = 0; point < setup->points.size(); ++point)
        units.push_back({point, 1, 2, 3, 2});
    Fnv hash;
    for (const TrialResult& r : ref::run_units(*engine, setup, units)) hash.add(r);
    expect_golden("attention", hash.value(), 0xee8dd9cfe9ba3b71u);
}

// The tables themselves, so that a change is found where it arises.
TEST(TrialIdentity, InverseNormalTable) {
    Fnv hash;
    for (const auto& octave : inverse_normal_table().c)
        for (const auto& segment : octave)
            for (const std::int32_t c : segment) hash.add(static_cast<std::uint32_t>(c));
    expect_golden("inverse normal", hash.value(), 0xa8f05d2280584671u);
}

TEST(TrialIdentity, CodeTables) {
    Fnv hash;
    for (const double sigma : {0.05, 0.25, 0.5, 1.7, 6.0})
        for (const int rows : {255, 256}) {
            MacroParams m;
            m.rows = rows;
            m.noise.random.sigma = sigma;
            m.noise.nonlinear.sigma = rows == 255 && sigma < 6.0 ? 0.05 : 0.0;
            const CycleLaw law = CycleLaw::table(m, 8, 1);
            for (const std::uint32_t cell : law.cells()) hash.add(cell);
            const CodeTableView t = law.view().table;
            std::uint32_t laws = 0;
            for (int s = 0; s <= rows; ++s) laws = std::max(laws, t.law[s] + 1);
            for (std::uint32_t i = 0; i < t.residual_begin[laws]; ++i) hash.add(t.residual[i]);
        }
    expect_golden("code tables", hash.value(), 0x39cd1c370e9c0aa2u);
}

}  // namespace
}  // namespace acim
