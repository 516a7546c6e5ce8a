// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "cuda/trial/engine.hpp"

namespace acim {

// Images [begin, begin + images) of unit number `unit`.
struct UnitPart {
    std::size_t unit = 0;
    std::uint32_t begin = 0, images = 0;
};

// The work of one run, taken by several lanes in parts and given back where a device fails. Parts
// of a unit begin at multiples of 8 images, so that they share no byte of correct bits. Every part
// that a lane has taken it finishes or gives back, unless the run fails.
class UnitQueue {
public:
    // What a lane does where there is no work but parts that other lanes have taken and may give
    // back. A lane that holds parts itself must not wait.
    enum class WhenEmpty { wait, leave };

    UnitQueue(const TrialSetup& setup, std::span<const WorkUnit> units,
              const TrialEngine::Sink& sink, const std::atomic<bool>& stop);

    // The next part, of at most `most` images (8 at least). False where nothing is left: no work, a
    // stop, a failure.
    bool next(std::uint32_t most, WhenEmpty when_empty, UnitPart& part);
    // Images that a lane may take at a time if each of so many shall have something to do.
    std::uint32_t share(std::size_t lanes) const;
    // Puts a part back, to be taken first.
    void give_back(const UnitPart& part);
    // Gives back all but the first `images` images of a part, a multiple of 8.
    void shorten(UnitPart& part, std::uint32_t images);
    // Adds what a part gave; reports the unit once it is whole. True if so. What the sink throws
    // ends the run.
    bool finish(const UnitPart& part, const TrialResult& result);
    // Ends the run; the first failure counts.
    void fail(std::exception_ptr failure);
    void rethrow() const;
    bool done() const;  // every unit has been reported

private:
    struct OpenUnit {
        TrialResult result;
        std::uint32_t images_left = 0;
    };

    void report(TrialResult&& whole);
    bool has_work() const;
    void put_back(const UnitPart& part);

    const TrialSetup& setup_;
    std::span<const WorkUnit> units_;
    const TrialEngine::Sink& sink_;
    const std::atomic<bool>& stop_;
    std::mutex sink_mutex_;  // taken before the other
    mutable std::mutex mutex_;
    std::condition_variable changed_;  // there is work again, or there will be none
    std::map<std::size_t, OpenUnit> open_;
    std::vector<UnitPart> returned_;
    std::size_t unit_ = 0;     // the next unit
    std::uint32_t image_ = 0;  // and its next image
    std::uint64_t images_left_ = 0;
    std::size_t in_flight_ = 0;  // parts that lanes hold
    std::size_t reported_ = 0;
    std::exception_ptr failure_;
};

}  // namespace acim
