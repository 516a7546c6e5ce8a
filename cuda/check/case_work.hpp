// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/check/bench_cases.hpp"

namespace acim {

// What the CUDA engine cannot do without for one image of a bench case; weights, which all images
// share, are left out.
struct CaseWork {
    double conversions = 0.0;
    double byte_products = 0.0;  // of signed bytes: the exact result that every layer has
    double bit_products = 0.0;  // of one bit, whole blocks of 256 rows; 0 on `product` and `events`
    double event_calls = 0.0;   // Philox calls that count events, on path `events`
    double bytes = 0.0;         // that kernels read from and write to the device's memory
};

CaseWork case_work(const BenchCase& bench);

}  // namespace acim
