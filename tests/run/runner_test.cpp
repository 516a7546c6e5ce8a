// SPDX-License-Identifier: Apache-2.0
// What a run does when its engine fails, with engines that fail on purpose.
#include "host/run/runner.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <limits>
#include <mutex>
#include <stdexcept>

#include "host/core/here_and_now.hpp"
#include "host/engine/cpu_engine.hpp"
#include "host/run/other_runs.hpp"
#include "host/run/report_timer.hpp"
#include "host/store/attempt.hpp"
#include "tests/run/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The CPU engine with a hook that may throw before each unit.
class FailingEngine : public TrialEngine {
public:
    using Hook = std::function<void(const WorkUnit& unit, std::size_t units_before)>;

    explicit FailingEngine(Hook hook) : hook_(std::move(hook)) {}
    std::string name() const override { return "failing"; }
    void prepare(std::shared_ptr<const TrialSetup> setup) override {
        if (!refuses.empty()) throw std::invalid_argument(refuses);
        cpu_->prepare(setup);
    }
    void run(std::span<const WorkUnit> units, const Sink& sink,
             const std::atomic<bool>& stop) override {
        for (const WorkUnit& unit : units) {
            hook_(unit, units_run_);
            cpu_->run({&unit, 1}, sink, stop);
            ++units_run_;
        }
        if (stop_at_end != nullptr) *stop_at_end = true;
    }
    std::uint64_t memory(std::span<const WorkUnit>) const override { return 0; }
    std::vector<std::string> warnings() override {
        const std::lock_guard lock(mutex_);
        return std::exchange(warnings_, {});
    }
    void warn(const std::string& line) {
        const std::lock_guard lock(mutex_);
        warnings_.push_back(line);
    }

    std::string refuses;                       // what prepare() throws; empty: nothing
    std::atomic<bool>* stop_at_end = nullptr;  // set when a run() has done all its units

private:
    std::mutex mutex_;
    std::vector<std::string> warnings_;
    Hook hook_;
    std::unique_ptr<TrialEngine> cpu_ = make_cpu_engine(1);
    std::size_t units_run_ = 0;
};

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// 6 points x 2 chips x 3 repeats: 36 units.
class RunnerTest : public SweepPlanTest {
protected:
    RunOutcome run(TrialEngine& engine, const std::string& name) {
        run_name_ = name;
        SweepPlan planned = plan(overrides_, true);
        RunOptions options;
        options.out = folder_ / name;
        options.threads = 1;
        options.quiet = true;
        return run_sweep(planned, engine, options, stop_);
    }
    std::string whole_results() {
        const auto cpu = make_cpu_engine(2);
        EXPECT_EQ(run(*cpu, "whole").finished, 36u);
        return bytes_of(folder_ / "whole" / "results.h5");
    }
    Attempt attempt(const std::string& name) {
        const auto all = load_attempts(RunDirectory::open(folder_ / name));
        EXPECT_EQ(all.size(), 1u);
        return all.at(0);
    }

    std::vector<std::string> overrides_;
    std::atomic<bool> stop_ = false;
};

TEST_F(RunnerTest, ALostEngineEndsTheRunAndKeepsWhatIsFinished) {
    std::size_t calls_after = 0;
    FailingEngine lost([&](const WorkUnit&, std::size_t before) {
        if (before < 10) return;
        ++calls_after;
        throw EngineFailure("device 0 fell off the bus");
    });
    const RunOutcome outcome = run(lost, "run");
    EXPECT_EQ(outcome.engine_failure, "device 0 fell off the bus");
    EXPECT_EQ(calls_after, 1u);  // points are not tried one by one on an engine that is gone
    EXPECT_EQ(outcome.finished, 10u);
    EXPECT_EQ(outcome.left, 26u);
    EXPECT_FALSE(outcome.interrupted);
    EXPECT_THAT(outcome.failures, IsEmpty());
    const Attempt told = attempt("run");
    EXPECT_EQ(told.engine, "failing");
    EXPECT_EQ(told.units_done, 10u);
    EXPECT_NE(told.stop, "");
    EXPECT_THAT(told.failures, ElementsAre("engine: device 0 fell off the bus"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "results.h5"));

    const auto cpu = make_cpu_engine(1);
    const RunOutcome rest = run(*cpu, "run");
    EXPECT_EQ(rest.found, 10u);
    EXPECT_EQ(rest.finished, 26u);
    EXPECT_EQ(rest.engine_failure, "");
    EXPECT_EQ(bytes_of(folder_ / "run" / "results.h5"), whole_results());
}

