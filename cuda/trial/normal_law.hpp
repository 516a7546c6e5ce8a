// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/digital/exp_log.hpp"

// The normal law in fixed-order IEEE double arithmetic without libm, so that tables built on
// different hosts hold the same integers. Used on the host only, when tables are built.
namespace acim {

using digital::exp_minus;
using digital::natural_log;

// Q(z) = P(N(0,1) > z), absolute error below 5e-16, relative error below 1e-13 for z < 37.
double normal_tail(double z);

// P(|N(0,1) - centre| < width/2). The error is below 1e-15 times the result plus 1e-18 for
// width <= 1, else that of two tails: a law of many narrow slices keeps its total variation.
double normal_slice(double centre, double width);

// z with Q(z) = p for 0 < p <= 0.5, absolute error below 1e-13.
double inverse_normal_tail(double p);

}  // namespace acim
