// SPDX-License-Identifier: Apache-2.0
// Bounds of the bench cases, by hand.
#include "cuda/check/roofline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <stdexcept>

#include "cuda/check/kernel_counts.hpp"

namespace acim {
namespace {

// 10^11 cycles per second in all; no data sheet knows it.
CudaDevice device_of(int major, int minor) {
    CudaDevice device;
    device.name = "device";
    device.major = major;
    device.minor = minor;
    device.processors = 100;
    device.clock = 1e9;
    return device;
}

const BenchCase& case_named(const std::string& name) {
    static const std::vector<BenchCase> cases = bench_cases(1);
    for (const BenchCase& c : cases)
        if (c.name == name) return c;
    throw std::out_of_range("no bench case is called " + name);
}

double rate(const std::vector<Bound>& bounds, const std::string& name) {
    for (const Bound& bound : bounds)
        if (bound.name == name) return bound.rate;
    return 0.0;
}

const KernelCounts& counts(const std::string& kernel, int capability) {
    for (const KernelCounts& c : kernel_counts)
        if (kernel == c.kernel && capability == c.capability) return c;
    throw std::out_of_range("no counts of " + kernel);
}

TEST(CaseWork, OfAConvolution) {
    // 256 x 2304 products for each of 256 pixels; unfolded inputs are 256 lines of 2304 bytes.
    const CaseWork product = case_work(case_named("conv256/product"));
    EXPECT_EQ(product.conversions, 256.0 * 256 * 10 * 64);
    EXPECT_EQ(product.byte_products, 256.0 * 2304 * 256);
    EXPECT_EQ(product.bit_products, 0.0);
    const double elements = 256 * 256, lines = 256 * 2304;
    // Inputs as floats and int16, lines, products, outputs; then the average over the map.
    const double pipeline = elements * (4 + 2 + 2) + 2 * lines + elements * (4 + 4 + 4);
    const double average = 4 * (elements + 256);
    EXPECT_EQ(product.bytes, pipeline + average);
    // Ten row groups of 8 bits in 8 words each, and A three times.
    const CaseWork table = case_work(case_named("conv256/table"));
    EXPECT_EQ(table.byte_products, product.byte_products);
    EXPECT_EQ(table.bit_products, 256 * table.conversions);
    const double packed = 256 * 10 * 8 * 8 * 4;
    EXPECT_EQ(table.bytes, product.bytes + 2 * elements + 2 * packed + 32 * elements);
}

// A Philox call for four of the ten row groups, and no product of one bit.
TEST(CaseWork, OfRareErrors) {
    const BenchCase& bench = case_named("conv256/events");
    const CaseWork events = case_work(bench), table = case_work(case_named("conv256/table"));
    EXPECT_EQ(events.event_calls, 256.0 * 256 * 3);
    EXPECT_EQ(events.bit_products, 0.0);
    const double elements = 256 * 256, packed = 256 * 10 * 8 * 8 * 4;
    EXPECT_EQ(events.bytes, table.bytes - packed - 8 * elements);
    const CaseBounds bounds = case_bounds(bench, device_of(9, 0));
    // 32 instructions a call, 640 conversions of three calls, 64 lanes of a multiprocessor.
    EXPECT_DOUBLE_EQ(rate(bounds.device, "random bits"), 1e11 / (16.0 / 64 * 3 / 640));
}

// The first layer of ResNet-20 has 9 inputs, padded to 32, and 16 outputs, padded to 32.
TEST(CaseWork, CountsPadding) {
    const double bytes = case_work(case_named("resnet20/product")).bytes;
    const double first = 784 * (4 + 2 + 2) + 784 * (2 * 32 + 4 * 32) + 784 * 16 * (4 + 4);
    EXPECT_GT(bytes, first);
    EXPECT_GT(case_work(case_named("resnet20/table")).bytes, bytes);
}

TEST(Roofline, TakesTheLeastPipeOfTheHotLoop) {
    const KernelCounts& c = counts("bytes", 90);
    const CaseBounds bounds = case_bounds(case_named("conv256/table"), device_of(9, 0));
    EXPECT_EQ(bounds.kernel, "bytes");
    ASSERT_EQ(bounds.loop.size(), 4u);  // neither XU nor FP64
    const double turn = 1e11 * c.conversions / 32;
    EXPECT_DOUBLE_EQ(rate(bounds.loop, "issue"), turn * 128 / c.issue);
    EXPECT_DOUBLE_EQ(rate(bounds.loop, "ALU"), turn * 64 / c.alu);
    EXPECT_DOUBLE_EQ(rate(bounds.loop, "FMA"), turn / (c.imad / 64.0 + (c.fma - c.imad) / 128.0));
    EXPECT_DOUBLE_EQ(rate(bounds.loop, "shared"), turn * 32 / (3.53 * c.shared));
    double lowest = bounds.loop.front().rate;
    for (const Bound& bound : bounds.loop) lowest = std::min(lowest, bound.rate);
    ASSERT_TRUE(least(bounds.loop));
    EXPECT_EQ(least(bounds.loop)->rate, lowest);
    EXPECT_EQ(rate(bounds.loop, least(bounds.loop)->name), lowest);
    EXPECT_FALSE(least({}));
}

TEST(Roofline, KnowsWhichCodeADeviceRuns) {
    const auto issue = [](const char* name, int major, int minor) {
        return rate(case_bounds(case_named(name), device_of(major, minor)).loop, "issue");
    };
    const auto expected = [](const KernelCounts& c) {
        return 1e11 * c.conversions / 32 * 128 / c.issue;
    };
    EXPECT_DOUBLE_EQ(issue("conv64/lossless", 9, 0), expected(counts("thresholds", 90)));
    EXPECT_DOUBLE_EQ(issue("conv64/table", 8, 0), expected(counts("bytes", 80)));
    EXPECT_DOUBLE_EQ(issue("resnet20/table", 8, 9), expected(counts("bytes", 80)));
}

// No kernel can be faster than what the device itself allows.
TEST(Roofline, HotLoopsStayBelowTheDevice) {
    for (const BenchCase& bench : bench_cases(1)) {
        const CaseBounds bounds = case_bounds(bench, device_of(9, 0));
        if (bench.path == SamplingPath::chip) {
            EXPECT_TRUE(bounds.device.empty() && bounds.loop.empty()) << bench.name;
            continue;
        }
        ASSERT_TRUE(least(bounds.device)) << bench.name;
        const bool counted = bench.name.ends_with("/lossless") || bench.name.ends_with("/table");
        EXPECT_EQ(bounds.loop.empty(), !counted) << bench.name;
        if (bounds.loop.empty()) continue;
        EXPECT_LT(least(bounds.loop)->rate, least(bounds.device)->rate) << bench.name;
    }
}

TEST(Roofline, BoundsProductsByTensorCoresAndMemory) {
    CudaDevice device = device_of(9, 0);
    const BenchCase& bench = case_named("conv256/product");
    const CaseWork work = case_work(bench);
    CaseBounds bounds = case_bounds(bench, device);
    ASSERT_EQ(bounds.device.size(), 1u);
    EXPECT_DOUBLE_EQ(rate(bounds.device, "tensor"),
                     1e11 * 4096 * work.conversions / work.byte_products);
    device.name = "NVIDIA H200";
    device.bandwidth = 4.8e12;
    bounds = case_bounds(bench, device);
    EXPECT_DOUBLE_EQ(rate(bounds.device, "memory"), 4.8e12 * work.conversions / work.bytes);
}

TEST(Roofline, AddsDevicesUp) {
    const BenchCase& bench = case_named("conv64/table");
    const std::array devices{device_of(9, 0), device_of(8, 6)};
    const CaseBounds sum = case_bounds(bench, devices);
    const CaseBounds a = case_bounds(bench, devices[0]), b = case_bounds(bench, devices[1]);
    for (const char* name : {"issue", "ALU", "FMA", "shared"})
        EXPECT_EQ(rate(sum.loop, name), rate(a.loop, name) + rate(b.loop, name)) << name;
    EXPECT_EQ(rate(sum.device, "tensor"), rate(a.device, "tensor") + rate(b.device, "tensor"));
    EXPECT_EQ(sum.kernel, "bytes");
    EXPECT_TRUE(case_bounds(bench, std::span<const CudaDevice>{}).device.empty());
}

// Nothing is made up: a device that is not known has no bound, nor has a sum with one.
TEST(Roofline, UnknownDevicesHaveNone) {
    const BenchCase& bench = case_named("conv64/table");
    CudaDevice silent = device_of(9, 0);
    silent.clock = 0.0;
    for (const CudaDevice& device : {device_of(7, 5), device_of(10, 0), silent}) {
        const CaseBounds bounds = case_bounds(bench, device);
        EXPECT_TRUE(bounds.device.empty() && bounds.loop.empty() && bounds.kernel.empty());
        const std::array both{device_of(9, 0), device};
        const CaseBounds sum = case_bounds(bench, both);
        EXPECT_TRUE(sum.device.empty() && sum.loop.empty() && sum.kernel.empty());
    }
}

// The fullest of 32 banks when 32 lanes read at random: 3.53 on average; a mean of 10^5 draws whose
// deviation is 0.8 strays by 0.01 in four sigma.
TEST(Roofline, GathersTakeTurnsOfTheFullestBank) {
    std::mt19937 draw(5);
    constexpr int draws = 100'000;
    double sum = 0.0;
    for (int i = 0; i < draws; ++i) {
        std::array<int, 32> bank{};
        for (int lane = 0; lane < 32; ++lane) ++bank[draw() % 32];
        sum += *std::ranges::max_element(bank);
    }
    EXPECT_NEAR(sum / draws, 3.53, 0.015);
}

}  // namespace
}  // namespace acim
