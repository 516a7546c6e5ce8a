// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <mutex>
#include <vector>

#include "host/core/error.hpp"
#include "host/quant/float_executor.hpp"
#include "host/quant/parallel_images.hpp"

namespace acim {
namespace {

std::vector<int> without_ones(const std::vector<int>& shape) {
    std::vector<int> out;
    for (int d : shape)
        if (d != 1) out.push_back(d);
    return out;
}

}  // namespace

void check_image_shape(const Tensor& input, const std::vector<int>& shape) {
    std::int64_t elements = 1;
    for (int d : shape) elements *= d;
    const std::vector<int> wanted = without_ones(input.shape);
    const bool flat = wanted.size() <= 1 && input.elements() == elements;
    if (flat || wanted == without_ones(shape)) return;
    throw InputError(fmt::format(
        "workload.data: images have the shape [{}] but the network's input '{}' has [{}]. Give the "
        "data that the network was trained on",
        fmt::join(shape, ", "), input.name, fmt::join(input.shape, ", ")));
}

Score score_float(const std::shared_ptr<const FloatGraph>& graph, const ImageSource& source,
                  std::uint32_t first, std::uint32_t images, int threads) {
    ACIM_EXPECT(std::uint64_t{first} + images <= source.count());
    const Tensor& input = graph->tensors[static_cast<std::size_t>(graph->input)];
    check_image_shape(input, source.image_shape());
    const FloatExecutor executor(graph);
    const auto positions = static_cast<std::uint32_t>(graph->positions());
    const auto classes = static_cast<std::size_t>(graph->classes());
    std::mutex mutex;
    Score score;
    const int pool =
        image_threads(threads, images, executor.memory(), "the float network on one image");
    parallel_images(first, images, pool, [&](int, std::uint32_t begin, std::uint32_t end) {
        auto workspace = executor.workspace();
        std::vector<float> image(static_cast<std::size_t>(input.elements()));
        Score mine;
        for (std::uint32_t i = begin; i < end; ++i) {
            source.read(i, 1, image.data());
            const auto logits = executor.run(image, workspace);
            for (std::uint32_t p = 0; p < positions; ++p)
                mine.add(logits.subspan(p * classes, classes), source.label(i * positions + p));
        }
        const std::lock_guard lock(mutex);
        score.add(mine);
    });
    return score;
}

double accuracy_float(const std::shared_ptr<const FloatGraph>& graph, const ImageSource& source,
                      std::uint32_t first, std::uint32_t images, int threads) {
    ACIM_EXPECT(images > 0);
    return static_cast<double>(score_float(graph, source, first, images, threads).correct) /
           (static_cast<double>(images) * graph->positions());
}

}  // namespace acim
