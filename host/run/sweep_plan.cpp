// SPDX-License-Identifier: Apache-2.0
#include "host/run/sweep_plan.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/core/version.hpp"
#include "host/run/layer_check.hpp"
#include "host/sweep/equal_points.hpp"
#include "host/sweep/keys.hpp"
#include "host/sweep/load.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

// Settings of a point on every MAC layer, and the recipe of the network that they need.
struct ResolvedPoint {
    std::vector<LayerSettings> layers;
    QuantisationRecipe recipe;
};

ResolvedPoint resolve(const PointConfig& point, const Workload& workload) {
    ResolvedPoint r;
    r.layers = resolve_layers(point, workload.layers);
    r.recipe.spec = point.quantisation;
    r.recipe.on_evaluated = r.recipe.spec.images == 0;
    if (r.recipe.on_evaluated) r.recipe.spec.images = static_cast<int>(workload.images);
    for (const LayerSettings& layer : r.layers) {
        r.recipe.weight_bits.push_back(layer.weight_bits);
        r.recipe.activation_bits.push_back(layer.activation_bits);
    }
    return r;
}

// Units of parameters, for tables and plots.
std::map<std::string, std::string> parameter_units(const SweepSpec& spec) {
    const NoiseUnit unit = spec.base.macro.noise.random.unit;
    std::string sigma = unit == NoiseUnit::lsb    ? "lsb"
                        : unit == NoiseUnit::volt ? "V"
                                                  : "percent_fs";
    for (const Axis& axis : spec.axes)
        for (const std::string& path : axis.paths)
            if (path == "macro.noise.random.unit") sigma.clear();  // no single unit is right
    std::map<std::string, std::string> units{{"macro.noise.random.sigma", sigma},
                                             {"macro.noise.nonlinear.sigma", "percent_fs"},
                                             {"macro.adc.bits", "bit"},
                                             {"weight_bits", "bit"},
                                             {"activation_bits", "bit"}};
    for (const Axis& axis : spec.axes)
        for (const std::string& path : axis.paths)
            if (const KeyInfo* key = find_key(path, on_axis); key != nullptr && !key->unit.empty())
                units.try_emplace(path, key->unit);
    return units;
}

NetworkGroup& group_of(SweepPlan& plan, std::map<std::string, std::size_t>& by_hash,
                       const std::shared_ptr<const QuantizedNetwork>& network) {
    const auto [it, fresh] = by_hash.try_emplace(network->hash, plan.groups.size());
    if (fresh) {
        plan.groups.emplace_back();
        plan.groups.back().network = network;
        plan.record.networks[network->hash] = plan.workload->layers;
    }
    return plan.groups[it->second];
}

// What is counted on images; a setting that does not fit its layer is the sweep's mistake.
template <class Counter>
auto counted(const SweepPlan& plan, Counter& counter, const QuantizedNetwork& network,
             const QuantisationRecipe& recipe, std::span<const LayerSettings> layers) {
    try {
        return counter.get(network, recipe, layers);
    } catch (const std::invalid_argument& error) {
        throw InputError(plan.spec.file.string() + ": " + error.what());
    }
}

// Measured chips that came again would pass for chips of their own in every interval.
void check_measured_chips(const SweepPlan& plan, const ResolvedPoint& resolved) {
    for (const LayerSettings& layer : resolved.layers) {
        const MeasuredChip* chip = layer.analog ? layer.macro.chip.get() : nullptr;
        if (chip == nullptr || chip->chips() == 1) continue;
        if (plan.spec.trials.chips <= static_cast<std::uint32_t>(chip->chips())) continue;
        throw InputError(fmt::format(
            "{}: key 'trials.chips' is {}, but macro.chip_file '{}' holds "
            "{} chips. Run at most these.",
            plan.spec.file.string(), plan.spec.trials.chips, chip->file, chip->chips()));
    }
}

