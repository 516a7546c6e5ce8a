// SPDX-License-Identifier: Apache-2.0
// Plans that threads share: one for all who want it, made side by side with others.
#include "cuda/trial/open_plans.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <set>
#include <thread>

#include "tests/trial/small_network.hpp"

namespace acim {
namespace {

// Packs nothing. Where it is told to, the first layer of a plan waits until so many plans are in
// the making.
class CountingPacker : public WeightPacker {
public:
    explicit CountingPacker(int together) : together_(together) {}

    std::unique_ptr<PackedWeights> pack(const LayerPlan&, int, std::span<const std::int8_t>,
                                        const ProductSite& site) const override {
        if (site.layer != 0) return std::make_unique<PackedWeights>();
        std::unique_lock lock(mutex_);
        ++plans_;
        changed_.notify_all();
        // So long only where plans wait for each other, which is what this test is about.
        met_ &=
            changed_.wait_for(lock, std::chrono::seconds(30), [&] { return plans_ >= together_; });
        return std::make_unique<PackedWeights>();
    }
    int plans() const { return plans_; }
    bool met() const { return met_; }

private:
    const int together_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable int plans_ = 0;
    mutable bool met_ = true;
};

// Points of different noise.
TrialSetup setup_of(int points) {
    TrialSetup setup;
    auto network = std::make_shared<QuantizedNetwork>(testing_reference::small_network());
    for (int i = 0; i < points; ++i) {
        LayerSettings settings;
        settings.macro.mapping = RowMapping::dense;
        settings.macro.noise.random = {0.3 + 0.1 * i, NoiseUnit::lsb};
        setup.points.push_back({std::to_string(i), std::vector<LayerSettings>(
                                                       network->mac_layers().size(), settings)});
    }
    setup.network = std::move(network);
    return setup;
}

TEST(OpenPlans, OneForAllWhoWantIt) {
    const TrialSetup setup = setup_of(1);
    const CountingPacker packer(1);
    OpenPlans plans(setup, packer);
    std::vector<WorkUnit> units;
    for (std::uint32_t chip = 0; chip < 6; ++chip) units.push_back({0, chip, 0, 0, 8});
    for (const WorkUnit& unit : units) plans.expect(unit);
    std::vector<std::future<const PointPlan*>> got;
    for (const WorkUnit& unit : units)
        got.push_back(std::async(std::launch::async, [&] { return plans.get(unit).get(); }));
    std::set<const PointPlan*> different;
    for (auto& one : got) different.insert(one.get());
    EXPECT_EQ(different.size(), 1u);  // its chips are alike
    EXPECT_EQ(packer.plans(), 1);
    for (const WorkUnit& unit : units) plans.done(unit);
    EXPECT_THROW(plans.get(units[0]), std::out_of_range);
}

TEST(OpenPlans, DifferentOnesSideBySide) {
    const TrialSetup setup = setup_of(3);
    const CountingPacker packer(3);
    OpenPlans plans(setup, packer);
    std::vector<std::future<std::shared_ptr<const PointPlan>>> got;
    for (std::uint32_t point = 0; point < 3; ++point) plans.expect({point, 0, 0, 0, 8});
    for (std::uint32_t point = 0; point < 3; ++point)
        got.push_back(std::async(std::launch::async, [&, point] {
            return plans.get({point, 0, 0, 0, 8});
        }));
    for (auto& one : got) EXPECT_EQ(one.get()->layers.size(), 3u);
    EXPECT_TRUE(packer.met());
}

// Laws of the same settings are one object whoever asks first: engines compare them by address.
TEST(OpenPlans, ThreadsShareLaws) {
    LayerSettings settings;
    settings.macro.noise.random = {0.5, NoiseUnit::lsb};
    for (int round = 0; round < 20; ++round) {
        CycleLawCache cache;
        std::vector<std::future<std::shared_ptr<const CycleLaw>>> got;
        for (int i = 0; i < 4; ++i)
            got.push_back(std::async(std::launch::async, [&] {
                return cache.get(SamplingPath::table, settings.macro, 8, 1);
            }));
        std::set<std::shared_ptr<const CycleLaw>> laws;
        for (auto& one : got) laws.insert(one.get());
        EXPECT_EQ(laws.size(), 1u);
    }
}

}  // namespace
}  // namespace acim
