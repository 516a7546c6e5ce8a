// SPDX-License-Identifier: Apache-2.0
// The parity cases run, reach what they are named for, and their comparison can fail.
#include "cuda/check/parity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

#include "cuda/trial/point_plan.hpp"
#include "cuda/trial/reference_engine.hpp"

namespace acim {
namespace {

using testing::HasSubstr;

// The reference engine, whose results something spoils on the way.
class SpoiledEngine : public TrialEngine {
public:
    using Spoil = std::function<void(TrialResult&)>;
    explicit SpoiledEngine(Spoil spoil) : spoil_(std::move(spoil)) {}

    std::string name() const override { return "spoiled"; }
    void prepare(std::shared_ptr<const TrialSetup> setup) override {
        engine_->prepare(std::move(setup));
    }
    void run(std::span<const WorkUnit> units, const Sink& sink,
             const std::atomic<bool>& stop) override {
        engine_->run(
            units,
            [&](TrialResult&& result) {
                spoil_(result);
                sink(std::move(result));
            },
            stop);
    }
    std::uint64_t memory(std::span<const WorkUnit> units) const override {
        return engine_->memory(units);
    }

private:
    Spoil spoil_;
    std::unique_ptr<TrialEngine> engine_ = make_reference_engine();
};

const std::vector<ParityCase>& all_cases() {
    static const std::vector<ParityCase> cases = parity_cases();
    return cases;
}

const ParityCase& case_named(const std::string& name) {
    for (const ParityCase& c : all_cases())
        if (c.name == name) return c;
    throw std::out_of_range("no parity case is called " + name);
}

ParityDifference against_spoiled(const SpoiledEngine::Spoil& spoil) {
    SpoiledEngine engine(spoil);
    return compare_engines(case_named("operators/table"), *make_reference_engine(), engine);
}

TEST(ParityCases, NamesAreUnique) {
    std::set<std::string> names;
    for (const ParityCase& c : all_cases()) EXPECT_TRUE(names.insert(c.name).second) << c.name;
}

TEST(ParityCases, AllRunOnTheReferenceEngine) {
    const auto engine = make_reference_engine();
    for (const ParityCase& c : all_cases()) {
        SCOPED_TRACE(c.name);
        std::vector<TrialResult> results;
        ASSERT_NO_THROW(results = run_case(*engine, c));
        for (const TrialResult& result : results)
            for (const LayerSums& layer : result.layers)
                EXPECT_TRUE(layer.outputs == 0 || layer.yy != WideSum{}) << "all products are 0";
    }
}

// Paths of all layers of all cases.
TEST(ParityCases, ReachEveryPath) {
    std::map<SamplingPath, int> layers;
    int votes = 0, digital = 0, rounded = 0, aidac = 0, per_chip = 0, remembering = 0;
    for (const ParityCase& c : all_cases()) {
        const QuantizedNetwork& network = *c.setup->network;
        const std::vector<int> macs = network.mac_layers();
        for (const DesignPoint& point : c.setup->points)
            for (std::size_t i = 0; i < macs.size(); ++i) {
                const LayerPlan plan =
                    describe_operator(network.operators[macs[i]], point.layers[i]);
                ++layers[plan.path];
                digital += plan.analog ? 0 : 1;
                aidac += plan.macro.kind == MacroKind::aidac ? 1 : 0;
                per_chip += plan.per_chip ? 1 : 0;
                remembering += plan.terms.settling != 0.0 && !plan.terms.reset ? 1 : 0;
                for (const ConversionPlan& k : plan.conversions) {
                    votes += k.votes > 1 ? 1 : 0;
                    rounded += k.through_adc && !k.noisy ? 1 : 0;
                }
            }
    }
    for (const SamplingPath path : {SamplingPath::product, SamplingPath::lut, SamplingPath::table,
                                    SamplingPath::fixed, SamplingPath::chip})
        EXPECT_GE(layers[path], 20) << static_cast<int>(path);
    for (const int count : {votes, digital, rounded, aidac, per_chip, remembering})
        EXPECT_GE(count, 5);
}

// A layer that should err does, noise or not; one that is exact does not.
TEST(ParityCases, ErrorsAreNotZero) {
    const auto engine = make_reference_engine();
    for (const char* name : {"layer/lut", "layer/table, 0.5 LSB + 0.05 %", "layer/mismatch",
                             "layer/aidac, grouped cells", "deep/chip, 1152 rows"})
        for (const TrialResult& result : run_case(*engine, case_named(name)))
            EXPECT_NE(result.layers.front().ee, WideSum{}) << name;
    for (const TrialResult& result : run_case(*engine, case_named("layer/product")))
        EXPECT_EQ(result.layers.front().ee, WideSum{});
}

TEST(ParityComparison, FindsNothingBetweenEqualEngines) {
    const ParityDifference none = against_spoiled([](TrialResult&) {});
    EXPECT_FALSE(none.any()) << none.first;
    EXPECT_EQ(none.bytes, 0u);
    EXPECT_GT(none.compared, 100u);
}

TEST(ParityComparison, FindsOneBitInAnyField) {
    struct Flip {
        const char* field;
        SpoiledEngine::Spoil spoil;
    };
    const std::array flips{
        Flip{"correct_bits[0]", [](TrialResult& r) { r.correct_bits[0] ^= 1; }},
        Flip{"correct:", [](TrialResult& r) { r.correct ^= 1; }},
        Flip{"agree", [](TrialResult& r) { r.agree ^= 4; }},
        Flip{"cross_entropy", [](TrialResult& r) { r.cross_entropy ^= 1; }},
        Flip{"layer 1 outputs", [](TrialResult& r) { r.layers[1].outputs ^= 1; }},
        Flip{"layer 0 conversions", [](TrialResult& r) { r.layers[0].conversions ^= 1; }},
        Flip{"layer 2 y.low", [](TrialResult& r) { r.layers[2].y.low ^= 1; }},
        Flip{"layer 3 e.high", [](TrialResult& r) { r.layers[3].e.high ^= 1; }},
        Flip{"layer 0 ee.low", [](TrialResult& r) { r.layers[0].ee.low ^= 1; }},
        Flip{"layer 0 yy.high", [](TrialResult& r) { r.layers[0].yy.high ^= 1; }},
        Flip{"layer 0 ye.low", [](TrialResult& r) { r.layers[0].ye.low ^= 1; }}};
    for (const Flip& flip : flips) {
        int seen = 0;  // spoil the second unit only
        const ParityDifference found = against_spoiled([&](TrialResult& r) {
            if (++seen == 2) flip.spoil(r);
        });
        EXPECT_THAT(found.first, HasSubstr(flip.field));
        EXPECT_THAT(found.first, HasSubstr("operators/table"));
        EXPECT_THAT(found.first, HasSubstr("images 5 to 6"));
        EXPECT_EQ(found.bytes, 1u) << flip.field;
    }
}

TEST(ParityComparison, FindsMissingParts) {
    EXPECT_THAT(against_spoiled([](TrialResult& r) { r.layers.pop_back(); }).first,
                HasSubstr("layers.size"));
    EXPECT_THAT(against_spoiled([](TrialResult& r) { r.correct_bits.clear(); }).first,
                HasSubstr("correct_bits.size"));
    EXPECT_THAT(against_spoiled([](TrialResult& r) { ++r.unit.repeat; }).first,
                HasSubstr("not among the results"));
    EXPECT_THAT(
        against_spoiled([](TrialResult&) { throw std::runtime_error("device lost"); }).first,
        HasSubstr("device lost"));
}

}  // namespace
}  // namespace acim
