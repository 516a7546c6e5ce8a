// SPDX-License-Identifier: Apache-2.0
#include "host/run/runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "host/core/allotment.hpp"
#include "host/core/error.hpp"
#include "host/core/here_and_now.hpp"
#include "host/core/version.hpp"
#include "host/run/aggregate.hpp"
#include "host/run/other_runs.hpp"
#include "host/run/progress.hpp"
#include "host/run/report_timer.hpp"
#include "host/run/run_log.hpp"
#include "host/store/attempt.hpp"
#include "host/store/results_file.hpp"
#include "host/store/segment_writer.hpp"
#include "host/store/trial_table.hpp"

namespace acim {
namespace {

// One call of run_sweep.
class Run {
public:
    Run(SweepPlan& plan, TrialEngine& engine, const RunOptions& options,
        const std::atomic<bool>& stop)
        : plan_(plan),
          engine_(engine),
          options_(options),
          stop_(stop),
          directory_(open_run_directory(plan, options.out, options.change)),
          log_(directory_.log()),
          writer_(directory_, options.shard.name()) {}

    RunOutcome go() {
        const std::vector<WorkUnit> left = units_left();
        attempt_ = describe_attempt();
        report_attempt();
        tell_of_other_runs();
        log_.info(fmt::format("start: shard {} on {} ({}), {} of {} units left", attempt_.shard,
                              attempt_.host, attempt_.engine, left.size(), outcome_.planned));
        run_round(left);
        outcome_.left -= std::min(outcome_.left, outcome_.finished);
        if (plan_.record.stop.active()) run_further_rounds();
        outcome_.interrupted = stop_ && outcome_.left > 0;
        attempt_.stop = utc_now();
        attempt_.failures = outcome_.failures;
        if (!outcome_.engine_failure.empty())
            attempt_.failures.push_back("engine: " + outcome_.engine_failure);
        report_attempt();
        for (const std::string& line : attempt_.failures) log_.warn("failed: " + line);
        log_.info(fmt::format("{}: {} units in {:.1f} s",
                              outcome_.interrupted ? "interrupted" : "end", outcome_.finished,
                              attempt_.seconds));
        if (options_.shard.whole()) publish();
        return std::move(outcome_);
    }

private:
    void run_round(const std::vector<WorkUnit>& left) {
        Progress progress(left.size(), conversions(left), options_.quiet || left.empty());
        progress_ = &progress;
        {
            const std::jthread ticker([this](std::stop_token end) { tick(end); });
            run_groups(left);
        }
        note_warnings();
        outcome_.finished = writer_.flush();
        if (!left.empty()) progress.finish();
    }

    // A stop rule may ask for more once what was left is stored. A round that stores nothing is the last.
    void run_further_rounds() {
        std::uint64_t before = 0;  // units stored before the last round
        for (;;) {
            const std::vector<WorkUnit> left = units_left();
            if (left.empty() || stop_ || !outcome_.engine_failure.empty()) return;
            if (outcome_.finished == before) return;
            before = outcome_.finished;
            for (const WorkUnit& unit : left)
                if (done_.contains(unit))
                    throw StorageError(
                        directory_.path().string() +
                        ": trials that were just stored cannot be read again (log.txt "
                        "names their segments). Check the disk and run again");
            log_.info(fmt::format("stop rule: {} more units", left.size()));
            // Rounds may be shorter than the time between two reports.
            try_to([&] { report_attempt(); });
            run_round(left);
        }
    }

    // Stores what waits even while long units run, logs what the engine warns of, and tells
    // `status` how far this attempt is. A full disk shows again in the next
    // append or in the last flush, which report it; a failure that passes is none.
    void tick(const std::stop_token& end) {
        while (!end.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            note_warnings();
            try_to([&] { writer_.flush_if_due(); });
            if (timer_.is_due(writer_.complete(), std::chrono::steady_clock::now()))
                try_to([&] { report_attempt(); });
        }
    }

    template <class Work>
    static void try_to(Work work) {
        try {
            work();
        } catch (const std::exception&) {
            return;
        }
    }

    void note_warnings() {
        for (const std::string& line : engine_.warnings()) {
            log_.warn(line);
            outcome_.warnings.push_back(line);
        }
    }

    // After the own report: of two that start together, at least one sees the other.
    void tell_of_other_runs() {
        if (!options_.on_other_run) return;
        const std::string line = other_runs_line(directory_.path(), options_.shard, attempt_.token);
        if (!line.empty()) options_.on_other_run(line);
    }

    void report_attempt() {
        using std::chrono::duration;
        const auto now = std::chrono::steady_clock::now();
        attempt_.units_done = writer_.complete();
        attempt_.seconds = duration<double>(now - start_).count();
        timer_.told(attempt_.units_done, now);
        attempt_.updated = attempt_clock();
        record_attempt(directory_, attempt_);
    }

    Attempt describe_attempt() const {
        Attempt a;
        a.token = writer_.token();
        a.shard = options_.shard.name();
        a.start = utc_now();
        a.host = host_name();
        a.engine = engine_.name();
        a.threads =
            static_cast<std::uint32_t>(options_.threads > 0 ? options_.threads : usable_cores());
        a.code_version = code_version();
        a.pid = ::getpid();
        return a;
    }

