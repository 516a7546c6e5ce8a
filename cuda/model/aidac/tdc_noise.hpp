// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/conversion.hpp"
#include "cuda/model/macro/noise.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/model/random/noise_key.hpp"

namespace acim::aidac {

// What is drawn anew in every conversion of a TDC.
struct TdcNoise {
    SamplingPath path = SamplingPath::chip;  // or fixed
    double own = 0.0;                        // sigma [LSB]
    double reference = 0.0;                  // sigma of a raw reference column [LSB]
};

// Code at a position [2^-16 LSB] with fresh noise. `place` is that of the conversion;
// `first_element` the element of the first output that shares the array's reference column: all of
// them see one draw of it.
ACIM_HD inline std::int32_t noisy_tdc_code(const AdcScale& tdc, const TdcNoise& noise,
                                           const InverseNormalTable& normal, std::int64_t position,
                                           PhiloxKey key, const FreshPlace& place,
                                           std::uint32_t first_element) {
    if (noise.own != 0.0) {
        const std::int32_t z = noise.path == SamplingPath::fixed
                                   ? fixed_unit_normal(normal, key, place, 0, 0)
                                   : chip_unit_normal(normal, key, place, 0, 0);
        position = add_noise(position, z, noise.own);
    }
    if (noise.reference != 0.0) {
        FreshPlace shared = place;
        shared.element = first_element;
        const PhiloxWords call =
            philox4x32(fresh_counter(NoiseSource::aidac_jitter, shared, 0, 0), key);
        position =
            add_noise(position, -inverse_normal(normal, wide_uniform(call, 0)), noise.reference);
    }
    return grid_code(tdc, position);
}

}  // namespace acim::aidac
