// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/store/plan_record.hpp"

namespace acim {

// Canonical text of plan.json, keys sorted, one line a point; and back. Neither builds a tree of all
// points. Parsing throws InputError that starts with `place`.
std::string plan_to_json(const PlanRecord& plan);
PlanRecord plan_from_json(const std::string& text, const std::string& place);

// The same without its points, whose parts are columns of results.h5.
std::string plan_head_to_json(const PlanRecord& plan);

// Hash of what the plan says about trials and their meaning: all but sweep_text, code_version and
// what is derived, so that a comment in the YAML or a rebuilt binary does not make another plan.
std::string plan_sha256(const PlanRecord& plan);

}  // namespace acim