    // Needed units of this shard that are not stored and whose points did not fail; counts what is
    // needed, lacking, and stored by others than this call.
    std::vector<WorkUnit> units_left() {
        const TrialTable table = load_trials({directory_.path()}, plan_.record);
        for (const std::string& line : table.warnings) {
            if (std::ranges::find(outcome_.warnings, line) != outcome_.warnings.end()) continue;
            log_.warn(line);
            outcome_.warnings.push_back(line);
        }
        const std::vector<bool> missing = missing_units(plan_.record, table);
        std::vector<double> work;
        for (const PointFacts& facts : plan_.facts) work.push_back(point_work(facts));
        std::vector<WorkUnit> left;
        outcome_.planned = outcome_.left = 0;
        for (const std::uint64_t i : units_of_shard(plan_.record, work, options_.shard)) {
            const WorkUnit unit = unit_at(plan_.record, i);
            if (unit.chip >= table.chips[unit.point]) continue;
            ++outcome_.planned;
            outcome_.left += missing[i];
            if (missing[i] && !failed_.contains(unit.point)) left.push_back(unit);
        }
        const std::uint64_t stored = outcome_.planned - outcome_.left;
        outcome_.found = stored - std::min(stored, outcome_.finished);
        return left;
    }

    double unit_conversions(const WorkUnit& unit) const {
        return static_cast<double>(plan_.facts[unit.point].conversions) * unit.images;
    }

    double conversions(const std::vector<WorkUnit>& units) const {
        double sum = 0.0;
        for (const WorkUnit& unit : units) sum += unit_conversions(unit);
        return sum;
    }

    // The group's share of what is left, with points counted within the group.
    static std::vector<WorkUnit> units_of(const NetworkGroup& group,
                                          const std::vector<WorkUnit>& left) {
        std::map<std::uint32_t, std::uint32_t> local;  // plan index to group index
        for (std::size_t i = 0; i < group.points.size(); ++i)
            local[group.points[i]] = static_cast<std::uint32_t>(i);
        std::vector<WorkUnit> units;
        for (WorkUnit unit : left) {
            const auto it = local.find(unit.point);
            if (it == local.end()) continue;
            unit.point = it->second;
            units.push_back(unit);
        }
        return units;
    }

    // An engine that is lost ends the run, whose finished work is stored as always.
    void run_groups(const std::vector<WorkUnit>& left) {
        try {
            for (const NetworkGroup& group : plan_.groups) run_group(group, left);
        } catch (const EngineFailure& error) {
            outcome_.engine_failure = error.what();
        }
    }

    void run_group(const NetworkGroup& group, const std::vector<WorkUnit>& left) {
        const std::vector<WorkUnit> units = units_of(group, left);
        if (units.empty()) return;
        auto setup = std::make_shared<TrialSetup>();
        setup->seed = plan_.record.seed;
        setup->network = group.network;
        setup->points = group.design_points;
        setup->images = plan_.workload->data;
        setup->reference_top1 = group.reference_top1;
        setup->predictions = plan_.record.keeps_predictions();
        const bool prepared = succeeds([&] { engine_.prepare(setup); });
        // One failing point does not stop the others: they are tried again one by one.
        if (prepared && run_units(group, units)) return;
        for (std::uint32_t point = 0; point < group.points.size() && !stop_; ++point) {
            std::vector<WorkUnit> rest;
            for (const WorkUnit& unit : units)
                if (unit.point == point && !done_.contains(in_plan(group, unit)))
                    rest.push_back(unit);
            if (!rest.empty() && (!prepared || !run_units(group, rest))) {
                failed_.insert(group.points[point]);
                outcome_.failures.push_back(fmt::format("point {} ({}): {}", group.points[point],
                                                        group.design_points[point].id.substr(0, 12),
                                                        failure_));
            }
        }
    }

    bool run_units(const NetworkGroup& group, const std::vector<WorkUnit>& units) {
        return succeeds([&] {
            engine_.run(
                units, [&](TrialResult&& result) { store(group, std::move(result)); }, stop_);
        });
    }

    // False where something but the storage or the engine failed; failure_ says what.
    template <class Work>
    bool succeeds(Work work) {
        try {
            work();
            return true;
        } catch (const StorageError&) {
            throw;
        } catch (const EngineFailure&) {
            throw;
        } catch (const std::exception& error) {
            failure_ = error.what();
            return false;
        }
    }

    static WorkUnit in_plan(const NetworkGroup& group, WorkUnit unit) {
        unit.point = group.points[unit.point];
        return unit;
    }

    void store(const NetworkGroup& group, TrialResult&& result) {
        result.unit = in_plan(group, result.unit);
        const std::uint32_t point = result.unit.point;
        done_.insert(result.unit);
        progress_->add(unit_conversions(result.unit));
        writer_.append({plan_.record.points[point].id, std::move(result)});
    }

    // results.h5 from everything that is stored, this process's work and that of earlier ones.
    void publish() {
        const TrialTable table = load_trials({directory_.path()}, plan_.record);
        write_results(directory_.results(), plan_.record, table, aggregate(plan_.record, table));
    }

    SweepPlan& plan_;
    TrialEngine& engine_;
    const RunOptions& options_;
    const std::atomic<bool>& stop_;
    RunDirectory directory_;
    RunLog log_;
    SegmentWriter writer_;
    Attempt attempt_;
    ReportTimer timer_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    RunOutcome outcome_;
    Progress* progress_ = nullptr;
    std::set<WorkUnit> done_;
    std::set<std::uint32_t> failed_;  // points of the plan
    std::string failure_;
};

}  // namespace

RunOutcome run_sweep(SweepPlan& plan, TrialEngine& engine, const RunOptions& options,
                     const std::atomic<bool>& stop) {
    return Run(plan, engine, options, stop).go();
}

}  // namespace acim
