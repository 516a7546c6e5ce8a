// SPDX-License-Identifier: Apache-2.0
#include "host/store/trial_table.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/store/needed_chips.hpp"

namespace acim {

namespace {

// One column in another order of rows.
template <class T>
std::vector<T> gather(const std::vector<T>& values, const std::vector<std::uint32_t>& rows,
                      std::size_t width = 1) {
    std::vector<T> out(rows.size() * width);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(rows[i] * width), width,
                    out.begin() + static_cast<std::ptrdiff_t>(i * width));
    }
    return out;
}

// Adds a row of a fixed width, filled up with zeros.
template <class T>
void append_row(std::vector<T>& rows, const std::vector<T>& row, std::size_t width) {
    ACIM_EXPECT(row.size() <= width);
    rows.insert(rows.end(), row.begin(), row.end());
    rows.resize(rows.size() + width - row.size());
}

}  // namespace

TrialTableBuilder::TrialTableBuilder(const PlanRecord& plan)
    : plan_(plan),
      row_of_(unit_count(plan)),
      rounds_(rounds_of(plan.stop, plan.chips)),
      sums_(plan.points.size() * rounds_.size()) {
    for (std::uint32_t i = 0; i < plan.points.size(); ++i) {
        points_.emplace(plan.points[i].id, i);
    }
    const std::uint64_t items = items_of(plan, plan.block_images);
    table_.bits_width = (items + 7) / 8;
    table_.predictions_width = plan.keeps_predictions() ? items : 0;
}

void TrialTableBuilder::open_source(const std::filesystem::path& file) {
    sources_.push_back(file);
    table_.segments += 1;
}

void TrialTableBuilder::add(const StoredTrial& trial) {
    WorkUnit unit = trial.result.unit;
    const auto point = points_.find(trial.point_id);
    if (point != points_.end()) {
        unit.point = point->second;
    }
    if (point == points_.end() || !is_planned(plan_, unit)) {
        table_.unplanned += 1;
        return;
    }
    static_assert(std::has_unique_object_representations_v<LayerSums>, "hashed as bytes");
    Digest digest;
    const auto hash = Sha256().update(std::as_bytes(std::span(trial.result.layers))).digest();
    std::copy_n(hash.begin(), digest.size(), digest.begin());
    std::uint32_t& slot = row_of_[unit_index(plan_, unit)];
    if (slot == 0) {
        append(trial, unit, digest);
        slot = static_cast<std::uint32_t>(table_.rows());
    } else if (!holds(slot - 1, trial, digest)) {
        throw StorageError(fmt::format(
            "{} and {}: both hold the trial (point {}, chip {}, repeat {}, first image {}), with "
            "different results. One was written by another program version or is corrupt: remove "
            "that file and run the sweep again",
            sources_[source_[slot - 1]].string(), sources_.back().string(), trial.point_id,
            unit.chip, unit.repeat, unit.first_image));
    }
}

bool TrialTableBuilder::holds(std::size_t row, const StoredTrial& trial,
                              const Digest& digest) const {
    const TrialResult& r = trial.result;
    const auto bits =
        table_.correct_bits.begin() + static_cast<std::ptrdiff_t>(row * table_.bits_width);
    return table_.correct[row] == r.correct && table_.agree[row] == r.agree &&
           table_.cross_entropy[row] == r.cross_entropy && digests_[row] == digest &&
           std::equal(r.correct_bits.begin(), r.correct_bits.end(), bits) &&
           std::equal(r.predictions.begin(), r.predictions.end(),
                      table_.predictions.begin() +
                          static_cast<std::ptrdiff_t>(row * table_.predictions_width));
}

