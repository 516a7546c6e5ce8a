// SPDX-License-Identifier: Apache-2.0
#pragma once

// Marks a function of the model as callable from CPU and GPU code alike.
#if defined(__CUDACC__)
#define ACIM_HD __host__ __device__
#else
#define ACIM_HD
#endif