// Keeps in a plan what costs are computed with.
class TechnologyShelf {
public:
    // The key of the point's technology; hashed only where it is not that of the point before.
    const std::string& add(const PointConfig& point, PlanRecord& plan) {
        if (key_.empty() || name_ != point.technology_name || !(technology_ == point.technology)) {
            nlohmann::json constants = point.canonical_costs();
            constants["preset"] = name_ = point.technology_name;
            technology_ = point.technology;
            key_ = sha256_hex(constants.dump()).substr(0, 16);
            plan.technologies.try_emplace(key_, std::move(constants));
        }
        return key_;
    }

private:
    Technology technology_;
    std::string name_, key_;
};

void add_point(SweepPlan& plan, NetworkGroup& group, const PointConfig& point,
               const ResolvedPoint& resolved, TechnologyShelf& technologies) {
    check_measured_chips(plan, resolved);
    const LayerWindows windows =
        counted(plan, *plan.ranges, *group.network, resolved.recipe, resolved.layers);
    PlanPoint record;
    record.id = point_id(point, group.network->hash, plan.record.data_hash, windows);
    record.canonical_json = point.canonical().dump();
    record.network_hash = group.network->hash;
    record.parameters = point.parameters;
    const std::string place = plan.spec.file.string();
    DesignPoint design{record.id, resolved.layers};
    if (point.noise_streams == NoiseStreams::independent)
        design.seed_mask = std::stoull(record.id.substr(0, 16), nullptr, 16);
    for (std::size_t i = 0; i < windows.size(); ++i)
        if (windows[i]) design.layers[i] = with_window(design.layers[i], *windows[i]);
    const auto macs = group.network->mac_layers();
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const Operator& node = group.network->operators[macs[i]];
        check_layer(design.layers[i], std::get<Product>(node.op).input_quantisation.is_signed,
                    node.name);
    }
    record.technology = technologies.add(point, plan.record);
    const CostBasis basis{point.technology, counted(plan, *plan.activities, *group.network,
                                                    resolved.recipe, design.layers)};
    plan.facts.push_back(point_facts(*group.network, design, basis, place));
    for (std::size_t i = 0; i < windows.size(); ++i)
        plan.facts.back().layers[i].adc_window = windows[i];
    group.points.push_back(static_cast<std::uint32_t>(plan.record.points.size()));
    group.design_points.push_back(std::move(design));
    plan.record.points.push_back(std::move(record));
}

// Of all items of a trial.
std::vector<std::uint16_t> labels_of(const SweepPlan& plan) {
    constexpr int most_classes = 1 << 16;
    const Workload& workload = *plan.workload;
    if (workload.classes > most_classes)
        throw InputError(fmt::format(
            "{}: key 'trials.predictions' is true, but the network has {} classes; they are kept "
            "of {} at most. Leave the key out",
            plan.spec.file.string(), workload.classes, most_classes));
    std::vector<std::uint16_t> labels(workload.items());
    for (std::uint32_t item = 0; item < labels.size(); ++item)
        labels[item] = static_cast<std::uint16_t>(workload.data->label(item));
    return labels;
}

void add_baselines(SweepPlan& plan) {
    const auto items = static_cast<double>(plan.workload->items());
    const bool has_loss = plan.workload->positions > 1;
    plan.float_score = plan.baselines->float_score();
    for (NetworkGroup& group : plan.groups) {
        DigitalBaseline digital = plan.baselines->quantised(*group.network);
        group.reference_top1 = std::move(digital.top1);
        group.quantised = digital.score;
        for (const std::uint32_t p : group.points) {
            PointFacts& facts = plan.facts[p];
            facts.float_accuracy = static_cast<double>(plan.float_score.correct) / items;
            facts.quantised_accuracy = static_cast<double>(group.quantised.correct) / items;
            if (!has_loss) continue;
            facts.float_loss = plan.float_score.mean_loss(items);
            facts.quantised_loss = group.quantised.mean_loss(items);
        }
    }
}

