// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/trial/network.hpp"
#include "host/onnx/graph.hpp"

namespace acim::fuzz {

// What a sweep does with an imported network up to the first result: observe one image, quantise by
// one of a few rules, which `variant` chooses, and what try_trial() does. Networks of more work than
// a fuzzer has time for end after the import.
void try_network(const std::shared_ptr<const FloatGraph>& graph, unsigned variant);

// Writes the network as a file's bytes, estimates its memory, and runs one image analog and noisy on
// the reference engine and on the CPU engine, which must agree.
void try_trial(const std::shared_ptr<const QuantizedNetwork>& network);

}  // namespace acim::fuzz
