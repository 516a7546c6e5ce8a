// SPDX-License-Identifier: Apache-2.0
// Random products on the CUDA engine's kernels: A, D, exact product, output tensor and layer sums of
// every output are those of the reference kernel.
#include <iostream>
#include <map>

#include "tests/cuda_emulation/emulation_fixture.hpp"
#include "tests/engine_cuda/layer_parity.hpp"

namespace acim {
namespace {

using testing_device::LayerCase;
using testing_device::LayerOnDevice;
using testing_device::LayerOnKernel;
using testing_device::name_of;
using testing_support::Pick;

constexpr int seeds = 150;

class LayerParity : public testing::TestWithParam<int> {
protected:
    static void check(const LayerCase& c, const LayerPacker& packer = LayerPacker()) {
        CycleLawCache cache;
        LayerOnDevice device(c, packer, cache, 1 + GetParam() % 4);
        std::string trace;
        for (std::size_t i = 0; i < c.parts.size(); ++i) {
            const ConversionKernel kernel = device.kernels()[i];
            const MacroParams& m = c.points[c.parts[i].point].macro;
            ++reached_[kernel];
            if (c.product.is_computed()) ++computed_[kernel];
            if (m.voting.levels > 0 && m.voting.samples > 1) ++voted_[kernel];
            if (m.weight_encoding == WeightEncoding::xnor) ++xnor_[kernel];
            trace += name_of(kernel) + " ";
        }
        SCOPED_TRACE(trace + describe(c));
        const auto wanted = LayerOnKernel(c, *make_reference_kernel()).run(cache);
        EXPECT_EQ(difference(device.run(), wanted), "");
        EXPECT_LE(device.bytes(), device.planned_bytes());
        EXPECT_GE(device.bytes() + device.spare_bytes(), device.planned_bytes());
        ++cases_;
    }

    // How often each kernel was taken; counted where all seeds ran.
    static void TearDownTestSuite() {
        for (const auto& [kernel, n] : reached_)
            std::cout << name_of(kernel) << ": " << n << " parts of batches, " << computed_[kernel]
                      << " with stored operands, " << voted_[kernel] << " with votes, "
                      << xnor_[kernel] << " of xnor\n";
        if (cases_ < 6 * seeds) return;
        for (int k = 0; k <= static_cast<int>(ConversionKernel::aidac); ++k) {
            const auto kernel = static_cast<ConversionKernel>(k);
            EXPECT_GE(reached_[kernel], 15) << name_of(kernel);
            EXPECT_GE(computed_[kernel], 3) << name_of(kernel);
        }
        using K = ConversionKernel;
        for (const K kernel : {K::general, K::tiles_table, K::tiles_wide, K::tiles_chip})
            EXPECT_GE(voted_[kernel], 15) << name_of(kernel);
        for (const K kernel : {K::general, K::tiles_table, K::tiles_wide, K::tiles_lut})
            EXPECT_GE(xnor_[kernel], 5) << name_of(kernel);
    }

    static inline std::map<ConversionKernel, int> reached_, computed_, voted_, xnor_;
    static inline int cases_ = 0;
};

TEST_P(LayerParity, LawsOfTheCount) {
    Pick pick(GetParam());
    check(testing_device::random_case(pick));
}

TEST_P(LayerParity, ColumnsOfAChip) {
    Pick pick(10000 + GetParam());
    check(testing_device::random_chip_case(pick));
}

TEST_P(LayerParity, ConversionsAllAlike) {
    Pick pick(20000 + GetParam());
    check(testing_device::random_tile_case(pick), LayerPacker(GetParam() % 3 != 0));
}

TEST_P(LayerParity, ConversionsOfAChipAllAlike) {
    Pick pick(30000 + GetParam());
    check(testing_device::random_chip_tile_case(pick));
}

TEST_P(LayerParity, RareErrors) {
    Pick pick(50000 + GetParam());
    check(testing_device::random_event_case(pick));
}

TEST_P(LayerParity, AllAnalogMacros) {
    Pick pick(40000 + GetParam());
    check(testing_device::random_aidac_case(pick));
}

INSTANTIATE_TEST_SUITE_P(Seeds, LayerParity, testing::Range(0, seeds));

using MakeCase = LayerCase (*)(Pick&);
class ThreadOrders : public testing::TestWithParam<int> {};

// One answer of the reference kernel, and the device's under every order of threads.
void expect_in_every_order(const LayerCase& c) {
    SCOPED_TRACE(describe(c));
    CycleLawCache cache;
    const LayerPacker packer;
    const LayerOnDevice first(c, packer, cache, 1);  // keeps the laws in the cache
    const auto wanted = LayerOnKernel(c, *make_reference_kernel()).run(cache);
    for_every_schedule([&] {
        LayerOnDevice device(c, packer, cache, 1);
        EXPECT_EQ(difference(device.run(), wanted), "");
    });
}

TEST_P(ThreadOrders, DoNotMatter) {
    for (const MakeCase make :
         {&testing_device::random_case, &testing_device::random_chip_case,
          &testing_device::random_tile_case, &testing_device::random_chip_tile_case,
          &testing_device::random_aidac_case}) {
        Pick pick(50000 + GetParam());
        expect_in_every_order(make(pick));
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ThreadOrders, testing::Range(0, 10));

}  // namespace
}  // namespace acim
