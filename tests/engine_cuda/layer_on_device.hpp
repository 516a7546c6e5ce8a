// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "cuda/engine/batch.hpp"
#include "cuda/engine/product_kernel.hpp"
#include "cuda/trial/inverse_normal_table.hpp"
#include "tests/engine_cuda/device_values.hpp"
#include "tests/engine_cuda/layer_case.hpp"

namespace acim::testing_device {

// The images of a case as floats that its product quantises to the integers of the case.
class LayerImages : public ImageSource {
public:
    explicit LayerImages(const LayerCase& c) : c_(c) {
        for (const LayerPart& part : c.parts)
            count_ = std::max(count_, part.first_image + part.images);
    }
    std::uint32_t count() const override { return count_; }
    std::vector<int> image_shape() const override { return c_.image_shape(); }
    void read(std::uint32_t first, std::uint32_t images, float* out) const override {
        for (std::uint32_t i = first; i < first + images; ++i) {
            for (const std::int16_t q : c_.image(i))
                *out++ = static_cast<float>(q) * c_.product.input_quantisation.scale;
            if (!c_.product.is_computed()) continue;
            for (const std::int8_t w : c_.stored_of(i))
                *out++ = static_cast<float>(w) * c_.product.stored.scale;
        }
    }
    std::int32_t label(std::uint32_t) const override { return 0; }

private:
    const LayerCase& c_;
    std::uint32_t count_ = 0;
};

// Runs a case as one batch, and brings back every integer of its product.
class LayerOnDevice {
public:
    // The fewer processors, the more items a block takes.
    LayerOnDevice(const LayerCase& c, const LayerPacker& packer, CycleLawCache& cache,
                  int processors)
        : c_(c),
          setup_(setup_of(c)),
          network_(*setup_.network),
          normal_(on_device(std::vector<InverseNormalTable>{inverse_normal_table()})),
          images_(*setup_.images, 0, setup_.images->count(), std::uint64_t{1} << 20),
          runner_(setup_, network_, images_, processors, false) {
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<DevicePoint>> points;
        for (const LayerPart& part : c.parts) {
            auto& point = points[{part.point, part.chip}];
            if (!point) {
                plans_.push_back(make_point_plan(*setup_.network, setup_.points[part.point],
                                                 chip_key(setup_.seed, part.chip), packer, cache,
                                                 part.chip));
                point =
                    std::make_shared<DevicePoint>(*setup_.network, plans_.back(), normal_.data());
            }
            const WorkUnit unit{part.point, part.chip, part.repeat, part.first_image, part.images};
            parts_.push_back({unit, 0, part.images, point});
            slots_ += part.images;
        }
    }

    // Of every part.
    std::vector<ConversionKernel> kernels() const {
        std::vector<ConversionKernel> out;
        for (const BatchPart& part : parts_) out.push_back(part.point->layer(c_.layer).kernel);
        return out;
    }

    // Memory that the engine plans for the batch, and how much of it may stay free: works of layers
    // without conversions, and what is padded.
    std::uint64_t planned_bytes() const {
        SlotSizes sizes = slot_sizes(network_);
        for (const BatchPart& part : parts_) add_point(sizes, network_, *part.point);
        return sizes.bytes(slots_, parts_.size());
    }
    std::uint64_t spare_bytes() const {
        const std::size_t works = network_.layers() * parts_.size() + slots_;
        return works * sizeof(ConversionWork) + 64 * parts_.size() + slots_;
    }
    // What the last run took.
    std::uint64_t bytes() const { return runner_.bytes(); }

