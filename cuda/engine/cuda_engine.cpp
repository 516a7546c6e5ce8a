// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/cuda_engine.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "cuda/engine/batch.hpp"
#include "cuda/engine/runtime.hpp"
#include "cuda/engine/unit_queue.hpp"
#include "cuda/trial/inverse_normal_table.hpp"
#include "cuda/trial/open_plans.hpp"

namespace acim {
namespace {

// Two lanes a device: while one waits for its kernels the other prepares its next batch.
constexpr std::size_t lanes_a_device = 2;
constexpr double share_of_free_memory = 0.9;
// A batch takes a fraction of a second: results come in time, launches do not show.
constexpr double conversions_a_batch = 1e11;
constexpr std::uint32_t most_images_a_batch = 1 << 15;
constexpr std::size_t most_parts_a_batch = 4096;  // blocks along y of a launch
constexpr std::uint32_t least_images = 8;

// What the lanes of one device share.
struct Device {
    const CudaDevice facts;
    std::uint64_t memory = 0;  // that one lane may take [byte]
    std::optional<DeviceNetwork> network;
    std::optional<ImageCache> images;
    DeviceArray<InverseNormalTable> normal;
};

std::string place(const CudaDevice& device) {
    return "CUDA device " + std::to_string(device.index) + " (" + device.name + ")";
}

// One call of run(): what lanes of all devices share.
struct Job {
    const TrialSetup& setup;
    const CudaEngineOptions& options;
    std::span<const WorkUnit> units;
    UnitQueue queue;
    OpenPlans plans;
    std::size_t lanes = 1;
    std::mutex mutex{};
    std::vector<std::string> lost{};  // devices, with the reason
};

// One stream of batches on one device.
class Lane {
public:
    Lane(Job& job, Device& device)
        : job_(job),
          device_(device),
          runner_(job.setup, *device.network, *device.images, device.facts.processors,
                  job.options.allow_cublas),
          most_images_(job.options.batch_images > 0 ? job.options.batch_images
                                                    : most_images_a_batch) {}

    void work() {
        while (gather()) run_batch();
    }

private:
    using Points = std::map<OpenPlans::Key, std::shared_ptr<const DevicePoint>>;

    // Takes parts of units until the batch is full.
    bool gather() {
        parts_.clear();
        batch_.clear();
        images_ = 0;
        conversions_ = 0.0;
        sizes_ = slot_sizes(*device_.network);
        Points used;
        while (batch_.size() < most_parts_a_batch && images_ < most_images_ &&
               conversions_ < conversions_a_batch) {
            const std::uint32_t room = room_for_images(used);
            if (!batch_.empty() && room < least_images) break;
            UnitPart part;
            if (!job_.queue.next(std::max(room, least_images), job_.lanes, part)) break;
            if (!add(part, used)) break;
        }
        known_ = std::move(used);
        return !batch_.empty();
    }

    // How many more images the lane's memory takes beside the points in use.
    std::uint32_t room_for_images(const Points& used) const {
        std::uint64_t points = 0;
        for (const auto& [key, point] : used) points += point->bytes();
        const std::uint64_t left = device_.memory > points ? device_.memory - points : 0;
        const std::uint64_t fit = std::min<std::uint64_t>(left / sizes_.total(), most_images_);
        return fit > images_ ? static_cast<std::uint32_t>(fit) - images_ : 0;
    }

    // False where the part has gone back because it does not fit any more.
    bool add(const UnitPart& part, Points& used) {
        std::shared_ptr<const DevicePoint> point;
        try {
            point = point_of(job_.units[part.unit], used);
        } catch (const DeviceError& error) {
            job_.queue.give_back(part);
            used.erase(job_.plans.key_of(job_.units[part.unit]));
            if (!error.out_of_memory() || (batch_.empty() && known_.empty())) throw;
            known_.clear();         // points of the last batch make room
            return batch_.empty();  // which is then taken again
        } catch (...) {
            job_.queue.give_back(part);
            throw;
        }
        add_point(sizes_, *device_.network, *point);
        if (!batch_.empty() && room_for_images(used) < part.images) {
            job_.queue.give_back(part);
            return false;
        }
        batch_.push_back({job_.units[part.unit], part.begin, part.images, point});
        parts_.push_back(part);
        images_ += part.images;
        for (std::size_t l = 0; l < device_.network->layers(); ++l)
            conversions_ += static_cast<double>(point->layer(l).conversions) * part.images;
        return true;
    }

    std::shared_ptr<const DevicePoint> point_of(const WorkUnit& unit, Points& used) {
        const OpenPlans::Key key = job_.plans.key_of(unit);
        auto& point = used[key];
        if (point) return point;
        if (const auto known = known_.find(key); known != known_.end())
            return point = known->second;
        return point = std::make_shared<const DevicePoint>(
                   *job_.setup.network, *job_.plans.get(unit), device_.normal.data());
    }

    // Runs what was gathered; where memory is short the batch goes back and later ones are smaller.
    void run_batch() {
        std::vector<TrialResult> results;
        try {
            results = runner_.run(batch_);
        } catch (const DeviceError& error) {
            for (const UnitPart& part : parts_) job_.queue.give_back(part);
            if (!error.out_of_memory() || images_ <= least_images) throw;
            most_images_ = std::max(images_ / 2, least_images);
            runner_.release();
            return;
        } catch (...) {
            for (const UnitPart& part : parts_) job_.queue.give_back(part);
            throw;
        }
        for (std::size_t i = 0; i < parts_.size(); ++i)
            if (job_.queue.finish(parts_[i], results[i])) job_.plans.done(batch_[i].unit);
    }

