// SPDX-License-Identifier: Apache-2.0
// Which path a layer takes: a pure function of its settings.
#include <gtest/gtest.h>

#include <functional>

#include "tests/trial/plan_fixture.hpp"

namespace acim {
namespace {

using testing_support::path;
using testing_support::plan_of;
using testing_support::settings;

TEST(PathChoice, NoiseFree) {
    EXPECT_EQ(path({}), SamplingPath::product);
    EXPECT_EQ(path([](auto& s) { s.path = PathRequest::fixed; }), SamplingPath::fixed);
    EXPECT_EQ(path([](auto& s) { s.path = PathRequest::table; }), SamplingPath::lut);
    EXPECT_EQ(path([](auto& s) { s.macro.rows = 85; }), SamplingPath::product);
    EXPECT_EQ(path([](auto& s) { s.macro.rows = 256; }), SamplingPath::lut);
    EXPECT_EQ(path([](auto& s) { s.macro.rows = 144; }), SamplingPath::lut);
    EXPECT_EQ(path([](auto& s) { s.macro.adc.bits = 7; }), SamplingPath::lut);
    EXPECT_EQ(path([](auto& s) { s.macro.bits_per_cycle = 2; }), SamplingPath::lut);
    EXPECT_EQ(path([](auto& s) { s.macro.hybrid.levels = 1; }), SamplingPath::lut);
    EXPECT_EQ(path([](auto& s) { s.macro.adc.range = AdcRange::window; }), SamplingPath::lut);
    EXPECT_EQ(path([](auto& s) {
                  s.macro.rows = 144;
                  s.macro.adc.range = AdcRange::counts;
              }),
              SamplingPath::product);
    // The top cycle of X = 7, e = 2 has one bit: both widths must be lossless.
    EXPECT_EQ(path([](auto& s) {
                  s.macro.rows = 85;
                  s.macro.bits_per_cycle = 2;
                  s.activation_bits = 7;
              }),
              SamplingPath::product);
}

TEST(PathChoice, Noisy) {
    const auto noise = [](double sigma) {
        return [sigma](LayerSettings& s) { s.macro.noise.random.sigma = sigma; };
    };
    EXPECT_EQ(path(noise(0.001)), SamplingPath::events);
    EXPECT_EQ(path(noise(0.25)), SamplingPath::table);
    EXPECT_EQ(path(noise(6.0)), SamplingPath::table);
    EXPECT_EQ(path(noise(6.001)), SamplingPath::fixed);
    EXPECT_EQ(path([](auto& s) {
                  s.macro.noise.random.sigma = 0.5;
                  s.path = PathRequest::fixed;
              }),
              SamplingPath::fixed);
    EXPECT_EQ(path([](auto& s) {
                  s.macro.noise.random.sigma = 0.5;
                  s.path = PathRequest::table;
              }),
              SamplingPath::table);
    const auto percent = [](double random, double nonlinear) {
        return [=](LayerSettings& s) {
            s.macro.noise.random = {random, NoiseUnit::percent_fs};
            s.macro.noise.nonlinear.sigma = nonlinear;
        };
    };
    EXPECT_EQ(path(percent(0.0, 2.35)), SamplingPath::table);  // 255 LSB: 5.99
    EXPECT_EQ(path(percent(0.0, 2.36)), SamplingPath::fixed);  // 6.02
    EXPECT_EQ(path(percent(1.6, 1.7)), SamplingPath::table);   // 5.95 together
    EXPECT_EQ(path(percent(1.7, 1.7)), SamplingPath::fixed);   // 6.13 together
}

// Errors in at most a conversion of 100: 2*Q(0.5/sigma) <= 0.01 up to 0.1941 LSB.
TEST(PathChoice, RareErrorsOfALosslessAdcAreEvents) {
    const auto changed = [](const std::function<void(LayerSettings&)>& change) {
        return path([&](LayerSettings& s) {
            s.macro.rows = 255;
            s.macro.adc.bits = 8;
            s.macro.noise.random.sigma = 0.19;
            change(s);
        });
    };
    EXPECT_EQ(changed([](auto&) {}), SamplingPath::events);
    EXPECT_EQ(changed([](auto& s) { s.macro.noise.random.sigma = 0.1941; }), SamplingPath::events);
    EXPECT_EQ(changed([](auto& s) { s.macro.noise.random.sigma = 0.1942; }), SamplingPath::table);
    EXPECT_EQ(changed([](auto& s) { s.path = PathRequest::table; }), SamplingPath::table);
    EXPECT_EQ(changed([](auto& s) { s.path = PathRequest::fixed; }), SamplingPath::fixed);
    EXPECT_EQ(changed([](auto& s) { s.macro.adc.bits = 7; }), SamplingPath::table);
    EXPECT_EQ(changed([](auto& s) { s.macro.rows = 256; }), SamplingPath::table);
    EXPECT_EQ(changed([](auto& s) { s.macro.noise.nonlinear.sigma = 1e-4; }), SamplingPath::table);
    EXPECT_EQ(changed([](auto& s) {
                  s.macro.voting = {2, 3, VoteCombination::mode};
              }),
              SamplingPath::table);
    EXPECT_EQ(changed([](auto& s) { s.macro.adc_errors.offset = 0.1; }), SamplingPath::chip);
    EXPECT_EQ(changed([](auto& s) {
                  s.macro.weight_encoding = WeightEncoding::offset_binary;
                  s.macro.hybrid.levels = 3;
              }),
              SamplingPath::events);
    EXPECT_EQ(changed([](auto& s) { s.macro.hybrid = {3, true}; }), SamplingPath::events);
    EXPECT_EQ(changed([](auto& s) { s.macro.hybrid.levels = 15; }), SamplingPath::table);
    // Under `counts` the noise of two and one bits differs in LSB where it is a part of FS.
    EXPECT_EQ(changed([](auto& s) {
                  s.macro.bits_per_cycle = 3;
                  s.macro.rows = 36;
                  s.macro.adc.range = AdcRange::counts;
              }),
              SamplingPath::events);
    EXPECT_EQ(changed([](auto& s) {
                  s.macro.bits_per_cycle = 3;
                  s.macro.rows = 36;
                  s.macro.adc.range = AdcRange::counts;
                  s.macro.noise.random = {0.05, NoiseUnit::percent_fs};
              }),
              SamplingPath::table);
}

// The table has FS + 1 rows of 256 bytes: 8 MiB are 32768 rows.
TEST(PathChoice, TablesAboveEightMebibytesGoToFixed) {
    const auto rows = [](int n, int e) {
        return [=](LayerSettings& s) {
            s.macro.noise.random.sigma = 0.5;
            s.macro.rows = n;
            s.macro.bits_per_cycle = e;
        };
    };
    EXPECT_EQ(path(rows(2184, 4)), SamplingPath::table);
    EXPECT_EQ(path(rows(2185, 4)), SamplingPath::fixed);
    EXPECT_EQ(path(rows(4096, 3)), SamplingPath::table);
}

TEST(PathChoice, InjectedConstantsUseTheLookUpTable) {
    EXPECT_EQ(path([](auto& s) {
                  s.macro.noise.random.sigma = 0.5;
                  s.macro.noise.inject = {true, 1.0, -1.0};
              }),
              SamplingPath::lut);
}

TEST(PathChoice, DigitalLayersAreProducts) {
    const LayerPlan plan = plan_of(settings([](auto& s) {
        s.analog = false;
        s.macro.noise.random.sigma = 3.0;
    }));
    EXPECT_EQ(plan.path, SamplingPath::product);
    EXPECT_EQ(plan.adc_conversions(1000), 0);
}

}  // namespace
}  // namespace acim
