// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/quant/calibrate.hpp"
#include "host/run/network_library.hpp"

namespace acim {

// The recipe with every rule `automatic` replaced: of all combinations of max, percentile and mse
// the first with the least squared error between the logits of the noise-free integer network and
// those of the float network, over the first images of the source that calibration looked at. No
// rule is best everywhere: at four bits the best one saves points of accuracy.
QuantisationRecipe choose_rules(const std::shared_ptr<const FloatGraph>& graph,
                                const CalibrationStatistics& statistics,
                                const QuantisationRecipe& recipe, const ImageSource& source,
                                int threads);

// Some rule of the recipe is automatic.
bool has_automatic_rule(const QuantisationRecipe& recipe);

}  // namespace acim
