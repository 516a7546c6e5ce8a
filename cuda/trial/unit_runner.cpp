// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/unit_runner.hpp"

#include "cuda/trial/metrics.hpp"

namespace acim {

TrialResult empty_result(const TrialSetup& setup, const WorkUnit& unit) {
    TrialResult result;
    result.unit = unit;
    const std::uint64_t items =
        std::uint64_t{unit.images} * static_cast<std::uint64_t>(setup.network->positions());
    result.correct_bits.assign((items + 7) / 8, 0);
    if (setup.predictions) result.predictions.assign(items, 0);
    result.layers.resize(setup.network->mac_layers().size());
    return result;
}

namespace {

// Adds the item `k` of a unit, which is item `item` of the evaluation set.
void add_item(const TrialSetup& setup, std::span<const float> logits, std::uint32_t item,
              std::uint32_t k, TrialResult& result) {
    const int label = setup.images->label(item);
    const int best = top1(logits);
    if (best == label) {
        result.correct_bits[k / 8] |= static_cast<std::uint8_t>(1u << (k % 8));
        ++result.correct;
    }
    if (best == setup.reference_top1[item]) ++result.agree;
    result.cross_entropy += cross_entropy_steps(logits, label);
    if (setup.predictions) result.predictions[k] = static_cast<std::uint16_t>(best);
}

}  // namespace

void run_images(const TrialSetup& setup, const PointPlan& plan, std::uint32_t begin,
                std::uint32_t count, ImageExecutor& executor, TrialResult& result) {
    const WorkUnit& unit = result.unit;
    const PhiloxKey key =
        trial_key(setup.points[unit.point].seed(setup.seed), unit.chip, unit.repeat);
    const auto positions = static_cast<std::uint32_t>(setup.network->positions());
    const auto classes = static_cast<std::size_t>(setup.network->classes);
    for (std::uint32_t i = begin; i < begin + count; ++i) {
        const std::uint32_t image = unit.first_image + i;
        setup.images->read(image, 1, executor.input().data());
        const auto logits = executor.run(plan, key, image, result.layers);
        for (std::uint32_t p = 0; p < positions; ++p)
            add_item(setup, logits.subspan(p * classes, classes), image * positions + p,
                     i * positions + p, result);
    }
}

void add_result(TrialResult& whole, const TrialResult& part) {
    for (std::size_t i = 0; i < whole.correct_bits.size(); ++i)
        whole.correct_bits[i] |= part.correct_bits[i];
    for (std::size_t i = 0; i < whole.predictions.size(); ++i)
        whole.predictions[i] |= part.predictions[i];
    whole.correct += part.correct;
    whole.agree += part.agree;
    whole.cross_entropy += part.cross_entropy;
    for (std::size_t i = 0; i < whole.layers.size(); ++i) whole.layers[i].add(part.layers[i]);
}

}  // namespace acim
