// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/unit_queue.hpp"

#include <gmock/gmock.h>

#include <future>
#include <set>
#include <stdexcept>

#include "cuda/trial/unit_runner.hpp"
#include "tests/engine_cuda/fault_work.hpp"

namespace acim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing_device::tiny_setup;
using WhenEmpty = UnitQueue::WhenEmpty;

constexpr std::uint32_t all_images = 1u << 20;

struct UnitQueueTest : testing::Test {
    std::shared_ptr<const TrialSetup> setup = tiny_setup(8);
    std::vector<WorkUnit> units;
    std::vector<WorkUnit> reported;
    std::atomic<bool> stop = false;
    TrialEngine::Sink sink = [this](TrialResult&& r) { reported.push_back(r.unit); };
    std::optional<UnitQueue> queue;

    UnitQueue& make(std::vector<std::uint32_t> images) {
        for (const std::uint32_t n : images)
            units.push_back({0, 0, static_cast<std::uint32_t>(units.size()), 0, n});
        return queue.emplace(*setup, units, sink, stop);
    }
    std::optional<UnitPart> next(std::uint32_t most = all_images,
                                 WhenEmpty when_empty = WhenEmpty::leave) {
        UnitPart part;
        return queue->next(most, when_empty, part) ? std::optional(part) : std::nullopt;
    }
    // A lane that waits, which must not have an answer yet.
    std::future<std::optional<UnitPart>> waiting() {
        auto lane =
            std::async(std::launch::async, [this] { return next(all_images, WhenEmpty::wait); });
        EXPECT_EQ(lane.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
        return lane;
    }
    // What running the part would give: bits and sums say which images it held.
    TrialResult result_of(const UnitPart& part) {
        TrialResult r = empty_result(*setup, units[part.unit]);
        for (std::uint32_t i = part.begin; i < part.begin + part.images; ++i)
            r.correct_bits[i / 8] |= static_cast<std::uint8_t>(1u << i % 8);
        r.correct = part.images;
        r.cross_entropy = std::int64_t{1} << part.begin / 8;
        return r;
    }
    bool finish(const UnitPart& part) { return queue->finish(part, result_of(part)); }
};

void expect_part(const std::optional<UnitPart>& part, std::size_t unit, std::uint32_t begin,
                 std::uint32_t images) {
    ASSERT_TRUE(part.has_value());
    EXPECT_EQ(part->unit, unit);
    EXPECT_EQ(part->begin, begin);
    EXPECT_EQ(part->images, images);
}

TEST_F(UnitQueueTest, UnitsInOrderCutAtMultiplesOfEight) {
    make({20, 8, 3});
    expect_part(next(13), 0, 0, 8);
    expect_part(next(1), 0, 8, 8);
    expect_part(next(16), 0, 16, 4);
    expect_part(next(), 1, 0, 8);
    expect_part(next(), 2, 0, 3);
    EXPECT_FALSE(next());
}

TEST_F(UnitQueueTest, SharesShrinkTowardsTheEnd) {
    make({100, 100});
    EXPECT_EQ(queue->share(1), 200u);
    EXPECT_EQ(queue->share(100), 8u);
    std::vector<std::uint32_t> sizes;
    while (const auto part = next(queue->share(4))) sizes.push_back(part->images);
    // ceil(left/4), up to a multiple of 8: 56 of 200, 40 of 144, the rest of the unit, ...
    EXPECT_THAT(sizes, ElementsAre(56, 40, 4, 32, 24, 16, 8, 8, 8, 4));
    EXPECT_EQ(queue->share(4), 8u);
    queue->give_back({1, 0, 64});
    EXPECT_EQ(queue->share(4), 16u);
}

TEST_F(UnitQueueTest, WhatComesBackIsTakenFirstAndCutAgain) {
    make({32, 8});
    const auto first = next();
    expect_part(first, 0, 0, 32);
    queue->give_back(*first);
    expect_part(next(16), 0, 0, 16);
    expect_part(next(8), 0, 16, 8);
    expect_part(next(), 0, 24, 8);
    expect_part(next(), 1, 0, 8);
    EXPECT_FALSE(next());
}

TEST_F(UnitQueueTest, ShortenGivesBackTheRest) {
    make({30});
    auto part = *next();
    queue->shorten(part, 64);
    expect_part(part, 0, 0, 30);
    queue->shorten(part, 16);
    expect_part(part, 0, 0, 16);
    expect_part(next(), 0, 16, 14);
    EXPECT_FALSE(next());
}

TEST_F(UnitQueueTest, AUnitIsReportedOnceItIsWhole) {
    make({20, 8});
    TrialResult whole;
    sink = [&](TrialResult&& r) { whole = std::move(r); };
    const auto a = *next(8), b = *next(8), c = *next(8), d = *next();
    EXPECT_FALSE(finish(c));
    EXPECT_FALSE(finish(a));
    EXPECT_FALSE(queue->done());
    EXPECT_TRUE(finish(b));
    EXPECT_EQ(whole.unit, units[0]);
    EXPECT_THAT(whole.correct_bits, ElementsAre(0xFF, 0xFF, 0x0F));
    EXPECT_EQ(whole.correct, 20u);
    EXPECT_EQ(whole.cross_entropy, 1 + 2 + 4);
    EXPECT_FALSE(queue->done());
    EXPECT_TRUE(finish(d));
    EXPECT_TRUE(queue->done());
    EXPECT_NO_THROW(queue->rethrow());
}

// Equal units are different work.
TEST_F(UnitQueueTest, EqualUnits) {
    units.assign(3, {1, 0, 0, 0, 8});
    make({});
    while (const auto part = next()) EXPECT_TRUE(finish(*part));
    EXPECT_EQ(reported, units);
}

TEST_F(UnitQueueTest, AnEmptyUnitIsReported) {
    make({0, 8, 0});
    while (const auto part = next()) EXPECT_TRUE(finish(*part));
    EXPECT_EQ(reported, units);
    EXPECT_TRUE(queue->done());
}

TEST_F(UnitQueueTest, StopFinishesWhatHasBegun) {
    make({24, 8});
    const auto first = *next(8);
    stop = true;
    expect_part(next(8), 0, 8, 8);
    queue->give_back(first);
    expect_part(next(), 0, 0, 8);
    expect_part(next(), 0, 16, 8);
    EXPECT_FALSE(next());
    EXPECT_FALSE(queue->done());
}

TEST_F(UnitQueueTest, StopBeforeTheStart) {
    stop = true;
    make({8});
    EXPECT_FALSE(next(all_images, WhenEmpty::wait));
}

TEST_F(UnitQueueTest, AnIdleLaneWaitsForWhatMayComeBack) {
    make({8});
    const auto part = *next();
    auto lane = waiting();
    queue->give_back(part);
    expect_part(lane.get(), 0, 0, 8);
}

TEST_F(UnitQueueTest, TheRestOfACutPartWakesALane) {
    make({16});
    auto part = *next();
    auto lane = waiting();
    queue->shorten(part, 8);
    expect_part(lane.get(), 0, 8, 8);
}

TEST_F(UnitQueueTest, AnIdleLaneEndsWithTheLastPart) {
    make({8, 8});
    const auto a = *next(), b = *next();
    auto lane = waiting();
    finish(a);
    EXPECT_EQ(lane.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    finish(b);
    EXPECT_FALSE(lane.get());
}

TEST_F(UnitQueueTest, TheFirstFailureEndsTheRun) {
    make({8, 8});
    const auto part = *next();
    queue->fail(std::make_exception_ptr(std::invalid_argument("first")));
    queue->fail(std::make_exception_ptr(std::logic_error("second")));
    EXPECT_FALSE(next(all_images, WhenEmpty::wait));
    EXPECT_FALSE(finish(part));
    EXPECT_THAT(reported, IsEmpty());
    EXPECT_THROW(queue->rethrow(), std::invalid_argument);
}

TEST_F(UnitQueueTest, AFailureWakesIdleLanes) {
    make({8});
    next();
    auto lane = waiting();
    queue->fail(std::make_exception_ptr(std::runtime_error("x")));
    EXPECT_FALSE(lane.get());
}

TEST_F(UnitQueueTest, AFailingSinkEndsTheRunAndWakesIdleLanes) {
    make({8, 8});
    sink = [](TrialResult&&) { throw std::domain_error("disk full"); };
    const auto a = *next(), b = *next();
    auto lane = waiting();
    EXPECT_NO_THROW(finish(a));
    EXPECT_FALSE(lane.get());
    EXPECT_FALSE(finish(b));
    EXPECT_THROW(queue->rethrow(), std::domain_error);
}

// A sink that takes its time (it may write a file) keeps other lanes from nothing but reporting.
TEST_F(UnitQueueTest, LanesGoOnWhileAResultIsReported) {
    make({8, 8, 8});
    std::promise<void> has_begun, has_gone_on;
    std::future_status status{};
    sink = [&, done = has_gone_on.get_future().share()](TrialResult&&) {
        has_begun.set_value();
        status = done.wait_for(std::chrono::seconds(30));  // so long only where they are kept
    };
    const auto first = *next(), second = *next();
    auto reporting = std::async(std::launch::async, [&] { return finish(first); });
    has_begun.get_future().wait();
    queue->give_back(second);
    expect_part(next(), 1, 0, 8);
    has_gone_on.set_value();
    EXPECT_TRUE(reporting.get());
    EXPECT_EQ(status, std::future_status::ready);
    EXPECT_FALSE(queue->done());
}

// Lanes that take, give back, cut and finish at random: every image counts once.
TEST_F(UnitQueueTest, ManyLanes) {
    std::vector<std::uint32_t> images;
    std::mt19937 draw(5);
    for (int i = 0; i < 60; ++i) images.push_back(static_cast<std::uint32_t>(draw() % 50));
    std::vector<TrialResult> whole;
    sink = [&](TrialResult&& r) { whole.push_back(std::move(r)); };
    make(images);
    const auto lane = [this](unsigned seed) {
        std::mt19937 random(seed);
        while (auto part = next(8 + static_cast<std::uint32_t>(random() % 40), WhenEmpty::wait)) {
            if (random() % 3 == 0) {
                queue->give_back(*part);
                continue;
            }
            if (random() % 3 == 0) queue->shorten(*part, 8);
            finish(*part);
        }
    };
    std::vector<std::future<void>> lanes;
    for (unsigned i = 0; i < 4; ++i) lanes.push_back(std::async(std::launch::async, lane, i));
    for (auto& l : lanes) l.get();
    EXPECT_TRUE(queue->done());
    ASSERT_EQ(whole.size(), units.size());
    for (const TrialResult& r : whole) {
        EXPECT_EQ(r.correct, r.unit.images);
        EXPECT_EQ(r, [&] {
            TrialResult all = result_of({r.unit.repeat, 0, r.unit.images});
            all.cross_entropy = r.cross_entropy;
            return all;
        }());
    }
}

}  // namespace
}  // namespace acim