// What the file says of the sweep as a whole.
void describe_sweep(SweepPlan& plan) {
    const TrialsSpec& trials = plan.spec.trials;
    PlanRecord& record = plan.record;
    record.sweep_name = plan.spec.name;
    record.sweep_text = plan.spec.text;
    for (const std::string& change : plan.spec.overrides)
        record.sweep_text += "# --set " + change + "\n";
    record.seed = plan.spec.seed;
    record.chips = trials.chips;
    record.repeats = trials.repeats;
    record.stop = {trials.stop_half_width, trials.stop_first_chips};
    record.images = plan.workload->images;
    record.positions = static_cast<std::uint32_t>(plan.workload->positions);
    record.block_images = std::min(block_images, record.images);
    if (trials.predictions) record.labels = labels_of(plan);
    record.model_version = model_version;
    record.data_hash = plan.workload->data->content_hash();
    record.code_version = code_version();
    record.parameter_units = parameter_units(plan.spec);
}

// Before the time that calibration takes: whether the run directory takes these points.
void check_directory(const SweepPlan& plan, const std::vector<PointConfig>& points,
                     const PlanOptions& options) {
    if (!options.change || !std::filesystem::exists(options.run_directory / "plan.json")) return;
    PlanRecord asked = plan.record;
    for (const PointConfig& point : points) {
        asked.points.emplace_back();
        asked.points.back().canonical_json = point.canonical().dump();
    }
    RunDirectory::check_plan(options.run_directory, asked, *options.change);
}

}  // namespace

SweepPlan make_sweep_plan(const std::filesystem::path& sweep, const PlanOptions& options) {
    SweepPlan plan;
    plan.spec = load_sweep(sweep, options.overrides);
    const std::vector<PointConfig> points = expand(plan.spec);
    if (options.change) RunDirectory::check_place(options.run_directory);
    plan.workload = std::make_shared<const Workload>(load_workload(plan.spec, options.quiet));
    check_stated_axes(plan.spec, *plan.workload);
    check_equal_points(plan.spec, points, plan.workload->layers);
    check_trial_count(plan.spec, points.size(), plan.workload->images);
    check_stop_rule(plan.spec, *plan.workload);
    const std::filesystem::path folder = options.run_directory.empty()
                                             ? std::filesystem::path()
                                             : options.run_directory / "networks";
    plan.networks = std::make_shared<NetworkLibrary>(plan.workload, folder, options.threads);
    plan.ranges = std::make_shared<AdcRanges>(plan.workload, folder, options.threads);
    plan.activities = std::make_shared<Activities>(plan.workload, folder, options.threads);
    plan.baselines = std::make_shared<Baselines>(plan.workload, folder, options.threads);
    describe_sweep(plan);
    check_directory(plan, points, options);
    PlanRecord& record = plan.record;
    std::map<std::string, std::size_t> by_hash;
    TechnologyShelf technologies;
    for (const PointConfig& point : points) {
        const ResolvedPoint resolved = resolve(point, *plan.workload);
        NetworkGroup& group = group_of(plan, by_hash, plan.networks->get(resolved.recipe));
        add_point(plan, group, point, resolved, technologies);
    }
    record.baselines = options.baselines;
    if (options.baselines) add_baselines(plan);
    for (std::size_t p = 0; p < record.points.size(); ++p)
        record.points[p].derived = to_json(plan.facts[p]).dump();
    return plan;
}

RunDirectory open_run_directory(SweepPlan& plan, const std::filesystem::path& path,
                                PlanChange change) {
    RunDirectory directory = RunDirectory::create_or_open(path, plan.record, change);
    plan.record = directory.plan();
    plan.networks->save();
    plan.ranges->save();
    plan.activities->save();
    plan.baselines->save();
    return directory;
}

}  // namespace acim
