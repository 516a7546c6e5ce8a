// SPDX-License-Identifier: Apache-2.0
#include "host/run/aggregate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "cuda/model/digital/function.hpp"
#include "cuda/trial/normal_law.hpp"
#include "host/core/error.hpp"
#include "host/run/point_facts.hpp"
#include "host/stats/pareto_front.hpp"
#include "host/stats/point_statistics.hpp"
#include "host/store/needed_chips.hpp"

namespace acim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

const char* kind_name(IntervalKind kind) {
    switch (kind) {
        case IntervalKind::none:
            return "none";
        case IntervalKind::exact:
            return "exact";
        case IntervalKind::student_t:
            return "student_t";
        case IntervalKind::resolution:
            return "resolution";
    }
    return "";
}

// Trials that no engine reports for this point; the statistics take them for a broken contract.
void expect_possible(const PlanPoint& point, const PointFacts& facts,
                     const std::vector<TrialAccuracy>& trials, std::size_t layers) {
    const char* problem = nullptr;
    if (layers > facts.layers.size()) problem = "have sums of more layers than its network";
    if (facts.deterministic)
        for (const TrialAccuracy& trial : trials)
            if (trial.accuracy != trials.front().accuracy)
                problem = "differ, though no random term is on";
    if (problem != nullptr)
        throw InputError("stored trials of point " + point.id + " " + problem +
                         ". Some segment was written by another program version or is corrupt: "
                         "remove the segments and run the sweep again");
}

// Columns that statistics give, one row a point.
struct StatisticsColumns {
    Integers trials, chips;
    Doubles accuracy, low, high, half_width, between, temporal, p5, p50, p95, min, max, agreement,
        loss, perplexity, perplexity_low, perplexity_high;
    Texts kind;

    void add(const PointStatistics& s) {
        trials.push_back(s.trials);
        chips.push_back(s.chips);
        const bool any = s.trials > 0;
        const auto put = [any](Doubles& column, double value) {
            column.push_back(any ? value : nan);
        };
        put(accuracy, s.mean);
        put(low, s.ci_low);
        put(high, s.ci_high);
        put(half_width, s.wilson_half_width);
        put(between, s.between_chip_sd);
        put(temporal, s.temporal_sd);
        put(p5, s.p5);
        put(p50, s.p50);
        put(p95, s.p95);
        put(min, s.min);
        put(max, s.max);
        put(agreement, s.agreement);
        put(loss, s.loss);
        put(perplexity, perplexity_of(s.loss));
        put(perplexity_low, perplexity_of(s.loss_ci_low));
        put(perplexity_high, perplexity_of(s.loss_ci_high));
        kind.push_back(any ? kind_name(s.ci_kind) : "none");
    }

    void move_to(std::vector<Column>& out, bool is_image) {
        const auto put = [&out](const char* name, const char* unit, const char* text,
                                auto& values) {
            out.push_back({name, unit, text, std::move(values)});
        };
        put("n_trials", "1", "finished trials", trials);
        put("n_chips", "1", "chips with a finished trial", chips);
        put("accuracy", "1", "top-1 accuracy, mean over chips", accuracy);
        put("accuracy_ci_low", "1", "lower end of the 95 % interval over chips", low);
        put("accuracy_ci_high", "1", "upper end of the 95 % interval over chips", high);
        put("accuracy_ci_kind", "", "how the interval came about", kind);
        put("accuracy_image_half_width", "1",
            "half width of the 95 % Wilson interval from the finite number of images", half_width);
        put("accuracy_between_chip_sd", "1", "standard deviation between chips", between);
        put("accuracy_temporal_sd", "1", "standard deviation between repeats of a chip", temporal);
        put("accuracy_p5", "1", "5th percentile over chips", p5);
        put("accuracy_p50", "1", "median over chips", p50);
        put("accuracy_p95", "1", "95th percentile over chips", p95);
        put("accuracy_min", "1", "worst chip", min);
        put("accuracy_max", "1", "best chip", max);
        put("agreement", "1", "same class as the noise-free quantised network", agreement);
        put("loss", "nat",
            is_image ? "mean cross-entropy per image" : "mean cross-entropy per position", loss);
        if (is_image) return;
        put("perplexity", "1", "exp(loss)", perplexity);
        put("perplexity_ci_low", "1", "lower end of the 95 % interval over chips", perplexity_low);
        put("perplexity_ci_high", "1", "upper end of the 95 % interval over chips",
            perplexity_high);
    }
};

// Energy and its blocks, per inference.
struct EnergyColumns {
    Doubles total;
    std::array<Doubles, energy_blocks.size()> blocks;

