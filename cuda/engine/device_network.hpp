// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/engine/arena.hpp"
#include "cuda/engine/layer_view.hpp"
#include "cuda/trial/network.hpp"

namespace acim {

// What all design points share of one MAC layer, in device memory.
struct NetworkLayer {
    const Product* product = nullptr;
    UnfoldView unfold;
    int outputs = 0, conv_groups = 1, pixels = 0;  // M of one group, of one slot
    int line = 0;                                  // bytes of an unfolded line, padded
    int product_rows = 0;                          // M, padded
    int byte_offset = 0;                           // 128: unsigned inputs of eight bits
    bool two_bytes = false;                        // inputs of nine bits
    // Of constant weights; else every slot has a stored operand.
    const std::int8_t* weights = nullptr;          // [convolution groups][product_rows][line]
    const std::int64_t* offset_product = nullptr;  // [convolution groups*M]
    StoredView stored;
    const float* weight_scale = nullptr;
    const float* bias = nullptr;

    bool is_computed() const { return product->is_computed(); }
};

// What an operator brings along: scale and shift of Affine and LayerNorm, the table of an Embedding,
// the values of a Constant.
struct OperatorValues {
    const float* first = nullptr;
    const float* second = nullptr;
};

// A network in device memory, and where its tensors lie in a slot. A View is its input. A Constant
// that is read by strides alone has no place in slots: one copy serves them all.
class DeviceNetwork {
public:
    // Throws std::invalid_argument where a layer's exact product may not fit 32 bits.
    explicit DeviceNetwork(const QuantizedNetwork& network);

    const QuantizedNetwork& network() const { return network_; }
    const NetworkLayer& layer(std::size_t mac) const { return layers_[mac]; }
    std::size_t layers() const { return layers_.size(); }
    const OperatorValues& values(std::size_t op) const { return values_[op]; }
    // The tensor that all slots share, or null.
    const float* shared(TensorId tensor) const {
        return offsets_[tensor] < 0 ? values_[static_cast<std::size_t>(~offsets_[tensor])].first
                                    : nullptr;
    }
    // Elements that stand before a tensor that is not shared in a slot's tensors, and all of them.
    std::int64_t offset(TensorId tensor) const { return offsets_[tensor]; }
    std::int64_t slot_elements() const { return slot_elements_; }
    std::size_t bytes() const { return data_.footprint(); }

private:
    struct Places;
    Places add_layer(const Product& product);
    void set_places(NetworkLayer& layer, const Places& places) const;
    void add_values();
    void lay_out_tensors();

    const QuantizedNetwork& network_;
    std::vector<NetworkLayer> layers_;
    std::vector<OperatorValues> values_;  // by operator
    std::vector<std::int64_t> offsets_;   // of what is shared: ~ the operator that makes it
    std::int64_t slot_elements_ = 0;
    Arena data_;
};

}  // namespace acim
