// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/lane.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace acim {
namespace {

// A batch takes a fraction of a second: results come in time, launches do not show.
constexpr double conversions_a_batch = 1e11;
// Less than a millisecond's work is not shared between lanes.
constexpr double conversions_worth_a_batch = 1e9;
constexpr std::size_t most_parts_a_batch = 4096;  // blocks along y of a launch
constexpr std::uint32_t least_images = 8;

}  // namespace

Lane::Point Lane::Points::find(const OpenPlans::Key& key) const {
    const auto found = by_key.find(key);
    return found == by_key.end() ? nullptr : found->second;
}

void Lane::Points::add(const OpenPlans::Key& key, const Point& point) {
    if (by_key.emplace(key, point).second) bytes += point->bytes();
}

void Lane::Points::erase(const OpenPlans::Key& key) {
    if (const Point point = find(key)) bytes -= point->bytes();
    by_key.erase(key);
}

Lane::Lane(EngineJob& job, EngineDevice& device)
    : job_(job),
      device_(device),
      most_images_(job.options.batch_images > 0 ? job.options.batch_images : most_images_a_batch),
      most_parts_(most_parts_a_batch),
      sizes_(slot_sizes(device.network())) {}

void Lane::work() {
    try {
        work_on_device();
    } catch (...) {  // the units cannot be run, or the host is out of memory
        job_.queue.fail(std::current_exception());
    }
}

void Lane::work_on_device() {
    try {
        check(cudaSetDevice(device_.facts().index), "cudaSetDevice");
        while (!device_.failed() && run_batch()) {
        }
        if (runner_) device_.keep_runner(std::move(runner_));
    } catch (const DeviceError& error) {
        device_.fail(error);  // first, or another lane of it would take up what comes back
        give_back();
    }
}

// False where the lane has nothing more to do.
bool Lane::run_batch() {
    try {
        if (!gather()) return false;
        run_gathered();
        empty_handed_ = false;
        return true;
    } catch (const DeviceError& error) {
        if (runner_) runner_->settle();  // nothing of it is in use when it is given back
        if (!error.out_of_memory()) throw;
        return retry_smaller(error);
    }
}

// Takes parts of units until the batch is full.
bool Lane::gather() {
    sizes_ = slot_sizes(device_.network());
    share_ = job_.queue.share(job_.lanes);
    Points used;
    while (!is_full()) {
        const std::uint32_t room = room_for_images(used);
        if (!batch_.empty() && room < least_images) break;
        const auto when_empty =
            parts_.empty() ? UnitQueue::WhenEmpty::wait : UnitQueue::WhenEmpty::leave;
        UnitPart part;
        const std::uint32_t most = std::max(std::min(room, fair_images()), least_images);
        if (!job_.queue.next(most, when_empty, part)) break;
        parts_.push_back(part);
        if (device_.failed() || !add(parts_.back(), used)) {
            job_.queue.give_back(parts_.back());
            parts_.pop_back();
            break;
        }
    }
    known_ = std::move(used);  // with the point of a part that had no place
    if (device_.failed()) give_back();
    return !batch_.empty();
}

bool Lane::is_full() const {
    const bool others_wait = images_ >= share_ && conversions_ >= conversions_worth_a_batch;
    return others_wait || batch_.size() >= most_parts_ || images_ >= most_images_ ||
           conversions_ >= conversions_a_batch;
}

// How many more images the lane may take while others have nothing.
std::uint32_t Lane::fair_images() const {
    if (images_ < share_) return share_ - images_;
    const double left = (conversions_worth_a_batch - conversions_) / (conversions_ / images_);
    return left < most_images_a_batch ? static_cast<std::uint32_t>(left) + least_images
                                      : most_images_a_batch;
}

// False where the part does not fit any more. A part that has the batch for itself is cut.
bool Lane::add(UnitPart& part, Points& used) {
    const WorkUnit& unit = job_.units[part.unit];
    const OpenPlans::Key key = job_.plans.key_of(unit);
    const bool fresh = !used.find(key);
    Point point;
    try {
        point = point_of(unit, used);
    } catch (const DeviceError& error) {
        if (!error.out_of_memory() || batch_.empty()) throw;
        return false;
    }
    add_point(sizes_, device_.network(), *point);
    if (!has_place(part, used)) {
        // The next batch begins with this point: it stays if it can.
        const std::uint64_t bytes = sizes_.bytes(images_, batch_.size());
        if (fresh && bytes + used.bytes > device_.lane_memory()) used.erase(key);
        return false;
    }
    batch_.push_back({unit, part.begin, part.images, point});
    images_ += part.images;
    for (std::size_t l = 0; l < device_.network().layers(); ++l)
        conversions_ += static_cast<double>(point->layer(l).conversions) * part.images;
    return true;
}

