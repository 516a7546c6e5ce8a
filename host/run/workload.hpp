// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/data/data_set.hpp"
#include "host/onnx/graph.hpp"
#include "host/sweep/spec.hpp"

namespace acim {

// Everything that a sweep reads from disk, checked against one another.
struct Workload {
    std::shared_ptr<const FloatGraph> graph;
    std::string graph_hash;           // SHA-256 (hex) of the model file and its external data
    std::string stated;               // quantisation that it states itself, for people; or empty
    std::vector<std::string> layers;  // names of the MAC layers, in order
    std::shared_ptr<const DataSet> data;
    std::shared_ptr<const DataSet> calibration;
    std::string calibration_hash;
    std::uint32_t images = 0;  // evaluation images of every trial
    int classes = 0;
    int positions = 1;  // vectors of logits that the network gives for an image
    std::uint64_t items() const { return std::uint64_t{images} * static_cast<unsigned>(positions); }

    std::string normalisation;  // of the evaluation data and where it comes from, for people
};

// Throws InputError for a network and data that do not fit each other. Data that take long to read
// are told on stderr unless `quiet`.
Workload load_workload(const SweepSpec& spec, bool quiet = false);

}  // namespace acim
