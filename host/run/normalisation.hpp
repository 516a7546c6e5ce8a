// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "host/sweep/spec.hpp"

namespace acim {

// Properties of an ONNX model by key.
using Metadata = std::map<std::string, std::string>;

// The preprocessing that a network was trained with may stand in its metadata, as `acimsweep.scale`
// (a number), `acimsweep.mean` and `acimsweep.std` (numbers separated by commas, one for all channels
// or one per channel; brackets may stand around them). Each is the default of the key of
// workload.data that the sweep leaves out; workload.calibration follows workload.data as always.
// Throws InputError naming the network and the property where a value is no such list.
WorkloadSpec with_network_normalisation(const SweepSpec& spec, const Metadata& metadata);

// "scale 0.00392157 (sweep), mean [0.485, 0.456, 0.406] (network), std off" of the evaluation data,
// for people.
std::string normalisation_text(const SweepSpec& spec, const Metadata& metadata,
                               const DataSpec& data);

}  // namespace acim
