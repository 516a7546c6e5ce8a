// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cuda/trial/layer_plan.hpp"
#include "host/engine/shift_table.hpp"

namespace acim {

// The tables of a plan as the lookups want them, shared by all convolution groups of a layer.
struct JoinedTables {
    std::vector<std::shared_ptr<const CycleLaw>> laws;  // one per cycle width, in order of use
    std::vector<std::uint32_t> first_row;               // per law
    std::vector<std::uint32_t> entries;  // all cells behind one another, or codes for lut; empty
                                         // where the one law's own cells serve
    std::optional<ShiftTable> shifts;
};

// Joined tables of the plans in use, by the laws that they hold; those keep the keys valid.
class TableStore {
public:
    std::shared_ptr<const JoinedTables> get(const LayerPlan& plan);

private:
    using Key = std::pair<SamplingPath, std::vector<const CycleLaw*>>;
    std::mutex mutex_;
    std::map<Key, std::weak_ptr<const JoinedTables>> joined_;
};

}  // namespace acim
