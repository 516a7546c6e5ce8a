// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cuda/engine/batch.hpp"
#include "cuda/engine/engine_device.hpp"
#include "cuda/engine/unit_queue.hpp"
#include "cuda/trial/open_plans.hpp"

namespace acim {

inline constexpr std::uint32_t most_images_a_batch = 1 << 15;

// One call of run(): what the lanes of all devices share.
struct EngineJob {
    const TrialSetup& setup;
    const CudaEngineOptions& options;
    std::span<const WorkUnit> units;
    UnitQueue queue;
    OpenPlans plans;
    std::size_t lanes = 1;
};

// A stream of batches on one device. Where memory is short its batches become smaller, then it
// gives its place to the other lanes of the device, and the last one ends the device.
class Lane {
public:
    Lane(EngineJob& job, EngineDevice& device);

    // Until there is no work or no device. Throws nothing: the device or the job is told.
    void work();

private:
    using Point = std::shared_ptr<const DevicePoint>;

    struct Points {
        std::map<OpenPlans::Key, Point> by_key;
        std::uint64_t bytes = 0;

        Point find(const OpenPlans::Key& key) const;  // or null
        void add(const OpenPlans::Key& key, const Point& point);
        void erase(const OpenPlans::Key& key);
    };

    void work_on_device();
    bool run_batch();
    bool gather();
    bool is_full() const;
    std::uint32_t fair_images() const;
    bool add(UnitPart& part, Points& used);
    bool has_place(UnitPart& part, const Points& used) const;
    Point point_of(const WorkUnit& unit, Points& used);
    void make_room(const Points& used);
    std::uint32_t room_for_images(const Points& used) const;
    void run_gathered();
    void give_back();
    bool retry_smaller(const DeviceError& error);
    std::string needs_of_smallest() const;
    void release();
    std::uint64_t buffer_bytes() const;
    void release_buffers();

    EngineJob& job_;
    EngineDevice& device_;
    std::unique_ptr<BatchRunner> runner_;
    std::uint32_t most_images_;  // of a batch
    std::size_t most_parts_;
    bool empty_handed_ = true;  // no memory is held from earlier batches
    bool alone_ = false;        // on the device, since the last batch began

    // The batch: what was taken from the queue, and as the runner wants it.
    std::vector<UnitPart> parts_;
    std::vector<BatchPart> batch_;
    std::uint32_t images_ = 0;
    std::uint32_t share_ = 0;  // images that leave something to the other lanes
    double conversions_ = 0.0;
    SlotSizes sizes_;
    Points known_;                     // of the last batch
    std::uint64_t largest_point_ = 0;  // so far [byte]
};

}  // namespace acim
