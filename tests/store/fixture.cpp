// SPDX-License-Identifier: Apache-2.0
#include "tests/store/fixture.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "host/core/sha256.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim::fixture {

namespace fs = std::filesystem;

namespace {

// A 64-bit mixer (SplitMix64), enough for values that differ.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

std::uint64_t hash_of(const std::string& text) {
    std::uint64_t h = 1;
    for (const char c : text) {
        h = mix(h ^ static_cast<unsigned char>(c));
    }
    return h;
}

LayerSums sums_of(std::uint64_t h) {
    LayerSums sums;
    sums.outputs = h % 100000;
    sums.conversions = mix(h) % 1000000;
    sums.y = {mix(h + 5), static_cast<std::int64_t>(h % 3) - 1};
    sums.e = {mix(h + 1), -1};
    sums.ee = {mix(h + 2), static_cast<std::int64_t>(h % 7)};
    sums.yy = {mix(h + 3), 12};
    sums.ye = {mix(h + 4), static_cast<std::int64_t>(h % 5) - 2};
    return sums;
}

}  // namespace

PlanRecord small_plan() {
    PlanRecord plan;
    plan.sweep_name = "small \"quoted\", sweep";
    plan.sweep_text = "name: small  # µ\ngrid:\n  macro.adc.bits: [4, 5, 6]\n";
    plan.seed = 0xFFFFFFFFFFFFFFF1U;
    plan.chips = 2;
    plan.repeats = 2;
    plan.images = 300;
    plan.block_images = 128;
    plan.model_version = 3;
    plan.data_hash = sha256_hex("data");
    plan.code_version = "0.1.0";
    plan.networks = {{"aa", {"conv1", "conv2", "fc"}}, {"bb", {"conv1", "fc"}}};
    plan.parameter_units = {{"macro.noise.random.sigma", "lsb"}};
    for (const double sigma : {0.25, 0.1}) {
        for (const int bits : {4, 5, 6}) {
            PlanPoint point;
            point.canonical_json =
                "{\"bits\":" + std::to_string(bits) + ",\"sigma\":" + std::to_string(sigma) + "}";
            point.id = sha256_hex(point.canonical_json);
            point.network_hash = bits == 4 ? "bb" : "aa";
            point.parameters = {{"macro.noise.random.sigma", sigma},
                                {"macro.adc.bits", bits},
                                {"macro.input.signed", bits == 5},
                                {"layers./conv1/Conv.mode", bits == 6 ? "a, \"b\"" : "digital"}};
            if (bits != 4) {
                point.parameters.emplace_back("macro.hybrid.levels", bits - 4);
            }
            plan.points.push_back(point);
        }
    }
    return plan;
}

PlanRecord plan_with_predictions() {
    PlanRecord plan = small_plan();
    for (std::uint32_t image = 0; image < plan.images; ++image) {
        plan.labels.push_back(static_cast<std::uint16_t>(mix(image) % 10));
    }
    return plan;
}

std::vector<WorkUnit> planned_units(const PlanRecord& plan) {
    std::vector<WorkUnit> units(unit_count(plan));
    for (std::uint64_t i = 0; i < units.size(); ++i) {
        units[i] = unit_at(plan, i);
    }
    return units;
}

std::vector<WorkUnit> missing_units(const PlanRecord& plan, const TrialTable& table) {
    const std::vector<WorkUnit> planned = planned_units(plan);
    std::vector<WorkUnit> missing;
    std::set_difference(planned.begin(), planned.end(), table.units.begin(), table.units.end(),
                        std::back_inserter(missing));
    return missing;
}

StoredTrial trial_of(const PlanRecord& plan, const WorkUnit& unit) {
    const PlanPoint& point = plan.points.at(unit.point);
    std::uint64_t h = hash_of(point.id);
    for (const std::uint64_t part : {unit.chip, unit.repeat, unit.first_image, unit.images}) {
        h = mix(h ^ part);
    }
    StoredTrial trial{point.id, {}};
    TrialResult& result = trial.result;
    result.unit = unit;
    result.correct_bits.resize((unit.images + 7) / 8);
    for (std::uint32_t k = 0; k < unit.images; ++k) {
        if (mix(h + k) % 10 < 8) {
            result.correct_bits[k / 8] |= static_cast<std::uint8_t>(1U << (k % 8));
            result.correct += 1;
        }
        if (plan.keeps_predictions()) {
            const bool right = (result.correct_bits[k / 8] >> (k % 8) & 1U) != 0;
            const std::uint64_t wrong = 1 + mix(h ^ k) % 9;
            const std::uint16_t label = plan.labels[unit.first_image + k];
            result.predictions.push_back(
                static_cast<std::uint16_t>((label + (right ? 0 : wrong)) % 10));
        }
    }
    result.agree = result.correct / 2;
    result.cross_entropy = static_cast<std::int64_t>(mix(h) >> 20) - (std::int64_t{1} << 40);
    for (std::size_t l = 0; l < plan.networks.at(point.network_hash).size(); ++l) {
        result.layers.push_back(sums_of(mix(h + 1000 + l)));
    }
    return trial;
}

std::vector<StoredTrial> all_trials(const PlanRecord& plan) {
    std::vector<StoredTrial> trials;
    for (const WorkUnit& unit : planned_units(plan)) {
        trials.push_back(trial_of(plan, unit));
    }
    return trials;
}

ResultColumns aggregate(const PlanRecord& plan, const TrialTable& table) {
    std::vector<double> accuracy(plan.points.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<std::int64_t> correct(plan.points.size());
    std::vector<std::int64_t> images(plan.points.size());
    std::vector<std::int64_t> point;
    std::vector<std::string> layer;
    std::vector<std::int64_t> conversions;
    for (std::size_t p = 0; p < plan.points.size(); ++p) {
        const auto& names = plan.networks.at(plan.points[p].network_hash);
        std::vector<LayerSums> sums = table.layers[p];
        sums.resize(names.size());
        for (std::size_t row = 0; row < table.rows(); ++row) {
            if (table.units[row].point == p) {
                correct[p] += table.correct[row];
                images[p] += table.units[row].images;
            }
        }
        if (images[p] > 0) {
            accuracy[p] = static_cast<double>(correct[p]) / static_cast<double>(images[p]);
        }
        for (std::size_t l = 0; l < names.size(); ++l) {
            point.push_back(static_cast<std::int64_t>(p));
            layer.push_back(names[l]);
            conversions.push_back(static_cast<std::int64_t>(sums[l].conversions));
        }
    }
    return {{{"accuracy", "1", "fraction of correct images", accuracy},
             {"n_images_done", "1", "images over all trials", images}},
            {{"point", "1", "index of the design point", point},
             {"layer", "", "name of the MAC layer", layer},
             {"conversions", "1", "ADC conversions over all trials", conversions}}};
}

Scratch::Scratch() : path_(fs::temp_directory_path() / ("acim-store-" + unique_token())) {
    fs::create_directories(path_);
}

Scratch::~Scratch() {
    std::error_code error;
    fs::remove_all(path_, error);
}

void store(const RunDirectory& directory, std::span<const StoredTrial> trials,
           std::size_t per_segment) {
    SegmentWriter writer(directory, "0/1", {per_segment, std::chrono::hours(1)});
    for (const StoredTrial& trial : trials) {
        writer.append(trial);
    }
    writer.flush();
}

std::string text_of(const fs::path& path) {
    const auto bytes = read_whole_file(path);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace acim::fixture
