// SPDX-License-Identifier: Apache-2.0
// What a batch consists of: slots, segments, and the works of every layer, gathered before anything
// is launched.
#include <algorithm>
#include <map>
#include <tuple>

#include "cuda/engine/batch.hpp"
#include "cuda/engine/product_kernel.hpp"
#include "cuda/trial/unit_runner.hpp"

namespace acim {
namespace {

using LaunchKey = std::tuple<ConversionKernel, TileShape>;  // of works that one launch can serve

bool is_converted(ConversionKernel kernel) {
    return kernel != ConversionKernel::none && kernel != ConversionKernel::aidac;
}

// Items of one work: outputs where each has a thread, else tiles of 16 outputs x 8 pixels.
std::int64_t items_of(ConversionKernel kernel, const ConversionShape& s, std::uint32_t slots) {
    const std::int64_t pixels = std::int64_t{slots} * s.pixels;
    if (reads_lines(kernel)) return pixels * s.outputs * s.conv_groups;
    return (pixels + 7) / 8 * ((s.outputs + 15) / 16) * s.conv_groups;
}

}  // namespace

void BatchRunner::lay_out(std::span<const BatchPart> parts) {
    slots_ = bit_words_ = 0;
    segments_.clear();
    slot_facts_.clear();
    item_facts_.clear();
    first_bit_.clear();
    const auto positions = static_cast<std::uint32_t>(network_.network().positions());
    for (const BatchPart& part : parts) {
        const DesignPoint& point = setup_.points[part.unit.point];
        Segment segment;
        segment.key = trial_key(point.seed(setup_.seed), part.unit.chip, part.unit.repeat);
        segment.first_slot = slots_;
        segment.slots = part.images;
        segment.first_image = part.unit.first_image + part.begin;
        first_bit_.push_back(bit_words_ * 32);
        for (std::uint32_t i = 0; i < part.images; ++i) {
            const std::uint32_t image = segment.first_image + i;
            slot_facts_.push_back({static_cast<std::uint32_t>(segments_.size()), image,
                                   first_bit_.back() + i * positions});
            for (std::uint32_t item = image * positions; item < (image + 1) * positions; ++item)
                item_facts_.push_back({setup_.images->label(item), setup_.reference_top1[item]});
        }
        segments_.push_back(segment);
        slots_ += part.images;
        bit_words_ += (part.images * positions + 31) / 32;
    }
    conversion_works_.clear();
    finish_works_.clear();
    layer_works_.assign(network_.layers(), {});
    for (std::size_t i = 0; i < network_.layers(); ++i) {
        add_conversions(parts, i);
        add_finish(parts, i);
    }
}

void BatchRunner::add_conversions(std::span<const BatchPart> parts, std::size_t layer) {
    LayerWorks& works = layer_works_[layer];
    works.first = static_cast<std::uint32_t>(conversion_works_.size());
    std::map<LaunchKey, std::vector<std::size_t>> kinds;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const DeviceLayer& l = parts[i].point->layer(layer);
        if (is_converted(l.kernel)) kinds[{l.kernel, l.tile}].push_back(i);
    }
    WorkPlace place;
    for (const auto& [key, members] : kinds) {
        Launch launch;
        std::tie(launch.tile.kernel, launch.tile.shape) = key;
        launch.tile.processors = processors_;
        launch.first = static_cast<std::uint32_t>(conversion_works_.size());
        for (const std::size_t i : members) {
            const DeviceLayer& l = parts[i].point->layer(layer);
            add_works(l, segments_[i], static_cast<std::uint32_t>(layer), place);
            const std::uint32_t slots = l.computed ? 1 : parts[i].images;
            works.packed.lines = std::max(works.packed.lines, l.lines_a_slot() * slots);
            works.packed.words = std::max(works.packed.words, l.shape.words);
            launch.tile.most_items =
                std::max(launch.tile.most_items, items_of(l.kernel, l.shape, slots));
            launch.tile.table_bytes = std::max(launch.tile.table_bytes, l.table_bytes);
            launch.most_weight_words = std::max(launch.most_weight_words, l.weight_words);
        }
        launch.count = static_cast<std::uint32_t>(conversion_works_.size()) - launch.first;
        if (launch.count == 0) continue;  // segments without slots
        works.count += launch.count;
        works.launches.push_back(launch);
    }
}

