// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/digital/exp_log.hpp"
#include "cuda/model/host_device.hpp"

// The error function in fixed-order IEEE double arithmetic without libm: the same bits everywhere.
namespace acim::digital {

// erfc_value(z) for z >= 0, relative error below 2e-12 until it underflows: exp(-z^2) times t*R(2t-1) with
// t = 2/(2+z), where R interpolates erfcx(z)/t at the 19 Chebyshev nodes of 0 < t < 1.
ACIM_HD inline double erfc_positive(double z) {
    constexpr double r[19] = {0x1.058671b52c77dp-1,   0x1.5fd386754c3e0p-2,  0x1.1e2deea6cb2e2p-3,
                              0x1.2a88e61a58f55p-6,   -0x1.606e41b87acc4p-7, -0x1.a89eb4d3835d0p-9,
                              0x1.9517f25a61647p-10,  0x1.b6fcf296b6a01p-12, -0x1.5bab1bda6e6fap-12,
                              -0x1.207ca1f179f5fp-16, 0x1.2f71e05c932d8p-14, -0x1.1e7e0d38fc8d5p-16,
                              -0x1.758766e944e71p-17, 0x1.10daa33488f14p-17, -0x1.157d53fd95820p-23,
                              -0x1.0d735388d4ef2p-19, 0x1.4bc359773fdfep-21, 0x1.f8636273ab003p-23,
                              -0x1.06a057f28d5acp-23};
    const double t = 2.0 / (2.0 + z), u = 2.0 * t - 1.0;
    double sum = 0.0;
    for (int k = 18; k >= 0; --k) sum = sum * u + r[k];
    return exp_minus(z * z) * (t * sum);
}

// The same for any z.
ACIM_HD inline double erfc_value(double z) {
    return z < 0.0 ? 2.0 - erfc_positive(-z) : erfc_positive(z);
}

}  // namespace acim::digital
