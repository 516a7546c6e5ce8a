// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cuda/trial/work.hpp"

namespace acim {

// One design point of a plan.
struct PlanPoint {
    std::string id;              // SHA-256 (hex) of canonical_json
    std::string canonical_json;  // the complete resolved point
    std::string network_hash;    // key of PlanRecord::networks
    // Swept parameters in the order of the sweep: dotted YAML path and value.
    std::vector<std::pair<std::string, nlohmann::json>> parameters;
    // What follows from the point and is wanted beside its trials: costs, baselines, layers
    // (host/run/point_facts.hpp). Not part of plan_sha256.
    nlohmann::json derived = nlohmann::json::object();
};

// Everything a run directory is about: which trials there are, and where they come from.
struct PlanRecord {
    std::string sweep_name;
    std::string sweep_text;  // verbatim
    std::uint64_t seed = 0;
    std::uint32_t chips = 1;
    std::uint32_t repeats = 1;
    std::uint32_t images = 0;        // evaluation images of every trial
    std::uint32_t block_images = 0;  // images of a work unit; the last of a trial may hold fewer
    std::int64_t model_version = 0;
    std::string data_hash;
    std::string code_version;
    std::vector<PlanPoint> points;  // in the order written, last axis fastest
    std::map<std::string, std::vector<std::string>> networks;  // hash: names of the MAC layers
    std::map<std::string, std::string> parameter_units;        // by dotted path; may be empty
};

// Canonical text (keys sorted, two-space indent) and back. Parsing throws InputError that starts
// with `place`.
std::string plan_to_json(const PlanRecord& plan);
PlanRecord plan_from_json(const std::string& text, const std::string& place);

// Hash of what the plan says about trials and their meaning: all but sweep_text, code_version and
// what is derived, so that a comment in the YAML or a rebuilt binary does not make another plan.
std::string plan_sha256(const PlanRecord& plan);

// All units of the plan in the order of results.h5: point, chip, repeat, first image.
std::vector<WorkUnit> planned_units(const PlanRecord& plan);

// True where the unit is one of planned_units(): right block and within chips, repeats and images.
bool is_planned(const PlanRecord& plan, const WorkUnit& unit);

}  // namespace acim
