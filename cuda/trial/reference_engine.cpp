// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/reference_engine.hpp"

#include "cuda/trial/unit_runner.hpp"

namespace acim {
namespace {

class ReferenceEngine : public TrialEngine {
public:
    std::string name() const override { return "reference, 1 thread"; }

    void prepare(std::shared_ptr<const TrialSetup> setup) override { setup_ = std::move(setup); }

    void run(std::span<const WorkUnit> units, const Sink& sink,
             const std::atomic<bool>& stop) override {
        ImageExecutor executor(*setup_->network, *kernel_);
        CycleLawCache cache;
        for (const WorkUnit& unit : units) {
            if (stop) return;
            const DesignPoint& point = setup_->points[unit.point];
            const PointPlan plan = make_point_plan(*setup_->network, point,
                                                   chip_key(point.seed(setup_->seed), unit.chip),
                                                   *kernel_, cache, unit.chip);
            TrialResult result = empty_result(*setup_, unit);
            run_images(*setup_, plan, 0, unit.images, executor, result);
            sink(std::move(result));
        }
    }

    std::uint64_t memory(std::span<const WorkUnit>) const override {
        return ImageExecutor::memory(*setup_->network);
    }

private:
    std::shared_ptr<const TrialSetup> setup_;
    std::unique_ptr<ProductKernel> kernel_ = make_reference_kernel();
};

}  // namespace

std::unique_ptr<TrialEngine> make_reference_engine() { return std::make_unique<ReferenceEngine>(); }

}  // namespace acim
