// SPDX-License-Identifier: Apache-2.0
#include "host/run/probe.hpp"

#include <algorithm>
#include <chrono>

#include "host/engine/cpu_engine.hpp"

namespace acim {
namespace {

// Seconds that `images` images of one point take.
double time_point(TrialEngine& engine, std::uint32_t point, std::uint32_t images) {
    const WorkUnit unit{point, 0, 0, 0, images};
    const std::atomic<bool> stop = false;
    const auto start = std::chrono::steady_clock::now();
    engine.run(
        {&unit, 1}, [](TrialResult&&) {}, stop);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Estimate estimate(const SweepPlan& plan, int threads, int probes) {
    Estimate out;
    const PlanRecord& record = plan.record;
    const double passes = static_cast<double>(record.chips) * record.repeats * record.images;
    const auto images = std::min<std::uint32_t>(record.images, 32);
    const auto engine = make_cpu_engine(threads);
    const std::size_t step =
        std::max<std::size_t>(1, record.points.size() / static_cast<std::size_t>(probes));
    double probed_seconds = 0.0, probed_conversions = 0.0, probed_images = 0.0;
    for (const NetworkGroup& group : plan.groups) {
        auto setup = std::make_shared<TrialSetup>();
        setup->seed = record.seed;
        setup->network = group.network;
        setup->points = group.design_points;
        setup->images = plan.workload->data;
        setup->reference_top1 = group.reference_top1;
        engine->prepare(setup);
        const WorkUnit one{0, 0, 0, 0, images};
        out.memory = std::max(out.memory, engine->memory({&one, 1}));
        for (std::size_t i = 0; i < group.points.size(); ++i) {
            const PointFacts& facts = plan.facts[group.points[i]];
            out.conversions += static_cast<double>(facts.conversions) * passes;
            if (group.points[i] % step != 0) continue;
            time_point(*engine, static_cast<std::uint32_t>(i), std::min(images, 2u));  // warm up
            probed_seconds += time_point(*engine, static_cast<std::uint32_t>(i), images);
            probed_conversions += static_cast<double>(facts.conversions) * images;
            probed_images += images;
        }
    }
    const double per_image = probed_images > 0.0 ? probed_seconds / probed_images : 0.0;
    out.seconds = per_image * passes * static_cast<double>(record.points.size());
    out.measured_rate = probed_seconds > 0.0 ? probed_conversions / probed_seconds : 0.0;
    const std::uint64_t layers = plan.workload->layers.size();
    const std::uint64_t row = 64 + 40 + record.block_images / 8 + layers * 80;
    // Files of HDF5 have a frame of some tens of kilobytes; the plan also stands in results.h5.
    out.disk = planned_units(record).size() * row + 2 * plan_to_json(record).size() + (64u << 10);
    for (const NetworkGroup& group : plan.groups)
        for (const int i : group.network->mac_layers())
            out.disk += std::get<Product>(group.network->operators[i].op).weights.size();
    return out;
}

}  // namespace acim
