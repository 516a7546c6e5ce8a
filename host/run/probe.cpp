// SPDX-License-Identifier: Apache-2.0
#include "host/run/probe.hpp"

#include <algorithm>
#include <chrono>

#include "host/store/plan_json.hpp"

namespace acim {
namespace {

struct Probe {
    double seconds = 0.0;
    double images = 0.0;
};

// `trials` trials of the first `images` images of one point.
Probe probe_point(TrialEngine& engine, std::uint32_t point, std::uint32_t images,
                  std::uint32_t trials) {
    std::vector<WorkUnit> units;
    for (std::uint32_t r = 0; r < trials; ++r) units.push_back({point, 0, r, 0, images});
    const std::atomic<bool> stop = false;
    const auto start = std::chrono::steady_clock::now();
    engine.run(
        units, [](TrialResult&&) {}, stop);
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
            static_cast<double>(images) * trials};
}

// As many trials as the engine needs to show its pace: a GPU takes thousands of images at once.
Probe probe_pace(TrialEngine& engine, std::uint32_t point, std::uint32_t images) {
    constexpr double long_enough = 0.1;  // [s]
    std::uint32_t trials = 1;
    Probe probe = probe_point(engine, point, std::min(images, 2u), trials);  // warm up
    for (; trials <= 1024; trials *= 4) {
        probe = probe_point(engine, point, images, trials);
        if (probe.seconds >= long_enough) break;
    }
    return probe;
}

}  // namespace

std::uint64_t disk_estimate(const SweepPlan& plan) {
    const PlanRecord& record = plan.record;
    const std::uint64_t layers = plan.workload->layers.size();
    const std::uint64_t items = items_of(record, record.block_images);
    const std::uint64_t predictions = record.keeps_predictions() ? items * 2 : 0;
    const std::uint64_t row = 64 + 40 + items / 8 + predictions + layers * 80;
    // Files of HDF5 have a frame of some tens of kilobytes; points are columns of results.h5, too.
    std::uint64_t bytes = unit_count(record) * row + 2 * plan_to_json(record).size() + (64u << 10);
    for (const NetworkGroup& group : plan.groups)
        for (const int i : group.network->mac_layers())
            bytes += std::get<Product>(group.network->operators[i].op).weights.size();
    return bytes;
}

Estimate estimate(const SweepPlan& plan, TrialEngine& engine, int probes) {
    Estimate out;
    const PlanRecord& record = plan.record;
    const double passes = static_cast<double>(record.chips) * record.repeats * record.images;
    const auto images = std::min<std::uint32_t>(record.images, 32);
    const std::size_t step =
        std::max<std::size_t>(1, record.points.size() / static_cast<std::size_t>(probes));
    double probed_seconds = 0.0, probed_conversions = 0.0;  // of one image of each point
    std::size_t probed_points = 0;
    for (const NetworkGroup& group : plan.groups) {
        auto setup = std::make_shared<TrialSetup>();
        setup->seed = record.seed;
        setup->network = group.network;
        setup->points = group.design_points;
        setup->images = plan.workload->data;
        setup->reference_top1 = group.reference_top1;
        setup->predictions = record.keeps_predictions();
        engine.prepare(setup);
        const WorkUnit one{0, 0, 0, 0, images};
        out.memory = std::max(out.memory, engine.memory({&one, 1}));
        for (std::size_t i = 0; i < group.points.size(); ++i) {
            const PointFacts& facts = plan.facts[group.points[i]];
            out.conversions += static_cast<double>(facts.conversions) * passes;
            if (group.points[i] % step != 0) continue;
            const Probe probe = probe_pace(engine, static_cast<std::uint32_t>(i), images);
            probed_seconds += probe.seconds / probe.images;
            probed_conversions += static_cast<double>(facts.conversions);
            ++probed_points;
        }
    }
    const double per_image =
        probed_points > 0 ? probed_seconds / static_cast<double>(probed_points) : 0.0;
    out.seconds = per_image * passes * static_cast<double>(record.points.size());
    out.measured_rate = probed_seconds > 0.0 ? probed_conversions / probed_seconds : 0.0;
    out.disk = disk_estimate(plan);
    return out;
}

}  // namespace acim