TEST_F(RunnerTest, AFailingPointDoesNotStopTheOthers) {
    FailingEngine failing([](const WorkUnit& unit, std::size_t) {
        if (unit.point == 2) throw std::runtime_error("no table fits");
    });
    const RunOutcome outcome = run(failing, "run");
    EXPECT_EQ(outcome.engine_failure, "");
    EXPECT_THAT(outcome.failures, ElementsAre(HasSubstr("point 2 (")));
    EXPECT_THAT(outcome.failures, ElementsAre(HasSubstr("no table fits")));
    EXPECT_EQ(outcome.finished, 30u);
    EXPECT_EQ(outcome.left, 6u);
}

// 6 points of up to 12 chips, seen in rounds of 2, 3, 5, 8, 12. The labels are what the noise-free
// network says, so that noise costs accuracy.
class StopRuleTest : public RunnerTest {
protected:
    void SetUp() override {
        RunnerTest::SetUp();
        const SweepPlan planned = plan();
        std::vector<std::uint8_t> labels;
        for (const std::int32_t top1 : planned.groups.at(0).reference_top1)
            labels.push_back(static_cast<std::uint8_t>(top1));
        write_idx(folder_ / "labels", {12}, labels);
        overrides_ = {"trials.chips=12", "trials.repeats=1", "trials.stop.half_width=0.1",
                      "trials.stop.first_chips=2", "grid.macro.noise.random.sigma=[0, 8, 30]"};
    }
};

TEST_F(StopRuleTest, PointsGoOnUntilTheyHaveEnough) {
    const auto cpu = make_cpu_engine(2);
    const RunOutcome outcome = run(*cpu, "run");
    EXPECT_EQ(outcome.left, 0u);
    EXPECT_GT(outcome.finished, 12u) << "some need more than the first round";
    EXPECT_LT(outcome.finished, 72u) << "and some do not";
    const RunOutcome again = run(*cpu, "run");
    EXPECT_EQ(again.found, outcome.finished);
    EXPECT_EQ(again.finished, 0u);
}

TEST_F(StopRuleTest, TheReportTellsWhatEarlierRoundsStored) {
    std::vector<std::uint64_t> told;  // at the beginning of each unit
    FailingEngine engine(
        [&](const WorkUnit&, std::size_t) { told.push_back(attempt("run").units_done); });
    const RunOutcome outcome = run(engine, "run");
    ASSERT_EQ(told.size(), outcome.finished);
    ASSERT_GT(told.size(), 12u);
    EXPECT_EQ(told[0], 0u);
    EXPECT_EQ(told[12], 12u) << "the second round";
    EXPECT_EQ(attempt("run").units_done, outcome.finished);
}

