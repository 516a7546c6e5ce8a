// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/batch.hpp"

#include <algorithm>

#include "cuda/engine/finish_kernel.hpp"
#include "cuda/engine/metrics_kernel.hpp"
#include "cuda/engine/pack_kernels.hpp"
#include "cuda/engine/store_kernels.hpp"
#include "cuda/model/digital/quantise.hpp"

namespace acim {
namespace {

// Images that pass through the host's memory at a time: a fraction of what a batch or a cache holds.
std::uint32_t staged_images(std::size_t elements) {
    constexpr std::size_t most_bytes = std::size_t{64} << 20;
    return static_cast<std::uint32_t>(
        std::max<std::size_t>(1, most_bytes / (elements * sizeof(float))));
}

}  // namespace

ImageCache::ImageCache(const ImageSource& source, std::uint32_t first, std::uint32_t count,
                       std::uint64_t limit)
    : first_(first), elements_(1) {
    for (const int d : source.image_shape()) elements_ *= static_cast<std::size_t>(d);
    const std::uint64_t bytes = std::uint64_t{count} * elements_ * sizeof(float);
    if (bytes == 0 || bytes > limit) return;
    data_ = DeviceArray<float>(count * elements_);
    const std::uint32_t step = std::min(count, staged_images(elements_));
    std::vector<float> values(step * elements_);
    for (std::uint32_t at = 0; at < count; at += step) {
        const std::uint32_t n = std::min(step, count - at);
        source.read(first + at, n, values.data());
        check(cudaMemcpy(data_.data() + at * elements_, values.data(),
                         n * elements_ * sizeof(float), cudaMemcpyHostToDevice),
              "images");
    }
    check(cudaStreamSynchronize(nullptr), "images");  // as for every upload
    count_ = count;
}

const float* ImageCache::at(std::uint32_t image) const {
    if (image < first_ || image - first_ >= count_) return nullptr;
    return data_.data() + (image - first_) * elements_;
}

BatchRunner::BatchRunner(const TrialSetup& setup, const DeviceNetwork& network,
                         const ImageCache& images, int processors, bool allow_library)
    : setup_(setup),
      network_(network),
      images_(images),
      processors_(processors),
      product_(allow_library) {}

std::vector<TrialResult> BatchRunner::run(std::span<const BatchPart> parts) {
    SlotSizes sizes = slot_sizes(network_);
    std::uint32_t slots = 0;
    for (const BatchPart& part : parts) {
        add_point(sizes, network_, *part.point);
        slots += part.images;
    }
    space_.reserve(sizes, slots, parts.size());
    space_.counts.reserve(parts.size());
    space_.sums.reserve(parts.size() * network_.layers());
    lay_out(parts);
    send(stream_);
    read_images();
    run_operators(parts);
    const QuantizedNetwork& network = network_.network();
    launch_metrics({tensor(network.output), space_.items.data(), space_.slots.data(), slots_,
                    network.positions(), network.classes},
                   space_.correct_bits.data(), space_.counts.data(),
                   setup_.predictions ? space_.predictions.data() : nullptr, stream_);
    return collect(parts);
}

void BatchRunner::settle() noexcept {
    cudaStreamSynchronize(stream_);
    static_cast<void>(cudaGetLastError());
}

void BatchRunner::send(cudaStream_t stream) {
    space_.correct_bits.reserve(bit_words_);
    space_.conversion_works.reserve(conversion_works_.size());
    space_.finish_works.reserve(finish_works_.size());
    space_.correct_bits.clear(stream);
    space_.counts.clear(stream);
    space_.sums.clear(stream);
    space_.slots.upload(slot_facts_, stream);
    space_.items.upload(item_facts_, stream);
    space_.conversion_works.upload(conversion_works_, stream);
    space_.finish_works.upload(finish_works_, stream);
}

SlotOperators BatchRunner::operators() const {
    return {network_, space_.tensors.data(), slots_, stream_};
}

void BatchRunner::read_images() {
    const QuantizedNetwork& network = network_.network();
    const auto elements = static_cast<std::size_t>(network.tensors[network.input].elements());
    float* const to = tensor(network.input);
    for (const Segment& segment : segments_) {
        if (segment.slots == 0) continue;
        float* const slot = to + segment.first_slot * elements;
        const float* from = images_.at(segment.first_image);
        if (from == nullptr || images_.at(segment.first_image + segment.slots - 1) == nullptr) {
            stage_images(segment, slot);
            continue;
        }
        check(cudaMemcpyAsync(slot, from, segment.slots * elements * sizeof(float),
                              cudaMemcpyDeviceToDevice, stream_),
              "images");
    }
}

void BatchRunner::stage_images(const Segment& segment, float* to) {
    const QuantizedNetwork& network = network_.network();
    const auto elements = static_cast<std::size_t>(network.tensors[network.input].elements());
    const std::uint32_t step = std::min(segment.slots, staged_images(elements));
    staged_.resize(step * elements);
    for (std::uint32_t at = 0; at < segment.slots; at += step) {
        const std::uint32_t n = std::min(step, segment.slots - at);
        setup_.images->read(segment.first_image + at, n, staged_.data());
        check(cudaMemcpyAsync(to + at * elements, staged_.data(), n * elements * sizeof(float),
                              cudaMemcpyHostToDevice, stream_),
              "images");
        stream_.wait();  // `staged_` is used again
    }
}

void BatchRunner::run_operators(std::span<const BatchPart> parts) {
    const SlotOperators digital = operators();
    std::size_t mac = 0;
    for (std::size_t i = 0; i < network_.network().operators.size(); ++i)
        if (const auto* product = std::get_if<Product>(&network_.network().operators[i].op))
            run_product(parts, *product, mac++);
        else
            digital.run(i);
}

ByteLines BatchRunner::byte_lines(const NetworkLayer& layer) const {
    ByteLines lines;
    lines.low = space_.low.data();
    lines.high = layer.two_bytes ? space_.high.data() : nullptr;
    lines.sums = space_.input_sums.data();
    lines.line = layer.line;
    lines.offset = layer.byte_offset;
    lines.stride = stride(layer);
    return lines;
}

void BatchRunner::run_product(std::span<const BatchPart> parts, const Product& product,
                              std::size_t index) {
    const NetworkLayer& layer = network_.layer(index);
    const LayerWorks& works = layer_works_[index];
    const Quantisation& q = product.input_quantisation;
    launch_quantise(tensor(product.input), space_.quantised.data(), slots_ * layer.unfold.elements,
                    q.scale, digital::quantised_low(q.bits, q.is_signed),
                    digital::quantised_high(q.bits, q.is_signed), stream_);
    exact_products(layer);
    convert(layer, works);
    run_aidac(parts, layer, index);
    finish(layer, works, product);
}

void BatchRunner::exact_products(const NetworkLayer& layer) {
    const ByteLines lines = byte_lines(layer);
    launch_unfold_bytes(layer.unfold, space_.quantised.data(), slots_, lines, stream_);
    if (layer.is_computed()) {
        stored_products(layer, lines);
        return;
    }
    ByteProduct product{layer.weights,     lines.low,          space_.low_products.data(),
                        layer.conv_groups, layer.product_rows, layer.line,
                        lines.stride};
    product_.run(product, stream_);
    if (lines.high == nullptr) return;
    product.b = lines.high;
    product.out = space_.high_products.data();
    product_.run(product, stream_);
}

// The same where every slot has weights of its own, which are made first.
void BatchRunner::stored_products(const NetworkLayer& layer, const ByteLines& lines) {
    launch_store_bytes(layer.stored, tensor(layer.product->stored.tensor), slots_,
                       {space_.stored_bytes.data(), space_.stored_sums.data()}, stream_);
    StoredProduct product{space_.stored_bytes.data(),
                          lines.low,
                          space_.low_products.data(),
                          layer.conv_groups,
                          layer.product_rows,
                          layer.line,
                          layer.pixels,
                          slots_,
                          lines.stride};
    launch_stored_product(product, stream_);
    if (lines.high == nullptr) return;
    product.b = lines.high;
    product.out = space_.high_products.data();
    launch_stored_product(product, stream_);
}

void BatchRunner::store_bits(const NetworkLayer& layer, const LayerWorks& works) {
    for (const Launch& l : works.launches)
        launch_store_bits(layer.stored, space_.stored_bytes.data(),
                          space_.conversion_works.data() + l.first, l.count, l.most_weight_words,
                          !reads_lines(l.tile.kernel), space_.stored_bits.data(), stream_);
}

void BatchRunner::convert(const NetworkLayer& layer, const LayerWorks& works) {
    if (works.count == 0) return;
    const ConversionWork* all = space_.conversion_works.data();
    launch_pack_bits(byte_lines(layer), all + works.first, works.count, works.packed,
                     space_.bits.data(), stream_);
    if (layer.is_computed()) store_bits(layer, works);
    const ProductBuffers out{space_.analog.data(), space_.digital.data(), stride(layer)};
    // Tiles and the escapes that they leave behind add to A.
    const std::int64_t integers = out.stride * layer.outputs * layer.conv_groups;
    check(cudaMemsetAsync(out.analog, 0, static_cast<std::size_t>(integers) * sizeof(std::int64_t),
                          stream_),
          "clear");
    for (const Launch& l : works.launches) {
        if (l.tile.kernel == ConversionKernel::general)
            launch_general(all + l.first, l.count, l.tile.most_items, space_.bits.data(), out,
                           stream_);
        else if (l.tile.kernel == ConversionKernel::events)
            launch_events(all + l.first, l.count, l.tile.most_items, space_.bits.data(), out,
                          stream_);
        else if (l.tile.kernel == ConversionKernel::tiles_chip)
            launch_chip_tiles(l.tile, all + l.first, l.count, space_.bits.data(), out, stream_);
        else
            launch_tiles(l.tile, all + l.first, l.count, space_.bits.data(), out, stream_);
    }
}

void BatchRunner::run_aidac(std::span<const BatchPart> parts, const NetworkLayer& layer,
                            std::size_t index) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const DeviceLayer& point = parts[i].point->layer(index);
        for (std::size_t g = 0; g < point.aidac_view.size(); ++g) {
            const Segment& segment = segments_[i];
            launch_unfold_values(layer.unfold, space_.quantised.data(), segment.first_slot,
                                 segment.slots, static_cast<int>(g), space_.values.data(), stream_);
            AidacBatch batch;
            batch.key = segment.key;
            batch.slots = space_.slots.data() + segment.first_slot;
            batch.map =
                output_map(*layer.product, layer.outputs, layer.pixels, static_cast<int>(g));
            batch.layer = static_cast<std::uint32_t>(index);
            batch.pixels_per_image = layer.pixels;
            batch.pixels = std::int64_t{segment.slots} * layer.pixels;
            batch.inputs = space_.values.data();
            batch.stride = stride(layer);
            const std::int64_t first = static_cast<std::int64_t>(g) * layer.outputs * batch.stride +
                                       std::int64_t{segment.first_slot} * layer.pixels;
            batch.analog = space_.analog.data() + first;
            batch.digital = space_.digital.data() + first;
            if (layer.is_computed())
                batch.own = aidac_weights(layer, segment, g, point.aidac_view[g]);
            launch_aidac(point.aidac_view[g], batch, stream_);
        }
    }
}

