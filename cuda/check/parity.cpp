// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/parity.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <stdexcept>

namespace acim {
namespace {

// One integer of a result; `width` bytes of it count.
struct Field {
    std::string name;
    std::uint64_t value = 0;
    int width = 8;
};

void add_sum(std::vector<Field>& fields, const std::string& name, const WideSum& sum) {
    fields.push_back({name + ".low", sum.low, 8});
    fields.push_back({name + ".high", static_cast<std::uint64_t>(sum.high), 8});
}

// Everything that operator== of TrialResult compares, but the unit.
std::vector<Field> fields_of(const TrialResult& result) {
    std::vector<Field> fields;
    fields.push_back({"correct", result.correct, 4});
    fields.push_back({"agree", result.agree, 4});
    fields.push_back({"cross_entropy", static_cast<std::uint64_t>(result.cross_entropy), 8});
    fields.push_back({"correct_bits.size", result.correct_bits.size(), 1});
    for (std::size_t i = 0; i < result.correct_bits.size(); ++i)
        fields.push_back({"correct_bits[" + std::to_string(i) + "]", result.correct_bits[i], 1});
    fields.push_back({"predictions.size", result.predictions.size(), 1});
    for (std::size_t i = 0; i < result.predictions.size(); ++i)
        fields.push_back({"predictions[" + std::to_string(i) + "]", result.predictions[i], 2});
    fields.push_back({"layers.size", result.layers.size(), 1});
    for (std::size_t i = 0; i < result.layers.size(); ++i) {
        const std::string layer = "layer " + std::to_string(i) + " ";
        const LayerSums& sums = result.layers[i];
        fields.push_back({layer + "outputs", sums.outputs, 8});
        fields.push_back({layer + "conversions", sums.conversions, 8});
        add_sum(fields, layer + "y", sums.y);
        add_sum(fields, layer + "e", sums.e);
        add_sum(fields, layer + "ee", sums.ee);
        add_sum(fields, layer + "yy", sums.yy);
        add_sum(fields, layer + "ye", sums.ye);
    }
    return fields;
}

std::string describe(const ParityCase& c, const WorkUnit& unit) {
    return c.name + ", point '" + c.setup->points[unit.point].id + "', chip " +
           std::to_string(unit.chip) + ", repeat " + std::to_string(unit.repeat) + ", images " +
           std::to_string(unit.first_image) + " to " +
           std::to_string(unit.first_image + unit.images - 1);
}

std::uint64_t different_bytes(std::uint64_t a, std::uint64_t b) {
    std::uint64_t count = 0;
    for (std::uint64_t rest = a ^ b; rest != 0; rest >>= 8) count += (rest & 0xFFu) != 0 ? 1 : 0;
    return count;
}

void compare_unit(const ParityCase& c, const TrialResult& expected, const TrialResult& actual,
                  ParityDifference& out) {
    const std::vector<Field> want = fields_of(expected), got = fields_of(actual);
    for (std::size_t i = 0; i < want.size(); ++i) {
        out.compared += static_cast<std::uint64_t>(want[i].width);
        const Field missing{want[i].name, ~want[i].value, want[i].width};
        const bool there = i < got.size() && got[i].name == want[i].name;
        const Field& other = there ? got[i] : missing;
        if (other.value == want[i].value) continue;
        out.bytes += different_bytes(want[i].value, other.value);
        if (out.first.empty())
            out.first = describe(c, expected.unit) + ", " + want[i].name + ": expected " +
                        std::to_string(static_cast<std::int64_t>(want[i].value)) + ", got " +
                        (there ? std::to_string(static_cast<std::int64_t>(other.value))
                               : std::string("nothing"));
    }
    // The fields repeat operator==; this holds should one be added there and forgotten here.
    if (out.first.empty() && !(expected == actual)) {
        out.first = describe(c, expected.unit) + ": results differ in a field without a name";
        out.bytes += 1;
    }
}

}  // namespace

std::vector<TrialResult> run_case(TrialEngine& engine, const ParityCase& c) {
    const std::atomic<bool> stop{false};
    std::vector<TrialResult> reported;
    engine.prepare(c.setup);
    engine.run(
        c.units, [&](TrialResult&& result) { reported.push_back(std::move(result)); }, stop);
    if (reported.size() != c.units.size())
        throw std::runtime_error(c.name + ": " + std::to_string(reported.size()) + " results for " +
                                 std::to_string(c.units.size()) + " units");
    std::vector<TrialResult> ordered;
    for (const WorkUnit& unit : c.units) {
        const auto at = std::ranges::find(reported, unit, &TrialResult::unit);
        if (at == reported.end())
            throw std::runtime_error(describe(c, unit) + ": not among the results");
        ordered.push_back(*at);
    }
    return ordered;
}

ParityDifference compare_results(const ParityCase& c, const std::vector<TrialResult>& expected,
                                 const std::vector<TrialResult>& actual) {
    ParityDifference out;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (i < actual.size())
            compare_unit(c, expected[i], actual[i], out);
        else if (out.first.empty())
            out.first = describe(c, expected[i].unit) + ": no result";
    }
    return out;
}

ParityDifference compare_with(const ParityCase& c, const std::vector<TrialResult>& expected,
                              TrialEngine& actual) {
    try {
        return compare_results(c, expected, run_case(actual, c));
    } catch (const std::exception& error) {
        ParityDifference out;
        out.first = c.name + ": " + error.what();
        out.engine_lost = dynamic_cast<const EngineFailure*>(&error) != nullptr;
        for (const TrialResult& result : expected)
            for (const Field& field : fields_of(result))
                out.bytes += static_cast<std::uint64_t>(field.width);
        out.compared = out.bytes;
        return out;
    }
}

ParityDifference compare_engines(const ParityCase& c, TrialEngine& expected, TrialEngine& actual) {
    return compare_with(c, run_case(expected, c), actual);
}

}  // namespace acim