    void add(const Energy& energy) {
        total.push_back(energy.total());
        const auto values = block_energies(energy);
        for (std::size_t i = 0; i < values.size(); ++i) blocks[i].push_back(values[i]);
    }

    void move_to(std::vector<Column>& out) {
        out.push_back({"energy", "J", "energy per inference", std::move(total)});
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const std::string block(energy_blocks[i]);
            out.push_back(
                {"energy_" + block, "J", "energy per inference: " + block, std::move(blocks[i])});
        }
    }
};

// Columns that follow from the points themselves.
struct FactColumns {
    Doubles float_accuracy, quantised, float_perplexity, quantised_perplexity, operations, latency,
        area, watt, bit_watt, tops, density;
    EnergyColumns energy;
    Integers conversions, deterministic;
    Texts technology;

    void add(const PointFacts& f, const std::string& name) {
        float_accuracy.push_back(f.float_accuracy);
        quantised.push_back(f.quantised_accuracy);
        float_perplexity.push_back(perplexity_of(f.float_loss));
        quantised_perplexity.push_back(perplexity_of(f.quantised_loss));
        energy.add(f.cost.energy);
        operations.push_back(f.cost.operations);
        latency.push_back(f.cost.latency);
        area.push_back(f.cost.area * 1e6);
        watt.push_back(f.cost.tops_per_watt());
        bit_watt.push_back(f.cost.bit_tops_per_watt());
        tops.push_back(f.cost.tops());
        density.push_back(f.cost.tops_per_mm2());
        technology.push_back(name);
        conversions.push_back(static_cast<std::int64_t>(f.conversions));
        deterministic.push_back(f.deterministic);
    }

    void move_to(std::vector<Column>& out, bool is_image) {
        const auto put = [&out](const char* name, const char* unit, const char* text,
                                auto& values) {
            out.push_back({name, unit, text, std::move(values)});
        };
        put("float_accuracy", "1", "accuracy of the float network", float_accuracy);
        put("baseline_accuracy", "1", "accuracy of the noise-free quantised network", quantised);
        if (!is_image) {
            put("float_perplexity", "1", "perplexity of the float network", float_perplexity);
            put("baseline_perplexity", "1", "perplexity of the noise-free quantised network",
                quantised_perplexity);
        }
        put("deterministic", "1", "1 if no random term is on", deterministic);
        put("conversions", "1", "ADC conversions per inference", conversions);
        put("operations", "1", "operations per inference, 2 per multiply-accumulate", operations);
        energy.move_to(out);
        put("latency", "s", "time of an inference, layer after layer", latency);
        put("area", "mm2", "area of all arrays", area);
        put("tops_per_watt", "1e12/J", "operations per energy, native bits", watt);
        put("bit_tops_per_watt", "1e12/J", "operations per energy, normalised to 1 x 1 bit",
            bit_watt);
        put("tops", "1e12/s", "operations per time of an inference", tops);
        put("tops_per_mm2", "1e12/s/mm2", "the same per area", density);
        put("technology", "", "what costs are computed with", technology);
    }
};

// The name under which the technology of a point was asked for.
std::string technology_name(const PlanRecord& plan, const PlanPoint& point) {
    const auto found = plan.technologies.find(point.technology);
    return found == plan.technologies.end() ? "" : found->second.value("preset", "");
}

// All columns of the points, filled one point after the other.
struct PointColumns {
    StatisticsColumns statistics;
    FactColumns facts;
    Texts status;

    // needed: complete trials that make a finished point.
    void add(const std::vector<TrialAccuracy>& trials, std::uint64_t needed, const PointFacts& f,
             const PlanRecord& plan, const PlanPoint& p) {
        statistics.add(point_statistics(trials, {plan.images, f.deterministic, plan.positions}));
        facts.add(f, technology_name(plan, p));
        status.push_back(trials.size() == needed ? "done" : trials.empty() ? "pending" : "partial");
    }

    void move_to(std::vector<Column>& out, bool is_image) {
        const auto front = pareto_front(statistics.accuracy, facts.watt);
        Integers pareto(front.begin(), front.end());
        out.push_back({"status", "", "pending, partial or done", std::move(status)});
        statistics.move_to(out, is_image);
        facts.move_to(out, is_image);
        out.push_back({"pareto_tops_per_watt", "1", "1 on the front of accuracy against TOPS/W",
                       std::move(pareto)});
    }
};

// 10 log10(signal / error) without libm: infinite where nothing erred, NaN where there is no signal.
double decibel(double signal, double error) {
    constexpr double ln10 = 2.302585092994046;
    if (!(signal > 0.0)) return nan;
    if (!(error > 0.0)) return std::numeric_limits<double>::infinity();
    return 10.0 * (natural_log(signal) - natural_log(error)) / ln10;
}

