// SPDX-License-Identifier: Apache-2.0
// What a kernel meets once in ten thousand conversions: ESCAPE outcomes of the table path, and normals
// of the path chip whose first 16 bits do not decide the code. So many conversions that it happens
// hundreds of times in each kernel.
#include <functional>
#include <iostream>
#include <string>

#include "tests/cuda_emulation/emulation_fixture.hpp"
#include "tests/engine_cuda/layer_parity.hpp"

namespace acim {
namespace {

using testing_device::LayerCase;
using testing_device::LayerOnDevice;
using testing_device::LayerOnKernel;
using testing_device::name_of;
using testing_support::Pick;

// Counts by the equations of cuda/model what the reference kernel meets in single votes.
class EscapeCounter : public ConversionObserver {
public:
    void begin(const LayerPlan& plan, const OutputMap& map, const ProductPlace& place) {
        plan_ = &plan;
        map_ = map;
        place_ = place;
    }

    void observe(int output, int pixel, int group, int k, std::int64_t s,
                 std::int64_t code) override {
        const ConversionPlan& c = plan_->conversions[static_cast<std::size_t>(k)];
        if (!c.through_adc || c.votes > 1) return;
        ++conversions;
        const FreshPlace place{map_.element(output, pixel), static_cast<std::uint32_t>(group),
                               place_.image, place_.layer};
        const auto at = static_cast<std::uint32_t>(k);
        const std::uint32_t u = table_uniform(
            philox4x32(fresh_counter(NoiseSource::code_table, place, at >> 3, 0), place_.key), at);
        const CycleLawView law = plan_->law[c.cycle]->view();
        if (u >= law.table.escape[s]) return;
        ++escapes;
        if (code != CodeCell::code(law.table.cells + s * cell_columns, u)) ++other_codes;
    }