bool Lane::has_place(UnitPart& part, const Points& used) const {
    const std::uint32_t room = room_for_images(used);
    if (room >= part.images) return true;
    if (!batch_.empty() && room < least_images) return false;
    job_.queue.shorten(part, std::max(least_images, room / least_images * least_images));
    return true;
}

Lane::Point Lane::point_of(const WorkUnit& unit, Points& used) {
    const OpenPlans::Key key = job_.plans.key_of(unit);
    Point point = used.find(key);
    if (!point) point = known_.find(key);
    if (!point) {
        make_room(used);
        point = std::make_shared<const DevicePoint>(*job_.setup.network, *job_.plans.get(unit),
                                                    device_.normal(), &device_.pool());
        largest_point_ = std::max<std::uint64_t>(largest_point_, point->bytes());
    }
    used.add(key, point);
    return point;
}

// For a point as large as any so far: what the last batch has left behind goes.
void Lane::make_room(const Points& used) {
    const std::uint64_t needed = used.bytes + largest_point_ + buffer_bytes();
    if (needed + known_.bytes > device_.lane_memory()) known_ = {};
    if (needed > device_.lane_memory()) release_buffers();
}

std::uint64_t Lane::buffer_bytes() const { return runner_ ? runner_->bytes() : 0; }

void Lane::release_buffers() {
    if (runner_) runner_->release();
}

// How many more images the lane's memory takes beside the points in use.
std::uint32_t Lane::room_for_images(const Points& used) const {
    const std::uint64_t memory = device_.lane_memory();
    const std::uint64_t left = memory > used.bytes ? memory - used.bytes : 0;
    const std::uint64_t fit =
        std::min<std::uint64_t>(sizes_.slots_in(left, batch_.size() + 1), most_images_);
    return fit > images_ ? static_cast<std::uint32_t>(fit) - images_ : 0;
}

void Lane::run_gathered() {
    // Buffers of another shape would take the place of points, or of those that have to grow.
    const std::uint64_t needed = sizes_.bytes(images_, batch_.size());
    if (!runner_) runner_ = device_.take_runner(job_.setup, job_.options.allow_cublas);
    if (needed > runner_->reserved() || known_.bytes + buffer_bytes() > device_.lane_memory())
        release_buffers();
    runner_->note_reserved(needed);
    const std::vector<TrialResult> results = runner_->run(batch_);
    if (device_.failed()) {  // in the meantime: nothing of it is trusted
        give_back();
        return;
    }
    for (std::size_t i = 0; i < parts_.size(); ++i)
        if (job_.queue.finish(parts_[i], results[i])) job_.plans.done(batch_[i].unit);
    parts_.clear();
    give_back();
}

// Drops the batch; what was taken for it and is not finished goes to other lanes.
void Lane::give_back() {
    for (const UnitPart& part : parts_) job_.queue.give_back(part);
    parts_.clear();
    batch_.clear();
    images_ = 0;
    conversions_ = 0.0;
}

// After an allocation that failed. False where the lane leaves the device to others.
bool Lane::retry_smaller(const DeviceError& error) {
    if (images_ > least_images || batch_.size() > 1) {
        if (images_ > least_images)
            most_images_ = std::max(images_ / 2, least_images);
        else
            most_parts_ = batch_.size() / 2;
        release_buffers();
        give_back();
        return true;
    }
    const std::string needs = needs_of_smallest();
    release();
    if (!std::exchange(empty_handed_, true)) return true;
    if (alone_) {
        std::size_t free = 0, total = 0;
        check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
        throw DeviceError(cudaErrorMemoryAllocation,
                          needs + ", " + memory_text(free) + " are free (" + error.what() + ")");
    }
    alone_ = !device_.leave();
    return alone_;
}

std::string Lane::needs_of_smallest() const {
    std::uint64_t bytes = sizes_.bytes(least_images, 1);
    if (!batch_.empty()) bytes += batch_.front().point->bytes();
    return "a batch of " + std::to_string(least_images) + " images needs " + memory_text(bytes) +
           (batch_.empty() ? " and its design point" : "");
}

void Lane::release() {
    give_back();
    known_ = {};
    runner_.reset();
    device_.pool().trim();
}

}  // namespace acim
