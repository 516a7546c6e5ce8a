// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/hdf5/reader.hpp"
#include "host/run/adc_ranges.hpp"
#include "host/run/layer_file.hpp"
#include "tests/run/layer_fixture.hpp"

namespace acim {
namespace {

// `acimsweep mac` calibrates ADC ranges on the operands of the file themselves.
class OperandWindow : public LayerTest {
protected:
    LayerOperands operands(const MacFile& macro) const {
        return read_layer_operands(folder_ / "in.h5", macro.settings);
    }
    SingleLayerResult run(const MacFile& macro, const SingleLayerOptions& options = {}) const {
        return run_single_layer(operands(macro), macro, options);
    }
    // The sums of all conversions, as the reference kernel reports them under the full range.
    std::vector<std::int32_t> sums(MacFile macro) const {
        macro.settings.macro.adc.range = AdcRange::full;
        return run(macro, {.conversions = true}).s;
    }
    static MacFile calibrated(AdcRange range, int bits) {
        MacFile macro = lossless_macro(4, 4);
        macro.settings.macro.adc = {.bits = bits, .range = range};
        return macro;
    }
    void write_convolution() {
        write({{"x", random_tensor({3, 4, 6, 5}, 0, 5)}, {"w", random_tensor({4, 2, 3, 3}, -8, 7)}},
              {{"groups", {2}}, {"pad", {1}}});
    }
    void write_attention() {
        write({{"q", random_tensor({2, 3, 5, 20}, -8, 7)},
               {"k", random_tensor({2, 3, 4, 20}, -8, 7)}});
    }
};

TEST_F(OperandWindow, PercentileOfTheSums) {
    for (const bool attention : {false, true}) {
        attention ? write_attention() : write_convolution();
        MacFile macro = calibrated(AdcRange::percentile, 3);
        std::vector<std::int32_t> all = sums(macro);
        std::ranges::sort(all);
        for (const double p : {100.0, 90.0}) {
            macro.settings.macro.adc.percentile = p;
            const auto rank = static_cast<std::size_t>(p * static_cast<double>(all.size()) / 100.0);
            const std::int32_t s = all[rank - 1];
            const auto window = run(macro).adc_window;
            ASSERT_TRUE(window.has_value());
            EXPECT_EQ(*window, (AdcWindow{0, (s * 65536 + 14) / 15})) << attention << " " << p;
        }
        ASSERT_EQ(all.size() % 10, 0u);  // so that both ranks are whole
    }
}

TEST_F(OperandWindow, LeastErrorOfTheSums) {
    for (const bool attention : {false, true}) {
        attention ? write_attention() : write_convolution();
        const MacFile macro = calibrated(AdcRange::csnr, 2);
        CountHistogram counts;
        counts.parts.push_back({1, true, 15, std::vector<std::uint64_t>(16)});
        for (const std::int32_t s : sums(macro)) ++counts.parts[0].conversions[s];
        EXPECT_EQ(run(macro).adc_window, csnr_window(counts, macro.settings.macro, 4, 1));
    }
}

TEST_F(OperandWindow, ConvertsAsTheWindowWrittenOut) {
    write_convolution();
    MacFile macro = calibrated(AdcRange::csnr, 3);
    macro.seed = 5;
    macro.repeats = 2;
    macro.settings.macro.noise.random.sigma = 0.3;
    const SingleLayerResult one = run(macro, {.conversions = true, .threads = 1});
    EXPECT_EQ(one.y, run(macro, {.threads = 3}).y);
    MacFile written = macro;
    written.settings = with_window(macro.settings, one.adc_window.value());
    const SingleLayerResult same = run(written, {.conversions = true});
    EXPECT_EQ(same.y, one.y);
    EXPECT_EQ(same.code, one.code);
    EXPECT_FALSE(same.adc_window.has_value());
}

TEST_F(OperandWindow, StandsInTheResult) {
    write_convolution();
    const MacFile macro = calibrated(AdcRange::percentile, 3);
    const SingleLayerResult result = run(macro);
    write_layer_result(folder_ / "out.h5", operands(macro), macro, result, "test");
    const hdf5::Reader out = hdf5::Reader::open((folder_ / "out.h5").string());
    EXPECT_EQ(out.attribute<double>("/", "adc_lo"), 0.0);
    EXPECT_EQ(out.attribute<double>("/", "adc_hi"), result.adc_window->hi / 65536.0);
    MacFile digital = macro;
    digital.settings.analog = false;
    EXPECT_FALSE(run(digital).adc_window.has_value());
}

TEST_F(OperandWindow, RefusesWhatHasNoWindow) {
    write_convolution();
    MacFile macro = calibrated(AdcRange::csnr, 3);
    macro.settings.macro.weight_parallel = true;
    EXPECT_EQ(message([&] { run(macro); }),
              "m.yaml: macro.weight_parallel works with adc.range: full only.");
}

}  // namespace
}  // namespace acim
