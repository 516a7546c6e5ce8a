// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cuda/trial/metrics.hpp"
#include "host/run/workload.hpp"

namespace acim {

// Of a noise-free quantised network.
struct DigitalBaseline {
    std::vector<std::int32_t> top1;  // class of each item
    Score score;
};

// What the networks of a sweep reach on its evaluation images without noise: the float network, and
// each quantised network with every layer computed digitally. Measured once, stored in the run
// directory beside the networks and read from there ever after: tasks and resumed runs share them.
class Baselines {
public:
    // folder: <run directory>/networks, or empty to keep them in memory only. threads = 0 takes every
    // core.
    Baselines(std::shared_ptr<const Workload> workload, std::filesystem::path folder, int threads);

    Score float_score();
    DigitalBaseline quantised(const QuantizedNetwork& network);
    // Writes what is not there yet; the folder must exist.
    void save() const;

private:
    // False where the value is not that of this workload.
    bool read(const nlohmann::json& value, DigitalBaseline& out) const;
    std::string name(const char* kind, const std::string& hash) const;
    // Nothing where the folder lacks the file or holds a damaged one: measuring gives the same.
    nlohmann::json load(const std::string& name) const;

    std::shared_ptr<const Workload> workload_;
    std::filesystem::path folder_;
    int threads_;
    std::map<std::string, nlohmann::json> made_;  // files to be written, by name
};

}  // namespace acim
