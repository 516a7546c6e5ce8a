// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "cuda/trial/layer_plan.hpp"

// Plans of a layer of 600 inputs whose settings a test changes.
namespace acim::testing_support {

inline LayerSettings settings(const std::function<void(LayerSettings&)>& change = {}) {
    LayerSettings s;
    s.macro.mapping = RowMapping::dense;
    if (change) change(s);
    return s;
}

inline LayerPlan plan_of(const LayerSettings& s, LayerShape shape = {4, 600, 1, false}) {
    CycleLawCache cache;
    return make_layer_plan(s, shape, cache);
}

inline SamplingPath path(const std::function<void(LayerSettings&)>& change) {
    return plan_of(settings(change)).path;
}

}  // namespace acim::testing_support
