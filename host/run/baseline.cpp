// SPDX-License-Identifier: Apache-2.0
#include "host/run/baseline.hpp"

#include <algorithm>

#include "cuda/trial/image_executor.hpp"
#include "cuda/trial/metrics.hpp"
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

std::vector<std::int32_t> digital_top1(const QuantizedNetwork& network, const ImageSource& images,
                                       std::uint32_t count, int threads) {
    const auto kernel = make_simd_kernel();
    const PointPlan plan = make_digital_plan(network, *kernel);
    std::vector<std::int32_t> top(count);
    parallel_images(0, count, image_threads(threads, count),
                    [&](int, std::uint32_t first, std::uint32_t last) {
                        ImageExecutor executor(network, *kernel);
                        for (std::uint32_t i = first; i < last; ++i) {
                            images.read(i, 1, executor.input().data());
                            top[i] = top1(executor.run(plan, PhiloxKey{}, i, {}));
                        }
                    });
    return top;
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

std::uint64_t Baselines::float_correct() {
    const std::string file = name("float", workload_->graph_hash);
    if (const json stored = load(file);
        stored.is_number_unsigned() && stored.get<std::uint64_t>() <= workload_->images)
        return stored.get<std::uint64_t>();
    const std::uint64_t correct =
        correct_float(workload_->graph, *workload_->data, 0, workload_->images, threads_);
    made_[file] = correct;
    return correct;
}

std::vector<std::int32_t> Baselines::quantised_top1(const QuantizedNetwork& network) {
    const std::string file = name("top1", network.hash);
    const json stored = load(file);
    if (stored.is_array() && stored.size() == workload_->images &&
        std::all_of(stored.begin(), stored.end(),
                    [](const json& value) { return value.is_number_integer(); }))
        return stored.get<std::vector<std::int32_t>>();
    auto top = digital_top1(network, *workload_->data, workload_->images, threads_);
    made_[file] = top;
    return top;
}

std::uint64_t Baselines::count_correct(const std::vector<std::int32_t>& top1) const {
    std::uint64_t correct = 0;
    for (std::uint32_t i = 0; i < top1.size(); ++i)
        if (top1[i] == workload_->data->label(i)) ++correct;
    return correct;
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