// One work for the segment, or one for each of its slots.
void BatchRunner::add_works(const DeviceLayer& layer, const Segment& segment, std::uint32_t index,
                            WorkPlace& place) {
    const std::uint32_t slots = layer.computed ? 1 : segment.slots;
    Segment part = segment;
    part.slots = slots;
    for (; part.first_slot < segment.first_slot + segment.slots; part.first_slot += slots) {
        const std::uint32_t* weights =
            layer.computed ? space_.stored_bits.data() + place.weights : layer.weights;
        conversion_works_.push_back({layer.view, weights, part, index, place.inputs});
        place.inputs += static_cast<std::uint64_t>(layer.input_words(slots));
        place.weights += static_cast<std::uint64_t>(layer.weight_words);
        part.first_image += slots;
    }
}

void BatchRunner::add_finish(std::span<const BatchPart> parts, std::size_t layer) {
    layer_works_[layer].finish = static_cast<std::uint32_t>(finish_works_.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const DeviceLayer& l = parts[i].point->layer(layer);
        FinishWork work;
        work.scale = l.scale;
        work.input_correction = l.input_correction;
        work.segment = segments_[i];
        work.converted = l.kernel == ConversionKernel::none ? 0 : 1;
        work.digital = l.digital ? 1 : 0;
        work.errors_only = l.kernel == ConversionKernel::events ? 1 : 0;
        if (l.analog) work.sums = space_.sums.data() + i * network_.layers() + layer;
        finish_works_.push_back(work);
    }
}

std::int64_t BatchRunner::stride(const NetworkLayer& layer) const {
    const std::int64_t pixels = std::int64_t{slots_} * layer.pixels;
    return (pixels + product_column_step - 1) / product_column_step * product_column_step;
}

std::vector<TrialResult> BatchRunner::collect(std::span<const BatchPart> parts) {
    std::vector<SegmentCounts> counts(parts.size());
    std::vector<std::uint32_t> bits(bit_words_);
    const auto positions = static_cast<std::uint32_t>(network_.network().positions());
    std::vector<LimbSums> sums(parts.size() * network_.layers());
    space_.counts.download(counts, stream_);
    space_.correct_bits.download(bits, stream_);
    space_.sums.download(sums, stream_);
    std::vector<std::uint16_t> predictions;
    if (setup_.predictions) {
        predictions.resize(std::size_t{slots_} * positions);
        space_.predictions.download(predictions, stream_);
    }
    stream_.wait();
    std::vector<TrialResult> results;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const BatchPart& part = parts[i];
        TrialResult r = empty_result(setup_, part.unit);
        r.correct = counts[i].correct;
        r.agree = counts[i].agree;
        r.cross_entropy = static_cast<std::int64_t>(counts[i].cross_entropy);
        for (std::uint32_t byte = 0; byte < (part.images * positions + 7) / 8; ++byte)
            r.correct_bits[part.begin / 8 * positions + byte] =
                static_cast<std::uint8_t>(bits[first_bit_[i] / 32 + byte / 4] >> (byte % 4 * 8));
        if (setup_.predictions)
            std::copy_n(predictions.begin() + segments_[i].first_slot * positions,
                        part.images * positions, r.predictions.begin() + part.begin * positions);
        for (std::size_t l = 0; l < network_.layers(); ++l)
            r.layers[l] = layer_sums(part, l, sums[i * network_.layers() + l]);
        results.push_back(std::move(r));
    }
    return results;
}

LayerSums BatchRunner::layer_sums(const BatchPart& part, std::size_t index,
                                  const LimbSums& sums) const {
    const DeviceLayer& layer = part.point->layer(index);
    if (!layer.analog) return {};
    LayerSums out = sums.sums_of();
    out.outputs = std::uint64_t{part.images} *
                  static_cast<std::uint64_t>(network_.layer(index).product->outputs) *
                  static_cast<std::uint64_t>(network_.layer(index).pixels);
    out.conversions = static_cast<std::uint64_t>(layer.conversions) * part.images;
    return out;
}

}  // namespace acim