    std::int64_t conversions = 0, escapes = 0;
    std::int64_t other_codes = 0;  // escapes whose code is not that of the cell

private:
    const LayerPlan* plan_ = nullptr;
    OutputMap map_;
    ProductPlace place_;
};

struct EscapeCase {
    std::string name;
    ConversionKernel kernel;
    int outputs, row_groups, images;
    std::function<void(LayerSettings&)> set;
    int pixels = 0;  // of a product with a stored operand
};

void PrintTo(const EscapeCase& c, std::ostream* out) { *out << c.name; }

void set_macro(LayerSettings& s, int rows, int bits, double sigma) {
    s.macro.rows = rows;
    s.macro.mapping = RowMapping::dense;
    s.macro.adc.bits = bits;
    s.macro.noise.random = {sigma, NoiseUnit::lsb};
}

std::vector<EscapeCase> cases() {
    using K = ConversionKernel;
    return {
        {"Thresholds", K::tiles_thresholds, 32, 20, 200,
         [](LayerSettings& s) { set_macro(s, 15, 4, 0.5); }},
        {"Table", K::tiles_table, 19, 12, 90, [](LayerSettings& s) { set_macro(s, 15, 9, 2.5); }},
        {"TableOfBytes", K::tiles_bytes, 20, 12, 90,
         [](LayerSettings& s) { set_macro(s, 15, 8, 2.5); }},
        {"TableOfWideCycles", K::tiles_table, 17, 12, 17,
         [](LayerSettings& s) {
             set_macro(s, 15, 8, 3.1);
             s.macro.bits_per_cycle = 2;
         },
         10},
        {"Wide", K::tiles_wide, 16, 2, 400,
         [](LayerSettings& s) {
             set_macro(s, 600, 10, 5.9);
             s.weight_bits = 6;
         }},
        {"WideOfUnequalCycles", K::tiles_wide, 24, 12, 80,
         [](LayerSettings& s) {
             set_macro(s, 12, 9, 4.0);
             s.activation_bits = 7;
             s.macro.bits_per_cycle = 3;
             s.macro.weight_encoding = WeightEncoding::differential;
         }},
        // Now and then a digital conversion stands beside an ESCAPE and has a uniform like one.
        {"BesideDigital", K::tiles_table, 16, 120, 48,
         [](LayerSettings& s) {
             set_macro(s, 9, 10, 5.9);
             s.macro.hybrid.levels = 6;
         }},
        // Beside conversions with votes, whose ESCAPE outcomes are not the queue's.
        {"BesideVotes", K::tiles_table, 16, 120, 48,
         [](LayerSettings& s) {
             set_macro(s, 9, 10, 5.9);
             s.macro.voting = {6, 3, VoteCombination::median};
         }},
        {"OfFourCycles", K::tiles_bytes, 16, 120, 48,
         [](LayerSettings& s) {
             set_macro(s, 9, 8, 5.9);
             s.activation_bits = 4;
         }},
        // A warp's queue fills many times over.
        {"Crowded", K::tiles_table, 16, 120, 16,
         [](LayerSettings& s) {
             set_macro(s, 9, 10, 5.9);
             s.macro.noise.nonlinear.sigma = 0.05;
         }},
        {"General", K::general, 7, 20, 140, [](LayerSettings& s) { set_macro(s, 15, 9, 2.5); }},
    };
}

LayerCase layer_case(const EscapeCase& e) {
    LayerCase c;
    e.set(c.points.emplace_back());
    c.layer = 2;
    c.product.outputs = e.outputs;
    c.product.depth = e.row_groups * c.points[0].macro.rows - 1;
    c.input_shape = {1, c.product.depth};
    c.output_shape = {1, e.outputs};
    if (e.pixels > 0) {
        c.product.stored = {0, 1, false, 0.02F};
        c.input_shape = {1, e.pixels, c.product.depth};
        c.output_shape = {1, e.pixels, e.outputs};
    }
    const auto images = static_cast<std::uint32_t>(e.images);
    c.parts = {{0, 0, 0, 100, images / 3}, {0, 0, 1, 7, images - images / 3}};
    Pick pick(1);
    testing_device::draw_operands(pick, c);
    return c;
}

class LayerEscapes : public testing::TestWithParam<EscapeCase> {};

TEST_P(LayerEscapes, EqualReference) {
    const LayerCase c = layer_case(GetParam());
    CycleLawCache cache;
    const LayerPacker packer;
    const LayerOnDevice first(c, packer, cache, 1);
    EXPECT_EQ(name_of(first.kernels()[0]), name_of(GetParam().kernel));
    EscapeCounter counter;
    const auto kernel = make_reference_kernel(&counter);
    const auto wanted =
        LayerOnKernel(c, *kernel,
                      [&](const LayerPlan& plan, const OutputMap& map, const ProductPlace& place) {
                          counter.begin(plan, map, place);
                      })
            .run(cache);
    std::cout << counter.escapes << " of " << counter.conversions << " escape, "
              << counter.other_codes << " to other codes\n";
    EXPECT_GE(counter.escapes, 200);
    EXPECT_GE(counter.other_codes, 100);
    for_every_schedule([&] {
        LayerOnDevice device(c, packer, cache, 1);
        EXPECT_EQ(difference(device.run(), wanted), "");
    });
}

// A cell of the 16-bit uniform is sigma*dz wide, in steps between two edges: at 6 LSB one in 1300
// has an edge inside (8.5 standard deviations are cut into 2^16 cells).
TEST(LayerRefinements, EqualReference) {
    LayerCase c;
    for (const double dnl : {0.0, 0.1}) {
        LayerSettings& s = c.points.emplace_back();
        set_macro(s, 9, 10, 6.0);
        MacroParams& m = s.macro;
        m.cell.unit_capacitance = 2e-15;
        m.cell.mismatch = 0.0085 * 3.1623e-8;
        m.adc_errors.offset = 0.3;
        m.adc_errors.dnl = dnl;
    }
    c.product.outputs = 16;
    c.product.depth = 180;
    c.input_shape = {1, c.product.depth};
    c.output_shape = {1, c.product.outputs};
    c.parts = {{0, 0, 0, 0, 20}, {1, 1, 2, 10, 20}};  // 819200 conversions
    Pick pick(1);
    testing_device::draw_operands(pick, c);
    CycleLawCache cache;
    const LayerPacker packer;
    EXPECT_EQ(name_of(LayerOnDevice(c, packer, cache, 1).kernels()[1]),
              name_of(ConversionKernel::tiles_chip));
    const auto wanted = LayerOnKernel(c, *make_reference_kernel()).run(cache);
    for_every_schedule([&] {
        LayerOnDevice device(c, packer, cache, 1);
        EXPECT_EQ(difference(device.run(), wanted), "");
    });
}

INSTANTIATE_TEST_SUITE_P(Cases, LayerEscapes, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace acim