    Job& job_;
    Device& device_;
    BatchRunner runner_;
    std::uint32_t most_images_;
    std::vector<UnitPart> parts_;
    std::vector<BatchPart> batch_;
    std::uint32_t images_ = 0;  // of the batch
    double conversions_ = 0.0;
    SlotSizes sizes_;
    Points known_;  // of the last batch
};

// All devices have the instructions for halves of words that thresholds take.
bool compute_in_halves(const std::vector<CudaDevice>& devices) {
    return std::ranges::all_of(devices, [](const CudaDevice& d) { return d.major >= 9; });
}

class CudaEngine : public TrialEngine {
public:
    CudaEngine(std::vector<CudaDevice> devices, const CudaEngineOptions& options)
        : options_(options), packer_(compute_in_halves(devices)) {
        for (CudaDevice& device : devices) devices_.push_back({std::move(device), 0, {}, {}, {}});
    }

    std::string name() const override {
        std::string text = "cuda, ";
        text +=
            std::to_string(devices_.size()) + (devices_.size() == 1 ? " device: " : " devices: ");
        for (std::size_t i = 0; i < devices_.size(); ++i)
            text += (i == 0 ? "" : ", ") + devices_[i].facts.name;
        return text;
    }

    void prepare(std::shared_ptr<const TrialSetup> setup) override {
        setup_ = std::move(setup);
        for (Device& device : devices_) {
            device.images.reset();
            device.network.reset();
            if (is_lost(device)) continue;
            try {
                prepare(device);
            } catch (const DeviceError& error) {
                lose(device, error.what());
            }
        }
        if (lost_.size() == devices_.size()) throw EngineFailure(lost_text());
    }

    void run(std::span<const WorkUnit> units, const Sink& sink,
             const std::atomic<bool>& stop) override {
        if (units.empty()) return;
        Job job{*setup_, options_, units, UnitQueue(*setup_, units, sink, stop),
                OpenPlans(*setup_, packer_)};
        for (const WorkUnit& unit : units) job.plans.expect(unit);
        job.lanes = (devices_.size() - lost_.size()) * lanes_a_device;
        {
            std::vector<std::jthread> threads;
            for (Device& device : devices_) {
                if (is_lost(device)) continue;
                for (std::size_t i = 0; i < lanes_a_device; ++i)
                    threads.emplace_back([this, &job, &device] { work(job, device); });
            }
        }
        job.queue.rethrow();
        if (!job.queue.done() && !stop) throw EngineFailure(lost_text());
    }

    std::uint64_t memory(std::span<const WorkUnit> units) const override {
        std::uint64_t most = 0;
        for (const Device& device : devices_) {
            if (!device.network) continue;
            std::uint64_t images = 0;
            for (const WorkUnit& unit : units) images += unit.images;
            const std::uint64_t want = slot_sizes(*device.network).total() *
                                           std::min<std::uint64_t>(images, most_images_a_batch) +
                                       device.network->bytes();
            most = std::max(most, std::min(want, device.memory * lanes_a_device));
        }
        return most;
    }

private:
    void prepare(Device& device) {
        check(cudaSetDevice(device.facts.index), "cudaSetDevice");
        if (device.normal.size() == 0)
            device.normal = DeviceArray<InverseNormalTable>(
                std::span<const InverseNormalTable>(&inverse_normal_table(), 1));
        device.network.emplace(*setup_->network);
        std::size_t free = 0, total = 0;
        check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
        std::uint64_t budget =
            static_cast<std::uint64_t>(static_cast<double>(free) * share_of_free_memory);
        if (options_.memory_limit > 0) budget = std::min(budget, options_.memory_limit);
        device.images.emplace(*setup_->images, 0, setup_->images->count(), budget / 8);
        budget -= std::min(budget, device.images->bytes());
        device.memory = budget / lanes_a_device;
    }

    void work(Job& job, Device& device) {
        try {
            check(cudaSetDevice(device.facts.index), "cudaSetDevice");
            Lane(job, device).work();
        } catch (const DeviceError& error) {
            lose(device, error.what());
        } catch (...) {
            job.queue.fail(std::current_exception());
        }
    }

    bool is_lost(const Device& device) const {
        const std::lock_guard lock(mutex_);
        return lost_.contains(device.facts.index);
    }
    // A device that fails takes no more work; what it had taken is done elsewhere.
    void lose(const Device& device, const std::string& reason) {
        const std::lock_guard lock(mutex_);
        lost_.try_emplace(device.facts.index, place(device.facts) + " failed: " + reason);
    }
    std::string lost_text() const {
        const std::lock_guard lock(mutex_);
        std::string text;
        for (const auto& [index, reason] : lost_) text += (text.empty() ? "" : "; ") + reason;
        return text;
    }

    CudaEngineOptions options_;
    std::vector<Device> devices_;
    const LayerPacker packer_;
    std::shared_ptr<const TrialSetup> setup_;
    mutable std::mutex mutex_;
    std::map<int, std::string> lost_;  // by device
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
