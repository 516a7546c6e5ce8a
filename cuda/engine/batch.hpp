// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cuda/engine/device_network.hpp"
#include "cuda/engine/device_point.hpp"
#include "cuda/engine/integer_product.hpp"
#include "cuda/engine/pack_kernels.hpp"
#include "cuda/engine/slot_operators.hpp"
#include "cuda/engine/workspace.hpp"
#include "cuda/trial/engine.hpp"

namespace acim {

// Images [begin, begin + images) of a unit, and the point that they run at.
struct BatchPart {
    WorkUnit unit;
    std::uint32_t begin = 0, images = 0;  // begin is a multiple of 8
    std::shared_ptr<const DevicePoint> point;
};

// Images of the evaluation set in device memory, as far as they fit.
class ImageCache {
public:
    // Reads images [first, first + count), none if they take more than `limit` bytes.
    ImageCache(const ImageSource& source, std::uint32_t first, std::uint32_t count,
               std::uint64_t limit);
    // The image, or null.
    const float* at(std::uint32_t image) const;
    std::uint64_t bytes() const { return data_.bytes(); }

private:
    std::uint32_t first_ = 0, count_ = 0;
    std::size_t elements_ = 0;
    DeviceArray<float> data_;
};

// Runs batches on one stream: all operators for all slots, without a round trip to the host.
class BatchRunner {
public:
    BatchRunner(const TrialSetup& setup, const DeviceNetwork& network, const ImageCache& images,
                int processors, bool allow_library);

    // Results of the parts, in their order; each holds the bits of its own images in the place that
    // they have in their unit. Throws DeviceError.
    std::vector<TrialResult> run(std::span<const BatchPart> parts);
    // Gives the buffers' memory back.
    void release() {
        space_ = {};
        reserved_ = 0;
    }
    // Waits for what a run that has thrown may have left on the device; its failures are known.
    void settle() noexcept;
    // Batches that the buffers are large enough for, as lanes reckon them [byte].
    std::uint64_t reserved() const { return reserved_; }
    void note_reserved(std::uint64_t bytes) { reserved_ = std::max(reserved_, bytes); }
    // As the last batch left it: A, D and the exact products are those of the last layer.
    const Workspace& workspace() const { return space_; }
    std::uint64_t bytes() const { return space_.bytes(); }

private:
    // Works of one layer that one launch serves.
    struct Launch {
        TileLaunch tile;  // kernel and sizes; for general only `kernel` and `most_items`
        std::uint32_t first = 0, count = 0;  // in conversion_works
        std::int64_t most_weight_words = 0;  // of a work with weights of its own
    };
    // Where the next work's packed inputs and its own weights' bits begin.
    struct WorkPlace {
        std::uint64_t inputs = 0, weights = 0;
    };
    struct LayerWorks {
        std::vector<Launch> launches;
        std::uint32_t first = 0, count = 0;  // all that are packed, in conversion_works
        PackedLines packed;                  // of the largest of them
        std::uint32_t finish = 0;            // first of one for each segment
    };

    void lay_out(std::span<const BatchPart> parts);
    void add_conversions(std::span<const BatchPart> parts, std::size_t layer);
    void add_works(const DeviceLayer& layer, const Segment& segment, std::uint32_t index,
                   WorkPlace& place);
    void add_finish(std::span<const BatchPart> parts, std::size_t layer);
    void send(cudaStream_t stream);
    void read_images();
    void stage_images(const Segment& segment, float* to);
    void run_operators(std::span<const BatchPart> parts);
    void run_product(std::span<const BatchPart> parts, const Product& product, std::size_t layer);
    void exact_products(const NetworkLayer& layer);
    void stored_products(const NetworkLayer& layer, const ByteLines& lines);
    void store_bits(const NetworkLayer& layer, const LayerWorks& works);
    void convert(const NetworkLayer& layer, const LayerWorks& works);
    void run_aidac(std::span<const BatchPart> parts, const NetworkLayer& layer, std::size_t index);
    AidacSlotWeights aidac_weights(const NetworkLayer& layer, const Segment& segment,
                                   std::size_t head, const AidacView& view);
    void finish(const NetworkLayer& layer, const LayerWorks& works, const Product& product);
    std::vector<TrialResult> collect(std::span<const BatchPart> parts);
    LayerSums layer_sums(const BatchPart& part, std::size_t index, const LimbSums& sums) const;
    SlotOperators operators() const;
    float* tensor(TensorId id) const { return operators().tensor(id); }
    std::int64_t stride(const NetworkLayer& layer) const;
    ByteLines byte_lines(const NetworkLayer& layer) const;

    const TrialSetup& setup_;
    const DeviceNetwork& network_;
    const ImageCache& images_;
    int processors_;
    Stream stream_;
    IntegerProduct product_;
    Workspace space_;
    std::uint64_t reserved_ = 0;

    // Of the batch under way.
    std::uint32_t slots_ = 0, bit_words_ = 0;
    std::vector<Segment> segments_;
    std::vector<Slot> slot_facts_;
    std::vector<ItemClasses> item_facts_;   // positions of all slots
    std::vector<std::uint32_t> first_bit_;  // of every segment
    std::vector<ConversionWork> conversion_works_;
    std::vector<FinishWork> finish_works_;
    std::vector<LayerWorks> layer_works_;
    std::vector<float> staged_;  // images that are not in the cache, on their way
};

}  // namespace acim
