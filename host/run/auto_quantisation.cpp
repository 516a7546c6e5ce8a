// SPDX-License-Identifier: Apache-2.0
#include "host/run/auto_quantisation.hpp"

#include <limits>
#include <vector>

#include "cuda/trial/image_executor.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/quant/float_executor.hpp"
#include "host/quant/parallel_images.hpp"

namespace acim {
namespace {

using Logits = std::vector<std::vector<float>>;  // by image

// Runs `image_body(executor, image)` for all images, an executor of so many bytes a thread.
template <class MakeExecutor, class Body>
Logits logits_of(const ImageSource& source, std::uint32_t images, int threads, std::uint64_t bytes,
                 MakeExecutor make, Body body) {
    Logits out(images);
    parallel_images(0, images, image_threads(threads, images, bytes, "the network on one image"),
                    [&](int, std::uint32_t begin, std::uint32_t end) {
                        auto executor = make();
                        for (std::uint32_t i = begin; i < end; ++i) {
                            const auto logits = body(executor, source, i);
                            out[i].assign(logits.begin(), logits.end());
                        }
                    });
    return out;
}

Logits float_logits(const std::shared_ptr<const FloatGraph>& graph, const ImageSource& source,
                    std::uint32_t images, int threads) {
    const FloatExecutor executor(graph);
    std::vector<float> empty(static_cast<std::size_t>(
        graph->tensors[static_cast<std::size_t>(graph->input)].elements()));
    return logits_of(
        source, images, threads, executor.memory(),
        [&] { return std::pair(executor.workspace(), empty); },
        [&](auto& own, const ImageSource& from, std::uint32_t i) {
            from.read(i, 1, own.second.data());
            return executor.run(own.second, own.first);
        });
}

Logits integer_logits(const QuantizedNetwork& network, const ImageSource& source,
                      std::uint32_t images, int threads) {
    const auto kernel = make_simd_kernel();
    const PointPlan plan = make_digital_plan(network, *kernel);
    return logits_of(
        source, images, threads, ImageExecutor::memory(network),
        [&] { return ImageExecutor(network, *kernel); },
        [&](ImageExecutor& executor, const ImageSource& from, std::uint32_t i) {
            from.read(i, 1, executor.input().data());
            return executor.run(plan, PhiloxKey{}, i, {});
        });
}

// In the order of images and logits, so that threads do not change a bit.
double squared_error(const Logits& a, const Logits& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t c = 0; c < a[i].size(); ++c) {
            const double e = static_cast<double>(a[i][c]) - static_cast<double>(b[i][c]);
            sum += e * e;
        }
    return sum;
}

std::vector<RangeRule> candidates(RangeRule rule) {
    if (rule != RangeRule::automatic) return {rule};
    return {RangeRule::max, RangeRule::percentile, RangeRule::mse};
}

}  // namespace

bool has_automatic_rule(const QuantisationRecipe& recipe) {
    return recipe.spec.weights == RangeRule::automatic ||
           recipe.spec.activations == RangeRule::automatic;
}

QuantisationRecipe choose_rules(const std::shared_ptr<const FloatGraph>& graph,
                                const CalibrationStatistics& statistics,
                                const QuantisationRecipe& recipe, const ImageSource& source,
                                int threads) {
    const Logits wanted = float_logits(graph, source, statistics.images, threads);
    QuantisationRecipe best = recipe, tried = recipe;
    double least = std::numeric_limits<double>::infinity();
    for (const RangeRule weights : candidates(recipe.spec.weights))
        for (const RangeRule activations : candidates(recipe.spec.activations)) {
            tried.spec.weights = weights;
            tried.spec.activations = activations;
            const QuantizedNetwork network =
                quantise(*graph, statistics, tried.spec, tried.weight_bits, tried.activation_bits);
            const double error =
                squared_error(wanted, integer_logits(network, source, statistics.images, threads));
            if (error < least) {
                least = error;
                best = tried;
            }
        }
    return best;
}

}  // namespace acim
