// SPDX-License-Identifier: Apache-2.0
#include "host/store/plan_record.hpp"

#include <algorithm>

#include "host/core/error.hpp"

namespace acim {

namespace {

std::uint64_t blocks_of(const PlanRecord& plan) {
    ACIM_EXPECT(plan.block_images > 0);
    return (std::uint64_t{plan.images} + plan.block_images - 1) / plan.block_images;
}

std::uint32_t block_size(const PlanRecord& plan, std::uint32_t first_image) {
    return std::min(plan.block_images, plan.images - first_image);
}

}  // namespace

std::uint64_t items_of(const PlanRecord& plan, std::uint32_t images) {
    return std::uint64_t{images} * plan.positions;
}

std::uint64_t units_per_chip(const PlanRecord& plan) { return plan.repeats * blocks_of(plan); }

std::uint64_t unit_count(const PlanRecord& plan) {
    return plan.points.size() * plan.chips * units_per_chip(plan);
}

WorkUnit unit_at(const PlanRecord& plan, std::uint64_t index) {
    ACIM_EXPECT(index < unit_count(plan));
    const auto next = [&index](std::uint64_t count) {
        const std::uint64_t digit = index % count;
        index /= count;
        return static_cast<std::uint32_t>(digit);
    };
    const std::uint32_t first = next(blocks_of(plan)) * plan.block_images;
    const std::uint32_t repeat = next(plan.repeats);
    const std::uint32_t chip = next(plan.chips);
    return {static_cast<std::uint32_t>(index), chip, repeat, first, block_size(plan, first)};
}

std::uint64_t unit_index(const PlanRecord& plan, const WorkUnit& unit) {
    ACIM_EXPECT(is_planned(plan, unit));
    const std::uint64_t trial =
        (std::uint64_t{unit.point} * plan.chips + unit.chip) * plan.repeats + unit.repeat;
    return trial * blocks_of(plan) + unit.first_image / plan.block_images;
}

bool is_planned(const PlanRecord& plan, const WorkUnit& unit) {
    return unit.point < plan.points.size() && unit.chip < plan.chips &&
           unit.repeat < plan.repeats && unit.first_image < plan.images &&
           unit.first_image % plan.block_images == 0 &&
           unit.images == block_size(plan, unit.first_image);
}

}  // namespace acim
