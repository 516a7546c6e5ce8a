// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/random/code_cell.hpp"
#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/model/random/noise_key.hpp"
#include "cuda/model/random/philox.hpp"

// One kernel for each function of cuda/model/random, named probe_<function>, for the PTX scan.
using namespace acim;

extern "C" {

__global__ void probe_philox4x32(PhiloxWords c, PhiloxKey key, PhiloxWords* out) {
    *out = philox4x32(c, key);
}

__global__ void probe_trial_key(std::uint64_t seed, std::uint32_t chip, PhiloxKey* out) {
    *out = trial_key(seed, chip, threadIdx.x);
}

__global__ void probe_fresh_counter(FreshPlace place, std::uint32_t k, PhiloxWords* out) {
    *out = fresh_counter(NoiseSource::fixed_normal, place, k, threadIdx.x);
}

__global__ void probe_table_uniform(PhiloxWords call, std::uint32_t* out) {
    *out = table_uniform(call, threadIdx.x);
}

__global__ void probe_wide_uniform(PhiloxWords call, std::uint64_t* out) {
    *out = wide_uniform(call, threadIdx.x);
}

__global__ void probe_leading_zeros(std::uint64_t x, int* out) { *out = leading_zeros(x); }

__global__ void probe_inverse_normal(const InverseNormalTable* table, std::uint64_t u,
                                     std::int32_t* out) {
    *out = inverse_normal(*table, u);
}

__global__ void probe_pack(int code0, int code1, int last_cell, std::uint32_t* out) {
    *out = CodeCell::pack(code0, code1, last_cell);
}

__global__ void probe_code(const std::uint32_t* row, std::uint32_t u, int* out) {
    *out = CodeCell::code(row, u);
}

__global__ void probe_chip_key(std::uint64_t seed, PhiloxKey* out) {
    *out = chip_key(seed, threadIdx.x);
}

__global__ void probe_chip_counter(NoiseSource source, ChipPlace place, PhiloxWords* out) {
    *out = chip_counter(source, place);
}

__global__ void probe_chip_uniform(NoiseSource source, ChipPlace place, PhiloxKey chip,
                                   std::uint64_t* out) {
    *out = chip_uniform(source, place, chip);
}

}  // extern "C"
