// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/engine/aidac_kernels.hpp"
#include "cuda/engine/runtime.hpp"
#include "cuda/trial/aidac_weights.hpp"

namespace acim {

// The weights of one product on AiDAC macros in device memory, of one chip where chips differ.
class DeviceAidac {
public:
    DeviceAidac(const AidacWeights& weights, const LayerPlan& plan);

    // `normal` is the table in device memory; valid as long as this object.
    AidacView view(const InverseNormalTable* normal) const;
    std::size_t bytes() const;  // of device memory

private:
    AidacView view_;
    DeviceArray<std::int16_t> weights_, inputs_;
    DeviceArray<std::int64_t> correction_;
    DeviceArray<aidac::ConverterError> converters_;
    DeviceArray<double> reference_;
    DeviceArray<AidacRow> rows_;
    DeviceArray<AidacColumn> columns_;
};

}  // namespace acim
