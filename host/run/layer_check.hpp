// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/run/workload.hpp"
#include "host/sweep/spec.hpp"

namespace acim {

// Checks every point on every layer as far as that is possible before calibration has told which
// activations are signed. InputError naming the layer.
void check_points_on_layers(const SweepSpec& spec, const std::vector<PointConfig>& points,
                            const Workload& workload);

// InputError for an axis of bits where the network states its own in every layer.
void check_stated_axes(const SweepSpec& spec, const Workload& workload);

// InputError for more units of work than a plan holds in memory.
void check_trial_count(const SweepSpec& spec, std::size_t points, std::uint32_t images);

// InputError for a stop rule that could never stop a noisy point.
void check_stop_rule(const SweepSpec& spec, const Workload& workload);

}  // namespace acim
