// SPDX-License-Identifier: Apache-2.0
#include "host/engine/cpu_engine.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "cuda/trial/open_plans.hpp"
#include "cuda/trial/unit_runner.hpp"
#include "host/core/allotment.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/engine/simd_loops.hpp"

namespace acim {
namespace {

// Images that a thread takes at a time: few enough to share the last unit between the cores, many
// enough for locks not to show. A multiple of 8 keeps the bytes of correct bits apart.
constexpr std::uint32_t images_per_task = 16;

// Part of a unit.
struct Task {
    std::size_t unit = 0;
    std::uint32_t begin = 0, images = 0;
};

class CpuEngine : public TrialEngine {
public:
    explicit CpuEngine(int threads) : threads_(threads > 0 ? threads : usable_cores()) {}

    std::string name() const override {
        return "cpu, " + std::to_string(threads_) + (threads_ == 1 ? " thread, " : " threads, ") +
               simd::chosen_target();
    }

    void prepare(std::shared_ptr<const TrialSetup> setup) override { setup_ = std::move(setup); }

    void run(std::span<const WorkUnit> units, const Sink& sink,
             const std::atomic<bool>& stop) override {
        const int threads = threads_with_room();
        Run state(*setup_, *kernel_, units, sink, stop);
        {
            // The machine may refuse threads; fewer of them give the same results, and this one
            // works too.
            std::vector<std::jthread> pool;
            try {
                for (int t = 1; t < threads; ++t) pool.emplace_back([&] { state.work(); });
            } catch (const std::system_error&) {
            }
            state.work();
        }
        state.rethrow();
    }

    std::uint64_t memory(std::span<const WorkUnit>) const override {
        return ImageExecutor::memory(*setup_->network) *
               static_cast<std::uint64_t>(threads_with_room());
    }

private:
    int threads_with_room() const {
        return threads_in_memory(threads_, ImageExecutor::memory(*setup_->network),
                                 "the quantised network on one image");
    }

    // One call of run(): the queue, the results under way, the first failure.
    class Run {
    public:
        Run(const TrialSetup& setup, const ProductKernel& kernel, std::span<const WorkUnit> units,
            const Sink& sink, const std::atomic<bool>& stop)
            : setup_(setup),
              kernel_(kernel),
              units_(units),
              sink_(sink),
              stop_(stop),
              plans_(setup, kernel) {
            for (const WorkUnit& unit : units) plans_.expect(unit);
        }

        void work() {
            try {
                ImageExecutor executor(*setup_.network, kernel_);
                for (Task task; next(task);) run_task(task, executor);
            } catch (...) {
                const std::lock_guard lock(mutex_);
                if (!failure_) failure_ = std::current_exception();
                failed_ = true;
            }
        }

        void rethrow() const {
            if (failure_) std::rethrow_exception(failure_);
        }

    private:
        // The next part of the queue; after a stop only units that have begun are finished.
        bool next(Task& task) {
            const std::lock_guard lock(mutex_);
            if (failed_ || unit_ == units_.size() || (stop_ && image_ == 0)) return false;
            const WorkUnit& unit = units_[unit_];
            if (image_ == 0) open_[unit_] = {empty_result(setup_, unit), unit.images};
            task = {unit_, image_, std::min(images_per_task, unit.images - image_)};
            image_ += task.images;
            if (image_ == unit.images) {
                ++unit_;
                image_ = 0;
            }
            return true;
        }

        void run_task(const Task& task, ImageExecutor& executor) {
            const WorkUnit& unit = units_[task.unit];
            const auto plan = plans_.get(unit);
            TrialResult part = empty_result(setup_, unit);
            run_images(setup_, *plan, task.begin, task.images, executor, part);
            const std::lock_guard lock(mutex_);
            OpenUnit& open = open_.at(task.unit);
            add_result(open.result, part);
            open.images_left -= task.images;
            if (open.images_left > 0) return;
            TrialResult result = std::move(open.result);
            open_.erase(task.unit);
            plans_.done(unit);
            sink_(std::move(result));
        }

        // A unit under way.
        struct OpenUnit {
            TrialResult result;
            std::uint32_t images_left = 0;
        };

        const TrialSetup& setup_;
        const ProductKernel& kernel_;
        std::span<const WorkUnit> units_;
        const Sink& sink_;
        const std::atomic<bool>& stop_;
        OpenPlans plans_;
        std::map<std::size_t, OpenUnit> open_;
        std::size_t unit_ = 0;     // the next unit
        std::uint32_t image_ = 0;  // and its next image
        std::mutex mutex_;
        std::exception_ptr failure_;
        bool failed_ = false;
    };

    int threads_;
    std::shared_ptr<const TrialSetup> setup_;
    std::unique_ptr<ProductKernel> kernel_ = make_simd_kernel();
};

}  // namespace

std::unique_ptr<TrialEngine> make_cpu_engine(int threads) {
    return std::make_unique<CpuEngine>(threads);
}

std::string simd_description() {
    std::string compiled;
    for (const std::string& target : simd::compiled_targets())
        compiled += (compiled.empty() ? "" : ", ") + target;
    return simd::chosen_target() + " (compiled: " + compiled + ")";
}

}  // namespace acim