// Of one head in the slots of a segment.
AidacSlotWeights BatchRunner::aidac_weights(const NetworkLayer& layer, const Segment& segment,
                                            std::size_t head, const AidacView& view) {
    const std::int64_t size = std::int64_t{layer.outputs} * layer.product->depth;
    AidacSlotWeights own;
    own.weight_step = layer.conv_groups * size;
    own.correction_step = layer.product->outputs;
    own.weights = space_.aidac_weights.data() + segment.first_slot * own.weight_step +
                  static_cast<std::int64_t>(head) * size;
    own.correction = space_.aidac_sums.data() + segment.first_slot * own.correction_step +
                     static_cast<std::int64_t>(head) * layer.outputs;
    const std::int64_t line =
        (std::int64_t{segment.first_slot} * layer.conv_groups + static_cast<std::int64_t>(head)) *
        layer.product_rows;
    launch_aidac_weights(view, layer.stored, space_.stored_bytes.data() + line * layer.line,
                         segment.slots, own, stream_);
    return own;
}

void BatchRunner::finish(const NetworkLayer& layer, const LayerWorks& works,
                         const Product& product) {
    FinishLayer f;
    f.sums = {space_.analog.data(), space_.digital.data(), stride(layer)};
    f.low = space_.low_products.data();
    f.high = layer.two_bytes ? space_.high_products.data() : nullptr;
    f.input_sums = space_.input_sums.data();
    f.offset_product = layer.is_computed() ? space_.stored_sums.data() : layer.offset_product;
    f.offset_stride = layer.is_computed() ? product.outputs : 0;
    f.weight_scale = layer.weight_scale;
    f.bias = layer.bias;
    f.input_scale = product.input_quantisation.scale;
    f.out = tensor(product.output);
    f.elements = network_.network().tensors[product.output].elements();
    f.product_rows = layer.product_rows;
    f.outputs = layer.outputs;
    f.pixels = layer.pixels;
    f.conv_groups = layer.conv_groups;
    const OutputMap map = output_map(product, layer.outputs, layer.pixels, 1);
    f.group_first = map.first;
    f.output_stride = map.output_stride;
    f.pixel_stride = map.pixel_stride;
    std::uint32_t most = 0;
    for (const Segment& segment : segments_) most = std::max(most, segment.slots);
    launch_finish(f, space_.finish_works.data() + works.finish,
                  static_cast<std::uint32_t>(segments_.size()), most, stream_);
}

}  // namespace acim
