// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/unit_queue.hpp"

#include <algorithm>

#include "cuda/trial/unit_runner.hpp"

namespace acim {
namespace {

constexpr std::uint32_t step = 8;  // images to a byte of correct bits

// What is taken at a time so that all lanes have something to do until the end.
std::uint32_t fair_share(std::uint64_t images_left, std::size_t lanes) {
    const std::uint64_t share = (images_left + lanes - 1) / lanes;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>((share + step - 1) / step * step, std::uint64_t{1} << 30));
}

}  // namespace

UnitQueue::UnitQueue(const TrialSetup& setup, std::span<const WorkUnit> units,
                     const TrialEngine::Sink& sink, const std::atomic<bool>& stop)
    : setup_(setup), units_(units), sink_(sink), stop_(stop) {
    for (const WorkUnit& unit : units) images_left_ += unit.images;
}

bool UnitQueue::next(std::uint32_t most, std::size_t lanes, UnitPart& part) {
    const std::lock_guard lock(mutex_);
    most = std::max(step, std::min(most, fair_share(images_left_, lanes)) / step * step);
    if (failure_) return false;
    if (!returned_.empty()) {
        part = returned_.back();
        returned_.pop_back();
        if (part.images > most) {
            returned_.push_back({part.unit, part.begin + most, part.images - most});
            part.images = most;
        }
        images_left_ -= part.images;
        return true;
    }
    // After a stop only units that have begun are finished.
    if (unit_ == units_.size() || (stop_ && image_ == 0)) return false;
    const WorkUnit& unit = units_[unit_];
    if (image_ == 0) open_[unit_] = {empty_result(setup_, unit), unit.images};
    part = {unit_, image_, std::min(most, unit.images - image_)};
    image_ += part.images;
    images_left_ -= part.images;
    if (image_ == unit.images) {
        ++unit_;
        image_ = 0;
    }
    return true;
}

void UnitQueue::give_back(const UnitPart& part) {
    const std::lock_guard lock(mutex_);
    returned_.push_back(part);
    images_left_ += part.images;
}

bool UnitQueue::finish(const UnitPart& part, const TrialResult& result) {
    const std::lock_guard lock(mutex_);
    if (failure_) return false;
    OpenUnit& open = open_.at(part.unit);
    add_result(open.result, result);
    open.images_left -= part.images;
    if (open.images_left > 0) return false;
    TrialResult whole = std::move(open.result);
    open_.erase(part.unit);
    ++reported_;
    sink_(std::move(whole));
    return true;
}

void UnitQueue::fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
}

void UnitQueue::rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
}

bool UnitQueue::done() const {
    const std::lock_guard lock(mutex_);
    return reported_ == units_.size();
}

}  // namespace acim
