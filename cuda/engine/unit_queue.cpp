// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/unit_queue.hpp"

#include <algorithm>

#include "cuda/trial/unit_runner.hpp"

namespace acim {
namespace {

constexpr std::uint32_t step = 8;  // images to a byte of correct bits

}  // namespace

UnitQueue::UnitQueue(const TrialSetup& setup, std::span<const WorkUnit> units,
                     const TrialEngine::Sink& sink, const std::atomic<bool>& stop)
    : setup_(setup), units_(units), sink_(sink), stop_(stop) {
    for (const WorkUnit& unit : units) images_left_ += unit.images;
}

// After a stop only units that have begun are finished.
bool UnitQueue::has_work() const {
    return !returned_.empty() || (unit_ < units_.size() && !(stop_ && image_ == 0));
}

bool UnitQueue::next(std::uint32_t most, WhenEmpty when_empty, UnitPart& part) {
    std::unique_lock lock(mutex_);
    while (!failure_ && !has_work()) {
        if (when_empty == WhenEmpty::leave || in_flight_ == 0) return false;
        changed_.wait(lock);
    }
    if (failure_) return false;
    most = std::max(step, most / step * step);
    ++in_flight_;
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

std::uint32_t UnitQueue::share(std::size_t lanes) const {
    const std::lock_guard lock(mutex_);
    const std::uint64_t share = (images_left_ + lanes - 1) / lanes;
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>((share + step - 1) / step * step, step, std::uint64_t{1} << 30));
}

void UnitQueue::put_back(const UnitPart& part) {
    returned_.push_back(part);
    images_left_ += part.images;
    changed_.notify_all();
}

void UnitQueue::give_back(const UnitPart& part) {
    const std::lock_guard lock(mutex_);
    put_back(part);
    --in_flight_;
}

void UnitQueue::shorten(UnitPart& part, std::uint32_t images) {
    if (images >= part.images) return;
    const std::lock_guard lock(mutex_);
    put_back({part.unit, part.begin + images, part.images - images});
    part.images = images;
}

bool UnitQueue::finish(const UnitPart& part, const TrialResult& result) {
    TrialResult whole;
    {
        const std::lock_guard lock(mutex_);
        if (--in_flight_ == 0) changed_.notify_all();
        if (failure_) return false;
        OpenUnit& open = open_.at(part.unit);
        add_result(open.result, result);
        open.images_left -= part.images;
        if (open.images_left > 0) return false;
        whole = std::move(open.result);
        open_.erase(part.unit);
    }
    report(std::move(whole));
    return true;
}

// One at a time, and nothing after a failure; other lanes take parts in the meantime.
void UnitQueue::report(TrialResult&& whole) {
    const std::lock_guard one(sink_mutex_);
    {
        const std::lock_guard lock(mutex_);
        if (failure_) return;
    }
    try {
        sink_(std::move(whole));
    } catch (...) {
        fail(std::current_exception());
        return;
    }
    const std::lock_guard lock(mutex_);
    ++reported_;
}

void UnitQueue::fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    changed_.notify_all();
}

void UnitQueue::rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
}

bool UnitQueue::done() const {
    const std::lock_guard lock(mutex_);
    return reported_ == units_.size();
}

}  // namespace acim