TEST(ReportTimer, TellsStoredUnitsAtOnceAndElseEveryFiveSeconds) {
    using std::chrono::milliseconds;
    const ReportTimer::Time start{milliseconds(100'000)};
    ReportTimer timer;
    EXPECT_TRUE(timer.is_due(0, start));
    timer.told(0, start);
    EXPECT_FALSE(timer.is_due(0, start + milliseconds(4999)));
    EXPECT_TRUE(timer.is_due(0, start + milliseconds(5000)));
    EXPECT_TRUE(timer.is_due(38, start + milliseconds(200)));
    timer.told(38, start + milliseconds(200));
    EXPECT_FALSE(timer.is_due(38, start + milliseconds(5100)));
    EXPECT_TRUE(timer.is_due(38, start + milliseconds(5200)));
}

TEST_F(StopRuleTest, AFailingPointEndsAndTheOthersGoOn) {
    std::size_t tried = 0;
    FailingEngine failing([&](const WorkUnit& unit, std::size_t) {
        if (unit.point != 2) return;
        ++tried;
        throw std::runtime_error("no table fits");
    });
    const RunOutcome outcome = run(failing, "run");
    EXPECT_THAT(outcome.failures, ElementsAre(HasSubstr("point 2 (")));
    EXPECT_EQ(tried, 2u) << "with the others and alone, in one round only";
    EXPECT_GT(outcome.finished, 10u);
    EXPECT_EQ(outcome.left, 2u);
}

// A round that is complete when the run is told to stop is not the end of the sweep.
TEST_F(StopRuleTest, ARunStoppedBetweenRoundsSaysThatWorkIsLeft) {
    FailingEngine engine([](const WorkUnit&, std::size_t) {});
    engine.stop_at_end = &stop_;
    RunOutcome outcome = run(engine, "run");
    const std::uint64_t first = outcome.finished;
    EXPECT_EQ(first, 12u);
    EXPECT_TRUE(outcome.interrupted);
    EXPECT_GT(outcome.left, 0u);
    stop_ = false;
    const auto cpu = make_cpu_engine(2);
    outcome = run(*cpu, "run");
    EXPECT_EQ(outcome.found, first);
    run(*cpu, "undisturbed");
    EXPECT_EQ(bytes_of(folder_ / "run" / "results.h5"),
              bytes_of(folder_ / "undisturbed" / "results.h5"));
}

TEST_F(RunnerTest, AnotherRunOfTheSameUnitsIsTold) {
    const auto cpu = make_cpu_engine(1);
    EXPECT_EQ(run(*cpu, "run").finished, 36u);
    const auto directory = RunDirectory::open(folder_ / "run");
    const Attempt ended = attempt("run");
    EXPECT_EQ(ended.pid, ::getpid());
    EXPECT_EQ(other_runs_line(directory.path(), {0, 1}), "");
    EXPECT_EQ(other_runs_line(folder_ / "absent", {0, 1}), "");
    Attempt other = ended;
    other.stop.clear();
    other.updated = attempt_clock();
    other.host = "node7";
    other.pid = 12;
    other.shard = "1/4";
    record_attempt(directory, other);
    const std::string line = other_runs_line(directory.path(), {0, 1});
    EXPECT_THAT(line, HasSubstr("shard 1/4 on node7, process 12, since " + other.start));
    EXPECT_THAT(line, AllOf(HasSubstr("--shard"), HasSubstr("submit"), HasSubstr("does no harm")));
    EXPECT_THAT(other_runs_line(directory.path(), {1, 4}), HasSubstr("node7"));
    EXPECT_THAT(other_runs_line(directory.path(), {1, 3}), HasSubstr("node7"));
    EXPECT_EQ(other_runs_line(directory.path(), {2, 4}), "");  // no unit in common
    EXPECT_EQ(other_runs_line(directory.path(), {1, 4}, other.token), "");
    // A process of this machine that is there, and one that is not; an old report.
    other.host = host_name();
    other.pid = ::getpid();
    record_attempt(directory, other);
    EXPECT_THAT(other_runs_line(directory.path(), {0, 1}), HasSubstr("process"));
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    other.pid = child;  // ended, but not waited for
    record_attempt(directory, other);
    EXPECT_EQ(other_runs_line(directory.path(), {0, 1}), "");
    ::waitpid(child, nullptr, 0);
    other.pid = std::numeric_limits<std::int32_t>::max();
    record_attempt(directory, other);
    EXPECT_EQ(other_runs_line(directory.path(), {0, 1}), "");
    other.host = "node7";
    other.updated -= attempt_silence;
    record_attempt(directory, other);
    EXPECT_EQ(other_runs_line(directory.path(), {0, 1}), "");
}

TEST_F(RunnerTest, WarningsOfTheEngineAreLoggedAndTold) {
    FailingEngine* failing = nullptr;
    FailingEngine engine([&](const WorkUnit&, std::size_t before) {
        if (before == 3) failing->warn("CUDA device 1 (H100) failed: it is gone");
        if (before == 35) failing->warn("CUDA device 2 (H100) failed: so is it");
    });
    failing = &engine;
    const RunOutcome outcome = run(engine, "run");
    EXPECT_THAT(outcome.warnings, ElementsAre("CUDA device 1 (H100) failed: it is gone",
                                              "CUDA device 2 (H100) failed: so is it"));
    EXPECT_EQ(outcome.finished, 36u);
    EXPECT_THAT(outcome.failures, IsEmpty());
    EXPECT_THAT(bytes_of(folder_ / "run" / "log.txt"),
                HasSubstr(" warning CUDA device 1 (H100) failed: it is gone\n"));
}

// What an engine cannot do of a network concerns that network's points.
TEST_F(RunnerTest, ANetworkThatTheEngineRefusesFailsPointByPoint) {
    FailingEngine refusing([](const WorkUnit&, std::size_t) {});
    refusing.refuses = "layer 'fc' sums 200000 inputs";
    const RunOutcome outcome = run(refusing, "run");
    EXPECT_EQ(outcome.finished, 0u);
    EXPECT_EQ(outcome.engine_failure, "");
    EXPECT_EQ(outcome.failures.size(), 6u);
    EXPECT_THAT(outcome.failures,
                Each(AllOf(HasSubstr("point "), HasSubstr("layer 'fc' sums 200000 inputs"))));
}

TEST_F(RunnerTest, ResultsDoNotHoldTheEngine) {
    FailingEngine sound([](const WorkUnit&, std::size_t) {});
    EXPECT_EQ(run(sound, "run").finished, 36u);
    EXPECT_EQ(bytes_of(folder_ / "run" / "results.h5"), whole_results());
}

}  // namespace
}  // namespace acim