// Statistics of one layer over all finished blocks of a point.
struct LayerColumns {
    Integers point, row_groups, conversions, outputs;
    Texts layer, path;
    Doubles utilisation, adc_lo, adc_hi, activity, latency, operations, error_mean, error_sd,
        output_sd, csnr;
    EnergyColumns energy;

    void add(std::size_t index, const LayerFacts& f, const LayerSums& s) {
        point.push_back(static_cast<std::int64_t>(index));
        layer.push_back(f.name);
        path.push_back(f.path);
        row_groups.push_back(static_cast<std::int64_t>(f.row_groups));
        utilisation.push_back(f.row_groups > 0 ? f.row_utilisation : nan);
        adc_lo.push_back(f.adc_window ? f.adc_window->lo / 65536.0 : nan);
        adc_hi.push_back(f.adc_window ? f.adc_window->hi / 65536.0 : nan);
        conversions.push_back(static_cast<std::int64_t>(f.conversions));
        activity.push_back(f.row_groups > 0 ? f.activity : nan);
        energy.add(f.energy);
        latency.push_back(f.latency);
        operations.push_back(f.operations);
        outputs.push_back(static_cast<std::int64_t>(s.outputs));
        const bool any = s.outputs > 0;
        const double n = any ? static_cast<double>(s.outputs) : nan;
        const double ee = s.ee.to_double() / 65536.0 / n, yy = s.yy.to_double() / 65536.0 / n;
        const double e = s.e.to_double() / 256.0 / n, y = s.y.to_double() / 256.0 / n;
        error_mean.push_back(e);
        error_sd.push_back(std::sqrt(std::max(0.0, ee - e * e)));
        output_sd.push_back(std::sqrt(std::max(0.0, yy - y * y)));
        csnr.push_back(any ? decibel(yy - y * y, ee - e * e) : nan);
    }

    void move_to(std::vector<Column>& out) {
        const auto put = [&out](const char* name, const char* unit, const char* text,
                                auto& values) {
            out.push_back({name, unit, text, std::move(values)});
        };
        put("point", "1", "index of the point", point);
        put("layer", "", "name of the MAC layer", layer);
        put("path", "", "sampling path, or digital", path);
        put("row_groups", "1", "row groups of one output", row_groups);
        put("row_utilisation", "1", "used rows over available rows", utilisation);
        put("adc_lo", "1", "lower bound of a calibrated ADC window in full scales", adc_lo);
        put("adc_hi", "1", "upper bound of a calibrated ADC window in full scales", adc_hi);
        put("conversions", "1", "ADC conversions per inference", conversions);
        put("activity", "1", "mean of stored bit times input, of the largest drive", activity);
        energy.move_to(out);
        put("latency", "s", "time per inference", latency);
        put("operations", "1", "operations per inference, 2 per multiply-accumulate", operations);
        put("outputs", "1", "output elements in the sums of this row", outputs);
        put("error_mean", "1", "mean error in integer-product units", error_mean);
        put("error_sd", "1", "standard deviation of the error in integer-product units", error_sd);
        put("output_sd", "1", "standard deviation of the exact outputs", output_sd);
        put("csnr", "dB", "10 log10 of the variance of outputs over that of errors", csnr);
    }
};

PointFacts facts_of(const PlanPoint& point) {
    try {
        return point_facts_from_json(nlohmann::json::parse(point.derived));
    } catch (const nlohmann::json::exception& error) {
        throw InputError(std::string("plan.json: damaged (") + error.what() +
                         "). Remove it and run the sweep again: stored trials are kept");
    }
}

}  // namespace

double perplexity_of(double loss) { return loss == loss ? digital::exponential(loss) : loss; }

ResultColumns aggregate(const PlanRecord& plan, const TrialTable& table) {
    PointColumns points;
    LayerColumns layers;
    std::size_t row = 0;
    for (std::uint32_t p = 0; p < plan.points.size(); ++p) {
        const PointFacts facts = facts_of(plan.points[p]);
        const auto trials = complete_trials(plan, table, p, row);
        std::vector<LayerSums> sums = table.layers[p];
        expect_possible(plan.points[p], facts, trials, sums.size());
        points.add(trials, std::uint64_t{table.chips[p]} * plan.repeats, facts, plan,
                   plan.points[p]);
        sums.resize(facts.layers.size());
        for (std::size_t i = 0; i < sums.size(); ++i) layers.add(p, facts.layers[i], sums[i]);
    }
    ResultColumns out;
    points.move_to(out.points, plan.positions == 1);
    layers.move_to(out.layers);
    return out;
}

}  // namespace acim