    LayerOutcome run() {
        LayerOutcome out;
        for (const TrialResult& result : runner_.run(parts_))
            out.sums.push_back(result.layers[c_.layer]);
        add_integers(out);
        const auto tensors = from_device(runner_.workspace().tensors, stream_);
        const QuantizedNetwork& network = *setup_.network;
        const auto first = static_cast<std::size_t>(network_.offset(network.output)) * slots_;
        for (std::size_t i = 0; i < static_cast<std::size_t>(network.classes) * slots_; ++i)
            out.outputs.push_back(std::bit_cast<std::uint32_t>(tensors[first + i]));
        return out;
    }

private:
    static TrialSetup setup_of(const LayerCase& c) {
        TrialSetup setup;
        setup.seed = LayerCase::seed;
        setup.network = std::make_shared<const QuantizedNetwork>(c.network());
        setup.points = c.design_points();
        setup.images = std::make_shared<LayerImages>(c);
        setup.reference_top1.assign(setup.images->count(), 0);
        return setup;
    }

    void add_integers(LayerOutcome& out) const {
        const NetworkLayer& layer = network_.layer(c_.layer);
        const auto line = static_cast<std::size_t>(slots_) * layer.pixels;
        const auto stride =
            (line + product_column_step - 1) / product_column_step * product_column_step;
        const auto analog = from_device(runner_.workspace().analog, stream_);
        const auto digital = from_device(runner_.workspace().digital, stream_);
        const auto inputs = from_device(runner_.workspace().input_sums, stream_);
        out.exact = exact_products(line, stride);
        for (std::size_t channel = 0; channel < static_cast<std::size_t>(layer.product->outputs);
             ++channel) {
            std::size_t p = 0;
            for (const BatchPart& part : parts_) {
                const DeviceLayer& at = part.point->layer(c_.layer);
                const bool converted = at.kernel != ConversionKernel::none;
                for (const std::size_t end = p + part.images * layer.pixels; p < end; ++p) {
                    const std::int64_t input = inputs[channel / layer.outputs * stride + p];
                    const std::int64_t d = at.digital ? digital[channel * stride + p] : 0;
                    out.analog.push_back(converted ? analog[channel * stride + p] : 0);
                    if (at.kernel == ConversionKernel::events)
                        out.digital.push_back(out.exact[channel * line + p]);
                    else
                        out.digital.push_back(converted ? d + at.input_correction * input : 0);
                }
            }
        }
    }

    // Products of bytes, put together: x = low + offset + 128*high.
    std::vector<std::int64_t> exact_products(std::size_t line, std::size_t stride) const {
        const NetworkLayer& layer = network_.layer(c_.layer);
        const auto low = from_device(runner_.workspace().low_products, stream_);
        const auto high = from_device(runner_.workspace().high_products, stream_);
        const Product& product = *layer.product;
        const auto stored = from_device(runner_.workspace().stored_sums, stream_);
        std::vector<std::int64_t> out;
        for (int channel = 0; channel < product.outputs; ++channel) {
            std::int64_t weights = 0;
            for (int r = 0; r < product.depth && !product.is_computed(); ++r) {
                const int w =
                    product.weights[static_cast<std::size_t>(channel) * product.depth + r];
                weights += product.weight_bits == 1 ? w & 1 : w;
            }
            const std::size_t row = static_cast<std::size_t>(
                channel / layer.outputs * layer.product_rows + channel % layer.outputs);
            for (std::size_t p = 0; p < line; ++p) {
                const std::int64_t offset =
                    product.is_computed() ? stored[p / layer.pixels * product.outputs + channel]
                                          : layer.byte_offset * weights;
                out.push_back(low[row * stride + p] + offset +
                              (layer.two_bytes ? std::int64_t{high[row * stride + p]} * 128 : 0));
            }
        }
        return out;
    }

    const LayerCase& c_;
    TrialSetup setup_;
    DeviceNetwork network_;
    DeviceArray<InverseNormalTable> normal_;
    ImageCache images_;
    BatchRunner runner_;
    Stream stream_;
    std::vector<PointPlan> plans_;  // keep their laws in the cache
    std::vector<BatchPart> parts_;
    std::uint32_t slots_ = 0;
};

}  // namespace acim::testing_device
