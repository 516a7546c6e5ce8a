// SPDX-License-Identifier: Apache-2.0
#include "host/engine/simd_loops.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

// Compiled for a plain x86-64-v2, for AVX2 and for AVX-512 with popcount and byte products; what
// lies between them runs the next lower one.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLE_PCLMUL_AES
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/engine/simd_loops.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/engine/simd_chip_run-inl.hpp"
#include "host/engine/simd_conversions-inl.hpp"
#include "host/engine/simd_events-inl.hpp"
#include "host/engine/simd_product-inl.hpp"

#if HWY_ONCE
namespace acim::simd {
namespace {
HWY_EXPORT(RunConversions);
HWY_EXPORT(RunChip);
HWY_EXPORT(PackInputs);
HWY_EXPORT(PackDriven);
HWY_EXPORT(RunProduct);
HWY_EXPORT(RunEvents);
HWY_EXPORT(TargetName);
}  // namespace

void run_conversions(const SimdJob& job) { HWY_DYNAMIC_DISPATCH(RunConversions)(job); }

void run_chip(const SimdJob& job) { HWY_DYNAMIC_DISPATCH(RunChip)(job); }

void pack_driven(const SimdLayer& layer, const LayerPlan& plan, int pixels,
                 std::span<const std::int16_t> rows, std::uint8_t* driven) {
    HWY_DYNAMIC_DISPATCH(PackDriven)(layer, plan, pixels, rows.data(), driven);
}

void pack_inputs(const SimdLayer& layer, const LayerPlan& plan, int pixels,
                 std::span<const std::int16_t> rows, std::uint64_t* packed) {
    HWY_DYNAMIC_DISPATCH(PackInputs)(layer, plan, pixels, rows.data(), packed);
}

void run_product(const SimdJob& job, int depth, std::span<const std::int16_t> rows) {
    HWY_DYNAMIC_DISPATCH(RunProduct)(job, depth, rows.data());
}

void run_events(const SimdJob& job) { HWY_DYNAMIC_DISPATCH(RunEvents)(job); }

std::vector<std::string> compiled_targets() {
    std::vector<std::string> names;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
        names.emplace_back(hwy::TargetName(target));
    return names;
}

std::string chosen_target() { return HWY_DYNAMIC_DISPATCH(TargetName)(); }

bool force_target(const std::string& name) {
    hwy::SetSupportedTargetsForTest(0);
    if (name.empty()) return true;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
        if (name == hwy::TargetName(target)) {
            hwy::SetSupportedTargetsForTest(target);
            return true;
        }
    }
    return false;
}

}  // namespace acim::simd
#endif