void TrialTableBuilder::append(const StoredTrial& trial, const WorkUnit& unit,
                               const Digest& digest) {
    const TrialResult& r = trial.result;
    table_.units.push_back(unit);
    table_.correct.push_back(r.correct);
    table_.agree.push_back(r.agree);
    table_.cross_entropy.push_back(r.cross_entropy);
    append_row(table_.correct_bits, r.correct_bits, table_.bits_width);
    append_row(table_.predictions, r.predictions, table_.predictions_width);
    std::vector<LayerSums>& sums = sums_of(unit);
    sums.resize(std::max(sums.size(), r.layers.size()));
    for (std::size_t i = 0; i < r.layers.size(); ++i) {
        sums[i].add(r.layers[i]);
    }
    digests_.push_back(digest);
    source_.push_back(static_cast<std::uint32_t>(sources_.empty() ? 0 : sources_.size() - 1));
}

std::vector<LayerSums>& TrialTableBuilder::sums_of(const WorkUnit& unit) {
    const auto round = std::upper_bound(rounds_.begin(), rounds_.end(), unit.chip);
    return sums_[unit.point * rounds_.size() + static_cast<std::size_t>(round - rounds_.begin())];
}

TrialTable TrialTableBuilder::finish() {
    std::vector<std::uint32_t> rows;
    rows.reserve(table_.rows());
    for (const std::uint32_t slot : row_of_) {
        if (slot != 0) {
            rows.push_back(slot - 1);
        }
    }
    order_columns(rows);
    drop_what_is_not_needed();
    sum_layers();
    return std::move(table_);
}

void TrialTableBuilder::order_columns(const std::vector<std::uint32_t>& rows) {
    table_.units = gather(table_.units, rows);
    table_.correct = gather(table_.correct, rows);
    table_.agree = gather(table_.agree, rows);
    table_.cross_entropy = gather(table_.cross_entropy, rows);
    table_.correct_bits = gather(table_.correct_bits, rows, table_.bits_width);
    table_.predictions = gather(table_.predictions, rows, table_.predictions_width);
}

void TrialTableBuilder::drop_what_is_not_needed() {
    table_.chips = needed_chips(plan_, table_);
    for (const std::uint32_t chips : table_.chips) {
        table_.needed += chips * units_per_chip(plan_);
    }
    if (!plan_.stop.active()) return;
    std::vector<std::uint32_t> rows;
    rows.reserve(table_.rows());
    for (std::uint32_t row = 0; row < table_.rows(); ++row) {
        if (table_.units[row].chip < table_.chips[table_.units[row].point]) {
            rows.push_back(row);
        }
    }
    if (rows.size() < table_.rows()) {
        table_.unplanned += table_.rows() - rows.size();
        order_columns(rows);
    }
}

void TrialTableBuilder::sum_layers() {
    table_.layers.resize(plan_.points.size());
    for (std::size_t point = 0; point < table_.layers.size(); ++point) {
        std::vector<LayerSums>& sums = table_.layers[point];
        sums = std::move(sums_[point * rounds_.size()]);  // no second copy without a stop rule
        for (std::size_t round = 1; round < rounds_.size(); ++round) {
            if (rounds_[round] > table_.chips[point]) break;
            const std::vector<LayerSums>& part = sums_[point * rounds_.size() + round];
            sums.resize(std::max(sums.size(), part.size()));
            for (std::size_t i = 0; i < part.size(); ++i) {
                sums[i].add(part[i]);
            }
        }
    }
}

std::vector<bool> missing_units(const PlanRecord& plan, const TrialTable& table) {
    std::vector<bool> missing(unit_count(plan));
    const std::uint64_t per_chip = units_per_chip(plan);
    for (std::uint32_t point = 0; point < table.chips.size(); ++point) {
        const auto first = missing.begin() + static_cast<std::ptrdiff_t>(std::uint64_t{point} *
                                                                         plan.chips * per_chip);
        std::fill_n(first, table.chips[point] * per_chip, true);
    }
    for (const WorkUnit& unit : table.units) {
        missing[unit_index(plan, unit)] = false;
    }
    return missing;
}

}  // namespace acim
