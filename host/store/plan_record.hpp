// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cuda/trial/work.hpp"
#include "host/stats/stop_rule.hpp"

namespace acim {

// One design point of a plan.
struct PlanPoint {
    std::string id;              // SHA-256 (hex) of canonical_json
    std::string canonical_json;  // the complete resolved point
    std::string network_hash;    // key of PlanRecord::networks
    std::string technology;      // key of PlanRecord::technologies
    // Swept parameters in the order of the sweep: dotted YAML path and value.
    std::vector<std::pair<std::string, nlohmann::json>> parameters;
    // What follows from the point and is wanted beside its trials: costs, baselines, layers
    // (host/run/point_facts.hpp). Not part of plan_sha256.
    std::string derived = "{}";  // a JSON object as compact text
};

// Everything a run directory is about: which trials there are, and where they come from.
struct PlanRecord {
    std::string sweep_name;
    std::string sweep_text;  // verbatim
    std::uint64_t seed = 0;
    std::uint32_t chips = 1;  // of a point; at most, where there is a stop rule
    std::uint32_t repeats = 1;
    StopRule stop;
    std::uint32_t images = 0;        // evaluation images of every trial
    std::uint32_t positions = 1;     // items of an image: where the network predicts
    std::uint32_t block_images = 0;  // images of a work unit; the last of a trial may hold fewer
    std::int64_t model_version = 0;
    std::string data_hash;
    std::string code_version;
    bool baselines = true;          // what is derived holds the accuracies without noise
    std::vector<PlanPoint> points;  // in the order written, last axis fastest
    std::map<std::string, std::vector<std::string>> networks;  // hash: names of the MAC layers
    std::map<std::string, std::string> parameter_units;        // by dotted path; may be empty
    // What energies, times and areas are computed with: keys of `technology` as in YAML, by their
    // hash.
    std::map<std::string, nlohmann::json> technologies;
    // The class of every item where trials keep their predictions, else empty.
    std::vector<std::uint16_t> labels;

    bool keeps_predictions() const { return !labels.empty(); }
};

// Items of so many images: what a trial counts.
std::uint64_t items_of(const PlanRecord& plan, std::uint32_t images);

// The units of a plan are numbered in the order of results.h5: point, chip, repeat, first image.
std::uint64_t unit_count(const PlanRecord& plan);
std::uint64_t units_per_chip(const PlanRecord& plan);  // of one point
WorkUnit unit_at(const PlanRecord& plan, std::uint64_t index);
// The number of a planned unit.
std::uint64_t unit_index(const PlanRecord& plan, const WorkUnit& unit);
// True where the unit is one of the plan: right block and within points, chips, repeats and images.
bool is_planned(const PlanRecord& plan, const WorkUnit& unit);

}  // namespace acim
