// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/cuda_engine.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "cuda/engine/engine_device.hpp"
#include "cuda/engine/lane.hpp"
#include "cuda/engine/packed_layer.hpp"

namespace acim {
namespace {

// While one lane of a device waits for its kernels the other prepares its next batch.
constexpr std::size_t lanes_a_device = 2;

// All devices have the instructions for halves of words that thresholds take.
bool compute_in_halves(const std::vector<CudaDevice>& devices) {
    return std::ranges::all_of(devices, [](const CudaDevice& d) { return d.major >= 9; });
}

class CudaEngine : public TrialEngine {
public:
    CudaEngine(std::vector<CudaDevice> devices, const CudaEngineOptions& options)
        : options_(options), packer_(compute_in_halves(devices)) {
        for (CudaDevice& device : devices) devices_.emplace_back(std::move(device));
    }

    std::string name() const override {
        std::string text = "cuda, ";
        text +=
            std::to_string(devices_.size()) + (devices_.size() == 1 ? " device: " : " devices: ");
        for (const EngineDevice& device : devices_)
            text += (&device == &devices_.front() ? "" : ", ") + device.facts().name;
        return text;
    }

    void prepare(std::shared_ptr<const TrialSetup> setup) override {
        for (EngineDevice& device : devices_) device.clear();
        setup_ = std::move(setup);
        for (EngineDevice& device : devices_) device.prepare(*setup_, options_.memory_limit);
        if (!is_usable()) throw EngineFailure(failures());
    }

    void run(std::span<const WorkUnit> units, const Sink& sink,
             const std::atomic<bool>& stop) override {
        if (units.empty()) return;
        EngineJob job{*setup_, options_, units, UnitQueue(*setup_, units, sink, stop),
                      OpenPlans(*setup_, packer_)};
        for (const WorkUnit& unit : units) job.plans.expect(unit);
        run_lanes(job);
        job.queue.rethrow();
        if (!job.queue.done() && !is_usable()) throw EngineFailure(failures());
    }

    std::uint64_t memory(std::span<const WorkUnit> units) const override {
        std::uint64_t images = 0, most = 0;
        for (const WorkUnit& unit : units) images += unit.images;
        const auto slots =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(images, most_images_a_batch));
        for (const EngineDevice& device : devices_) {
            if (!device.prepared()) continue;
            const std::uint64_t want =
                slot_sizes(device.network()).bytes(slots, units.size()) + device.network().bytes();
            most = std::max(most, std::min(want, device.memory()));
        }
        return most;
    }

    // Of devices that failed while others go on; where none does EngineFailure names them all.
    std::vector<std::string> warnings() override {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> lines;
        if (!is_usable()) return lines;
        for (const EngineDevice& device : devices_)
            if (device.failed() && told_.insert(device.failure()).second)
                lines.push_back(device.failure() + "; the other devices do its work");
        return lines;
    }

private:
    static bool is_usable(const EngineDevice& device) {
        return device.prepared() && !device.failed();
    }
    bool is_usable() const {
        return std::ranges::any_of(devices_, [](const EngineDevice& d) { return is_usable(d); });
    }

    // A thread for every lane but the first, which has this one. The machine may refuse threads;
    // fewer of them give the same results.
    void run_lanes(EngineJob& job) {
        std::vector<EngineDevice*> lanes;  // first one of every device
        for (std::size_t i = 0; i < lanes_a_device; ++i)
            for (EngineDevice& device : devices_)
                if (is_usable(device)) lanes.push_back(&device);
        if (lanes.empty()) return;
        std::latch start(1);  // when it is known how many lanes there are
        std::vector<std::jthread> threads;
        threads.reserve(lanes.size());
        try {
            for (std::size_t i = 1; i < lanes.size(); ++i)
                threads.emplace_back([&job, &start, device = lanes[i]] {
                    start.wait();
                    Lane(job, *device).work();
                });
        } catch (const std::exception&) {
        }
        lanes.resize(threads.size() + 1);
        for (EngineDevice& device : devices_)
            device.start_lanes(static_cast<std::size_t>(std::ranges::count(lanes, &device)));
        job.lanes = lanes.size();
        start.count_down();
        Lane(job, *lanes.front()).work();
    }

    std::string failures() const {
        std::string text;
        for (const EngineDevice& device : devices_)
            if (device.failed()) text += (text.empty() ? "" : "; ") + device.failure();
        return text.empty() ? "no network is ready" : text;
    }

    CudaEngineOptions options_;
    std::deque<EngineDevice> devices_;
    const LayerPacker packer_;
    std::shared_ptr<const TrialSetup> setup_;
    std::mutex mutex_;  // of what follows
    std::set<std::string> told_;
};

}  // namespace

std::unique_ptr<TrialEngine> make_cuda_engine(const CudaEngineOptions& options) {
    const CudaStatus status = cuda_status();
    if (status.devices.empty()) throw std::runtime_error(status.missing);
    std::vector<CudaDevice> devices;
    for (const CudaDevice& device : status.devices)
        if (options.devices.empty() ||
            std::ranges::find(options.devices, device.index) != options.devices.end())
            devices.push_back(device);
    if (devices.empty())
        throw std::runtime_error("none of the chosen CUDA devices is there; see acimsweep info");
    return std::make_unique<CudaEngine>(std::move(devices), options);
}

}  // namespace acim
