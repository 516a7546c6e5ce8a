// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/store/plan_record.hpp"
#include "host/store/stored_trial.hpp"

namespace acim {

// The finished units that a plan needs, in columns: about 100 bytes a row, whatever the
// network, and two for each prediction that is kept. Sums of
// layers are kept per point, since integers add in any order.
struct TrialTable {
    // A row is a finished unit: sorted by (point in the plan, chip, repeat, first image), each once.
    std::vector<WorkUnit> units;
    std::vector<std::uint32_t> correct;
    std::vector<std::uint32_t> agree;
    std::vector<std::int64_t> cross_entropy;  // [2^-32 nat], sum over the items
    std::size_t bits_width = 0;               // bytes of a row of correct_bits
    std::vector<std::uint8_t> correct_bits;   // [row, bits_width], as in TrialResult, then zeros
    // Likewise as in TrialResult, then zeros; nothing where trials keep no predictions.
    std::size_t predictions_width = 0;
    std::vector<std::uint16_t> predictions;  // [row, predictions_width]
    // Per point of the plan and MAC layer: the sums over the rows of the point, if there are any.
    std::vector<std::vector<LayerSums>> layers;

    // Per point: the chips that it needs as far as the rows say (host/store/needed_chips.hpp).
    std::vector<std::uint32_t> chips;
    std::uint64_t needed = 0;  // units of all these chips

    std::uint64_t unplanned = 0;        // stored trials that this plan does not ask for
    std::uint64_t segments = 0;         // segments read
    std::vector<std::string> warnings;  // damaged segments, by name: their trials are run again

    std::size_t rows() const { return units.size(); }
    // Needed units that are not there. None: the sweep is complete; after more rows of a stop rule's
    // plan more may be needed.
    std::uint64_t missing() const { return needed - rows(); }
    friend bool operator==(const TrialTable&, const TrialTable&) = default;
};

// Gathers trials in any order. The plan must outlive it.
class TrialTableBuilder {
public:
    explicit TrialTableBuilder(const PlanRecord& plan);

    // Names the file that the next trials come from.
    void open_source(const std::filesystem::path& file);
    // A trial that came before must be equal in every bit, else StorageError names both files.
    void add(const StoredTrial& trial);
    void warn(const std::string& line) { table_.warnings.push_back(line); }
    TrialTable finish();

private:
    // Of everything in a trial that the columns do not keep: its layers.
    using Digest = std::array<std::byte, 16>;

    bool holds(std::size_t row, const StoredTrial& trial, const Digest& digest) const;
    void append(const StoredTrial& trial, const WorkUnit& unit, const Digest& digest);
    void order_columns(const std::vector<std::uint32_t>& rows);
    void drop_what_is_not_needed();
    void sum_layers();
    std::vector<LayerSums>& sums_of(const WorkUnit& unit);

    const PlanRecord& plan_;
    std::unordered_map<std::string, std::uint32_t> points_;
    std::vector<std::filesystem::path> sources_;
    std::vector<std::uint32_t> row_of_;  // per planned unit: its row in arrival order, plus one
    std::vector<std::uint32_t> source_;  // per row in arrival order
    std::vector<Digest> digests_;        // likewise
    std::vector<std::uint32_t> rounds_;  // chips after each (rounds_of)
    // Per point and round: what the layers of its chips sum to, since chips of later rounds may
    // turn out not to be needed.
    std::vector<std::vector<LayerSums>> sums_;
    TrialTable table_;  // rows in arrival order until finish()
};

// Reads the segments of all run directories. Stray temporary files are passed over; a segment that a
// worker folds into another meanwhile is found there. StorageError as add(); a segment of another
// seed, model version or data is an InputError.
TrialTable load_trials(const std::vector<std::filesystem::path>& run_directories,
                       const PlanRecord& plan);

// Per planned unit, by its number: whether it is needed and not in the table.
std::vector<bool> missing_units(const PlanRecord& plan, const TrialTable& table);

}  // namespace acim
