// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "cuda/trial/metrics.hpp"
#include "host/onnx/graph.hpp"

namespace acim {

// Executes a float network image by image in a fixed order of IEEE operations: every output of a
// product is the sum over k = 0..K-1, ascending, of exact double products, plus the bias, rounded
// once to float. Vector units work across outputs, so their width does not change a bit.
class FloatExecutor {
public:
    // Called with the operands of each product, in execution order, before the product runs. The
    // stored operand is empty where the product has constant weights.
    using Observer = std::function<void(int mac_layer, std::span<const float> input,
                                        std::span<const float> stored)>;

    // Memory of one running image; one per thread.
    struct Workspace {
        std::vector<std::vector<float>> values;  // per tensor
        std::vector<double> patch;               // gathered inputs of a few output pixels
    };

    explicit FloatExecutor(std::shared_ptr<const FloatGraph> graph);
    ~FloatExecutor();
    FloatExecutor(const FloatExecutor&) = delete;
    FloatExecutor& operator=(const FloatExecutor&) = delete;

    const FloatGraph& graph() const { return *graph_; }
    Workspace workspace() const;
    // Bytes of a workspace.
    std::uint64_t memory() const;
    // Runs one image (the elements of the input tensor, C order); the result lies in the workspace
    // until its next use. May be called from several threads with a workspace each.
    std::span<const float> run(std::span<const float> image, Workspace& workspace,
                               const Observer& observer = {}) const;

private:
    struct PackedProduct;
    std::shared_ptr<const FloatGraph> graph_;
    std::vector<PackedProduct> packed_;  // one per product, in order
};

// What the float network reaches on `images` images from `first` on, all positions of each.
// threads = 0 takes every core; the result does not depend on it. Throws InputError where the image
// shape is not that of the network's input.
Score score_float(const std::shared_ptr<const FloatGraph>& graph, const ImageSource& source,
                  std::uint32_t first, std::uint32_t images, int threads = 0);
// Its top-1 accuracy, 0..1.
double accuracy_float(const std::shared_ptr<const FloatGraph>& graph, const ImageSource& source,
                      std::uint32_t first, std::uint32_t images, int threads = 0);

// Throws InputError unless images of `shape` [C, H, W] fill the network's input tensor: the same
// dimensions apart from those equal to 1, or a flat input of as many elements.
void check_image_shape(const Tensor& input, const std::vector<int>& shape);

}  // namespace acim
