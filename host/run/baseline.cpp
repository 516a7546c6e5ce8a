// SPDX-License-Identifier: Apache-2.0
#include "host/run/baseline.hpp"

#include <mutex>

#include "cuda/trial/image_executor.hpp"
#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/quant/float_executor.hpp"
#include "host/quant/parallel_images.hpp"
#include "host/store/sealed_file.hpp"

namespace acim {
namespace {

using nlohmann::json;

DigitalBaseline digital_baseline(const QuantizedNetwork& network, const ImageSource& images,
                                 std::uint32_t count, int threads) {
    const auto kernel = make_simd_kernel();
    const PointPlan plan = make_digital_plan(network, *kernel);
    const auto positions = static_cast<std::uint32_t>(network.positions());
    const auto classes = static_cast<std::size_t>(network.classes);
    DigitalBaseline out;
    out.top1.resize(std::size_t{count} * positions);
    std::mutex mutex;
    const int pool = image_threads(threads, count, ImageExecutor::memory(network),
                                   "the quantised network on one image");
    parallel_images(0, count, pool, [&](int, std::uint32_t first, std::uint32_t last) {
        ImageExecutor executor(network, *kernel);
        Score mine;
        for (std::uint32_t i = first; i < last; ++i) {
            images.read(i, 1, executor.input().data());
            const auto logits = executor.run(plan, PhiloxKey{}, i, {});
            for (std::uint32_t p = 0; p < positions; ++p) {
                const auto own = logits.subspan(p * classes, classes);
                const std::uint32_t item = i * positions + p;
                out.top1[item] = top1(own);
                mine.add(own, images.label(item));
            }
        }
        const std::lock_guard lock(mutex);
        out.score.add(mine);
    });
    return out;
}

}  // namespace

Baselines::Baselines(std::shared_ptr<const Workload> workload, std::filesystem::path folder,
                     int threads)
    : workload_(std::move(workload)), folder_(std::move(folder)), threads_(threads) {}

std::string Baselines::name(const char* kind, const std::string& hash) const {
    const json key{{"model_version", model_version},
                   {"network", hash},
                   {"data", workload_->data->content_hash()},
                   {"images", workload_->images}};
    return std::string("baseline-") + kind + "-" + sha256_hex(key.dump()).substr(0, 32) + ".json";
}

json Baselines::load(const std::string& name) const {
    if (folder_.empty() || !std::filesystem::exists(folder_ / name)) return nullptr;
    const std::vector<std::byte> bytes = read_whole_file(folder_ / name);
    const SealedImage sealed = check_seal(bytes);
    if (sealed.state != SealState::good) return nullptr;
    const auto* text = reinterpret_cast<const char*>(sealed.image.data());
    return json::parse(text, text + sealed.image.size(), nullptr, false);
}

Score Baselines::float_score() {
    const std::string file = name("float", workload_->graph_hash);
    try {
        const json stored = load(file);
        if (!stored.is_null())
            return {stored.at("correct").get<std::uint64_t>(),
                    stored.at("cross_entropy").get<std::int64_t>()};
    } catch (const json::exception&) {  // not what this program writes: measured anew
    }
    const Score score =
        score_float(workload_->graph, *workload_->data, 0, workload_->images, threads_);
    made_[file] = {{"correct", score.correct}, {"cross_entropy", score.cross_entropy}};
    return score;
}

DigitalBaseline Baselines::quantised(const QuantizedNetwork& network) {
    const std::string file = name("top1", network.hash);
    DigitalBaseline baseline;
    if (read(load(file), baseline)) return baseline;
    baseline = digital_baseline(network, *workload_->data, workload_->images, threads_);
    made_[file] = {{"top1", baseline.top1}, {"cross_entropy", baseline.score.cross_entropy}};
    return baseline;
}

bool Baselines::read(const json& value, DigitalBaseline& out) const {
    if (value.is_null()) return false;
    try {
        DigitalBaseline stored{value.at("top1").get<std::vector<std::int32_t>>(),
                               {0, value.at("cross_entropy").get<std::int64_t>()}};
        if (stored.top1.size() != workload_->items()) return false;
        for (std::uint32_t i = 0; i < stored.top1.size(); ++i)
            if (stored.top1[i] == workload_->data->label(i)) ++stored.score.correct;
        out = std::move(stored);
        return true;
    } catch (const json::exception&) {  // not what this program writes: measured anew
        return false;
    }
}

void Baselines::save() const {
    for (const auto& [file, value] : made_) {
        const std::string text = value.dump();
        const auto bytes = std::as_bytes(std::span(text));
        std::vector<std::byte> sealed(bytes.begin(), bytes.end());
        seal(sealed);
        write_file_atomically(folder_ / file, sealed);
    }
}

}  // namespace acim
