// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>
#include <vector>

#include "host/hdf5/image_writer.hpp"
#include "host/run/aggregate.hpp"
#include "host/run/point_facts.hpp"
#include "host/store/sealed_file.hpp"
#include "host/store/segment_file.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/hostile_column.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace acim;
using fuzz::Choices, fuzz::write_column;

void write_header(hdf5::ImageWriter& out, Choices& choices) {
    const std::uint8_t how = choices.next();
    out.attribute("/", "schema_name", how % 8 == 1 ? "other" : "acimsweep-segment");
    if (how % 8 != 2) out.attribute("/", "schema_version", std::int64_t{how % 8 == 3 ? 2 : 1});
    if (how % 8 != 4) out.attribute("/", "seed", choices.number());
    if (how % 8 == 6) out.attribute("/", "positions", std::int64_t{how / 8 % 4});
    if (how % 8 == 5)
        out.attribute("/", "model_version", 0.5);
    else
        out.attribute("/", "model_version", static_cast<std::int64_t>(choices.number()));
    out.attribute("/", "data_hash", std::string(choices.next(), 'h'));
}

// The points of the plan and one that it lacks, or less.
std::vector<std::string> point_ids(std::uint8_t how) {
    const std::vector<std::string> all = {"id", "exact", "other"};
    return {all.begin(), all.begin() + 1 + how % 3};
}

constexpr std::uint32_t images = 4, most_rows = 4, most_layers = 4;

std::vector<std::byte> segment_of(Choices choices) {
    hdf5::ImageWriter out;
    write_header(out, choices);
    const std::size_t rows = 1 + choices.next() % most_rows, layers = 2 + choices.next() % 3;
    out.write("/point_id", point_ids(choices.next()));
    out.group("/trials");
    const auto column = [&](const char* name, std::uint32_t usual, std::uint32_t step) {
        write_column<std::uint32_t>(out, std::string("/trials/") + name, rows, 1, usual, choices,
                                    step);
    };
    for (const char* name : {"point", "chip"}) column(name, 0, 0);
    column("repeat", 0, 1);
    column("first_image", 0, 0);
    column("images", images, 0);
    for (const char* name : {"correct", "agree"}) column(name, 0, 0);
    write_column<std::uint32_t>(out, "/trials/layer_count", rows, 1,
                                static_cast<std::uint32_t>(layers), choices);
    write_column<std::int64_t>(out, "/trials/cross_entropy", rows, 1, 0, choices);
    write_column<std::uint8_t>(out, "/trials/correct_bits", rows, 2, 0, choices);
    if (choices.next() == 1) return out.image();
    out.group("/layers");
    for (const char* name :
         {"outputs", "conversions", "y_low", "e_low", "ee_low", "yy_low", "ye_low"}) {
        write_column<std::uint64_t>(out, std::string("/layers/") + name, rows, layers, 0, choices);
    }
    for (const char* name : {"y_high", "e_high", "ee_high", "yy_high", "ye_high"}) {
        write_column<std::int64_t>(out, std::string("/layers/") + name, rows, layers, 0, choices);
    }
    return out.image();
}

// A sweep that asks for what the segment may hold: a point with noise and one without.
PlanRecord plan_of(const SegmentOrigin& origin) {
    PlanRecord plan;
    plan.seed = origin.seed;
    plan.model_version = origin.model_version;
    plan.data_hash = origin.data_hash;
    plan.positions = origin.positions;
    plan.chips = 2;
    plan.repeats = most_rows;
    plan.images = plan.block_images = images;
    for (const char* id : {"id", "exact"}) {
        PointFacts facts;
        facts.deterministic = plan.points.size() == 1;
        facts.layers.resize(most_layers - 1);
        PlanPoint point;
        point.id = id;
        point.derived = to_json(facts).dump();
        plan.points.push_back(point);
    }
    return plan;
}

// What merge does with the trials of a segment before it writes.
void merge(const Segment& segment) {
    if (segment.origin.positions > 2) return;  // of another plan
    const PlanRecord plan = plan_of(segment.origin);
    TrialTableBuilder builder(plan);
    builder.open_source("segment");
    for (const StoredTrial& trial : segment.trials) builder.add(trial);
    const TrialTable table = builder.finish();
    if (column_length(aggregate(plan, table).points.at(0)) != plan.points.size()) std::abort();
}

}  // namespace

// A segment whose seal is right and whose content is not what the program writes, read and merged;
// zeros alone make a good one. Its HDF5 structure is: damage there breaks the seal.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::byte> sealed = segment_of(Choices(data, size));
    seal(sealed);
    const fuzz::MemoryFile file(reinterpret_cast<const std::uint8_t*>(sealed.data()),
                                sealed.size());
    return fuzz::refuse_or_accept([&] { merge(read_segment(file.path())); });
}
