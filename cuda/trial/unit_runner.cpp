// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/unit_runner.hpp"

#include "cuda/trial/metrics.hpp"

namespace acim {

TrialResult empty_result(const TrialSetup& setup, const WorkUnit& unit) {
    TrialResult result;
    result.unit = unit;
    result.correct_bits.assign((unit.images + 7) / 8, 0);
    result.layers.resize(setup.network->mac_layers().size());
    return result;
}

void run_images(const TrialSetup& setup, const PointPlan& plan, std::uint32_t begin,
                std::uint32_t count, ImageExecutor& executor, TrialResult& result) {
    const WorkUnit& unit = result.unit;
    const PhiloxKey key =
        trial_key(setup.points[unit.point].seed(setup.seed), unit.chip, unit.repeat);
    for (std::uint32_t i = begin; i < begin + count; ++i) {
        const std::uint32_t image = unit.first_image + i;
        setup.images->read(image, 1, executor.input().data());
        const auto logits = executor.run(plan, key, image, result.layers);
        const int label = setup.images->label(image);
        const int best = top1(logits);
        if (best == label) {
            result.correct_bits[i / 8] |= static_cast<std::uint8_t>(1u << (i % 8));
            ++result.correct;
        }
        if (best == setup.reference_top1[image]) ++result.agree;
        result.cross_entropy += cross_entropy_steps(logits, label);
    }
}

void add_result(TrialResult& whole, const TrialResult& part) {
    for (std::size_t i = 0; i < whole.correct_bits.size(); ++i)
        whole.correct_bits[i] |= part.correct_bits[i];
    whole.correct += part.correct;
    whole.agree += part.agree;
    whole.cross_entropy += part.cross_entropy;
    for (std::size_t i = 0; i < whole.layers.size(); ++i) whole.layers[i].add(part.layers[i]);
}

}  // namespace acim
