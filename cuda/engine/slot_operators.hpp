// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "cuda/engine/device_network.hpp"
#include "cuda/engine/tensor_kernels.hpp"

namespace acim {

// Launches the operators between products on the tensors of a batch's slots.
class SlotOperators {
public:
    SlotOperators(const DeviceNetwork& network, float* tensors, std::uint32_t slots,
                  cudaStream_t stream)
        : network_(network), tensors_(tensors), slots_(slots), stream_(stream) {}

    // A tensor of all slots, which is not a shared one.
    float* tensor(TensorId id) const { return tensors_ + network_.offset(id) * slots_; }
    // Any operator of the network but a product; nothing to do for a View, which is its input.
    void run(std::size_t op) const;

private:
    std::int64_t elements(TensorId id) const { return network_.network().tensors[id].elements(); }
    std::int64_t values(TensorId id) const { return slots_ * elements(id); }  // of all slots
    SlotValues operand(TensorId id) const;

    void launch(const Product& op, const OperatorValues& own) const;
    void launch(const Relu& op, const OperatorValues& own) const;
    void launch(const Clip& op, const OperatorValues& own) const;
    void launch(const Add& op, const OperatorValues& own) const;
    void launch(const Affine& op, const OperatorValues& own) const;
    void launch(const MaxPool& op, const OperatorValues& own) const;
    void launch(const AveragePool& op, const OperatorValues& own) const;
    void launch(const View& op, const OperatorValues& own) const;
    void launch(const Constant& op, const OperatorValues& own) const;
    void launch(const Rearrange& op, const OperatorValues& own) const;
    void launch(const Concat& op, const OperatorValues& own) const;
    void launch(const Softmax& op, const OperatorValues& own) const;
    void launch(const LayerNorm& op, const OperatorValues& own) const;
    void launch(const Function& op, const OperatorValues& own) const;
    void launch(const Binary& op, const OperatorValues& own) const;
    void launch(const Embedding& op, const OperatorValues& own) const;
    void launch(const Requantise& op, const OperatorValues& own) const;

    const DeviceNetwork& network_;
    float* tensors_;
    std::int64_t slots_;
    cudaStream_t stream_;
};

}  // namespace acim
