// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <limits>

#include <gmock/gmock.h>

#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;
using Doubles = std::vector<double>;
using Fill = std::function<void(hdf5::ImageWriter&)>;

class ChipFileTest : public SweepTest {
protected:
    void h5(const std::string& name, const Fill& fill) const {
        hdf5::ImageWriter out;
        fill(out);
        write_file_atomically(folder_ / name, out.image());
    }
    std::shared_ptr<const MeasuredChip> read(const Fill& fill, const std::string& more = "") const {
        h5("c.h5", fill);
        return sweep("macro: {adc.bits: 2, chip_file: c.h5" + more + "}\n").base.macro.chip;
    }
    std::string error(const Fill& fill, const std::string& more = "") const {
        h5("c.h5", fill);
        return sweep_error("macro: {adc.bits: 2, chip_file: c.h5" + more + "}\n");
    }
};

Fill one(const std::string& dataset, Doubles values, hdf5::Dims dims) {
    return [=](hdf5::ImageWriter& out) { out.write("/" + dataset, values, dims); };
}

// [chips][arrays] in front are optional; what is left out holds for all.
TEST_F(ChipFileTest, ShapesAndUnits) {
    const auto chip = read(
        [](hdf5::ImageWriter& out) {
            out.write("/cell_mismatch", std::vector<float>{0.25F, 0, -0.125F, 0.0625F}, {2, 2});
            out.write("/adc_offset_lsb", Doubles{0.5, -0.0, 1, 2, 3, 4}, {3, 1, 2});
            out.write("/adc_gain_pct", Doubles{1, -2, 3, 4}, {2, 2});
            out.write("/adc_inl_lsb", Doubles{0.5, 0, -0.5}, {1, 3});
            out.write("/input_dac_inl_lsb", std::vector<std::int32_t>{127, -2}, {2});
            out.write("/injection_mV", Doubles{1.5, -2}, {2});
            out.write("/c_par_fF", Doubles{1, 3}, {2});
            out.write("/rows", Doubles{0, 1}, {2});  // a coordinate, which is not read
        },
        ", v_ref: 1, cell.c_unit_fF: 1");
    ASSERT_NE(chip, nullptr);
    EXPECT_EQ(chip->cells.values, (std::vector<std::int8_t>{127, 0, -64, 32}));
    EXPECT_EQ(chip->cell_step, 0.25 / 127);
    EXPECT_EQ(chip->cells.lines, 2);
    EXPECT_EQ(chip->cells.width, 2);
    EXPECT_EQ(chip->drivers.values, (std::vector<std::int8_t>{127, -2}));
    EXPECT_EQ(chip->driver_step, 1.0);
    EXPECT_EQ(chip->adc_offset.chips, 3);
    EXPECT_EQ(chip->adc_offset.arrays, 1);
    EXPECT_EQ(chip->adc_offset.lines, 2);
    EXPECT_EQ(chip->adc_offset.width, 1);
    EXPECT_FALSE(std::signbit(chip->adc_offset.values[1]));
    EXPECT_EQ(chip->adc_gain.chips, 1);
    EXPECT_EQ(chip->adc_gain.arrays, 2);
    EXPECT_EQ(chip->adc_gain.values, (Doubles{0.01, -0.02, 0.03, 0.04}));
    EXPECT_EQ(*chip->adc_gain.at(2, 3, 1), 0.04);
    EXPECT_EQ(chip->adc_inl.at(7, 9, 0)[2], -0.5);
    EXPECT_EQ(chip->injection.values, (Doubles{1.5e-3, -2e-3}));
    EXPECT_EQ(chip->parasitic.values, (Doubles{1e-15, 3e-15}));
    EXPECT_EQ(chip->mean_parasitic, 2e-15);
    EXPECT_EQ(chip->chips(), 3);
}

TEST_F(ChipFileTest, TheIdentityHoldsTheContentOnly) {
    h5("a.h5", one("adc_offset_lsb", {0, 1}, {2}));
    h5("b.h5", [](hdf5::ImageWriter& out) {
        out.write("/adc_offset_lsb", std::vector<float>{-0.0F, 1}, {1, 2});
    });
    h5("c.h5", one("adc_offset_lsb", {0, 1}, {2, 1}));
    const auto text = [&](const std::string& name) {
        return sweep("macro.chip_file: " + name + "\n").base.canonical()["macro"]["chip_file"];
    };
    EXPECT_EQ(text("a.h5"), text((folder_ / "b.h5").string()));
    EXPECT_NE(text("a.h5"), text("c.h5"));  // the same values elsewhere
    // sha256 of the name and the doubles 1, 1, 2, 1 (sizes); 0, 1 as Python's struct packs them.
    EXPECT_EQ(text("a.h5"), "7e64cc646702bdd747fb6b47bf20e6660e82b217deca6012f0ea41a3596ad781");
    EXPECT_FALSE(sweep("macro.chip_file: null\n").base.canonical()["macro"].contains("chip_file"));
    const auto all = points("grid: {macro.chip_file: [a.h5, c.h5, null]}\n");
    EXPECT_EQ(all[1].macro.chip->adc_offset.lines, 1);
    EXPECT_EQ(all[2].macro.chip, nullptr);
    EXPECT_EQ(all[0].parameters.front().second, "a.h5");
    const auto layers = resolve_layers(sweep("layers: [{match: a, macro.chip_file: b.h5}]\n").base,
                                       std::vector<std::string>{"a"});
    EXPECT_EQ(layers[0].macro.chip, all[0].macro.chip);
    EXPECT_EQ(mac_error("macro.chip_file: a.h5\n"), "");  // nothing is drawn: no seed
}

TEST_F(ChipFileTest, MistakesInTheFile) {
    const std::string start = "s.yaml:5: key 'macro.chip_file': c.h5: ";
    const std::string names =
        "cell_mismatch, adc_offset_lsb, adc_gain_pct, adc_inl_lsb, input_dac_inl_lsb, "
        "injection_mV, c_par_fF";
    EXPECT_EQ(error([](hdf5::ImageWriter&) {}),
              start + "has none of the datasets " + names + ". Add one.");
    EXPECT_EQ(error(one("adc_offset", {1}, {1})),
              start + "has 'adc_offset', but may hold the datasets " + names +
                  " only. Remove or rename it.");
    EXPECT_EQ(error([](hdf5::ImageWriter& out) { out.group("/cell_mismatch"); }),
              start + "has 'cell_mismatch', but may hold the datasets " + names +
                  " only. Remove or rename it.");
    EXPECT_EQ(error(one("adc_offset_lsb", {1, 2}, {1, 1, 1, 2})),
              start +
                  "adc_offset_lsb is [1][1][1][2], but must be [adcs], [arrays][adcs] or "
                  "[chips][arrays][adcs] with at least one value.");
    EXPECT_EQ(error(one("cell_mismatch", {0.1}, {1})),
              start +
                  "cell_mismatch is [1], but must be [rows][columns], [arrays][rows][columns] or "
                  "[chips][arrays][rows][columns] with at least one value.");
    EXPECT_EQ(error(one("cell_mismatch", {0, 0, 0, 0, 0.5, 0}, {3, 1, 2})),
              start +
                  "cell_mismatch[2][0][0] is 0.5, but must be between -0.5 and 0.5. Correct the "
                  "value, or leave the dataset out.");
    EXPECT_EQ(error(one("adc_gain_pct", {0, 100.5}, {2})),
              start +
                  "adc_gain_pct[1] is 100.5, but must be from -100 to 100. Correct the value, or "
                  "leave the dataset out.");
    EXPECT_THAT(error(one("c_par_fF", {-1}, {1})),
                HasSubstr("c_par_fF[0] is -1, but must be from 0 to 1000000000."));
    EXPECT_THAT(error(one("injection_mV", {std::numeric_limits<double>::quiet_NaN()}, {1})),
                HasSubstr("injection_mV[0] is nan, but must be from -100000 to 100000."));
    EXPECT_EQ(error(one("adc_inl_lsb", {0, 0}, {1, 2})),
              start +
                  "adc_inl_lsb has 2 edges, but an ADC of B bits has 2^B-1, for B from 1 to 14. "
                  "Give every edge once.");
    EXPECT_EQ(error([](hdf5::ImageWriter& out) {
                  out.write("/adc_offset_lsb", Doubles(6), {2, 3, 1});
                  out.write("/adc_gain_pct", Doubles(4), {4, 1, 1});
              }),
              start +
                  "adc_gain_pct has 4 chips, but adc_offset_lsb has 2. Give every dataset all of "
                  "them, or one that stands for all.");
    EXPECT_THAT(error([](hdf5::ImageWriter& out) {
                    out.write("/adc_offset_lsb", Doubles(6), {2, 3, 1});
                    out.write("/adc_gain_pct", Doubles(2), {2, 1});
                }),
                HasSubstr("adc_gain_pct has 2 arrays, but adc_offset_lsb has 3."));
    EXPECT_EQ(error([](hdf5::ImageWriter& out) {
                  out.write("/adc_offset_lsb", std::vector<float>(4'194'304));
                  out.write("/adc_gain_pct", std::vector<float>(4'194'305));
              }),
              start +
                  "its datasets have more than 8388608 values together, 64 MiB. Leave out chips or "
                  "arrays.");
    EXPECT_THAT(error([](hdf5::ImageWriter& out) {
                    out.write("/adc_gain_pct", std::vector<std::string>{"a"});
                }),
                HasSubstr(start + "adc_gain_pct"));
    EXPECT_EQ(sweep_error("macro.chip_file: none.h5\n"),
              "s.yaml:5: key 'macro.chip_file': none.h5: there is no such file. Check the path.");
    std::ofstream(folder_ / "c.h5") << "adc,offset\n1,2\n";
    EXPECT_THAT(sweep_error("macro.chip_file: c.h5\n"),
                HasSubstr("s.yaml:5: key 'macro.chip_file': c.h5"));
    EXPECT_THAT(sweep_error("macro.chip_file: [a]\n"), HasSubstr("is a list, but must be a path"));
}

TEST_F(ChipFileTest, KeysThatAMeasuredTermReplaces) {
    const std::vector<std::array<std::string, 3>> cases = {
        {"cell_mismatch", "macro.cell.mismatch_pct_sqrt_fF", "0.5"},
        {"cell_mismatch", "macro.current_domain.variation_pct", "0.5"},
        {"adc_offset_lsb", "macro.adc_errors.offset_lsb", "0.5"},
        {"adc_gain_pct", "macro.adc_errors.gain_pct", "0.5"},
        {"adc_inl_lsb", "macro.adc_errors.dnl_lsb", "0.5"},
        {"input_dac_inl_lsb", "macro.input_dac.inl_lsb", "0.5"},
        {"injection_mV", "macro.switch.injection_offset_mV", "0.5"},
        {"injection_mV", "macro.switch.injection_offset_variation_mV", "0.5"},
        {"c_par_fF", "macro.cell.c_par_ratio", "0.5"},
        {"c_par_fF", "macro.cell.c_par_fF", "0.5"}};
    for (const auto& [dataset, path, value] : cases) {
        const bool edges = dataset == "adc_inl_lsb";
        const bool wide = edges || dataset == "cell_mismatch";
        h5("c.h5", one(dataset, Doubles(3), wide ? hdf5::Dims{1, 3} : hdf5::Dims{3}));
        const std::string base = "macro: {adc.bits: 2, v_ref: 1, cell.c_unit_fF: 1, chip_file: ";
        const std::string key = ", " + path.substr(6) + ": " + value + "}\n";
        EXPECT_EQ(sweep_error(base + "c.h5" + key),
                  "s.yaml:5: key '" + path + "' is " + value + ", but the dataset " + dataset +
                      " of macro.chip_file gives it already. Switch one of the two off.");
        EXPECT_EQ(sweep_error(base + "null" + key), "");
        EXPECT_EQ(sweep_error(base + "c.h5}\n"), "");
    }
    h5("edges.h5", one("inl_lsb", {0, 0, 0}, {3}));
    EXPECT_THAT(error(one("adc_inl_lsb", {0, 0, 0}, {1, 3}), ", adc_errors.table: edges.h5"),
                HasSubstr("but the dataset adc_inl_lsb of macro.chip_file gives it already."));
}

TEST_F(ChipFileTest, KeysThatAMeasuredTermNeeds) {
    const std::string start = "s.yaml:5: key 'macro.chip_file' is ";
    const auto expect = [&](const std::string& message, const std::string& says) {
        EXPECT_THAT(message, testing::StartsWith(start));
        EXPECT_THAT(message, HasSubstr("c.h5"));
        EXPECT_THAT(message, HasSubstr(says));
    };
    expect(error(one("c_par_fF", {1}, {1})),
           "but its dataset c_par_fF needs macro.cell.c_unit_fF, which is not given. Give the "
           "capacitance of a cell, for example macro.cell.c_unit_fF: 2.");
    expect(error(one("injection_mV", {1}, {1})),
           "but its dataset injection_mV needs macro.v_ref, which is not given. Give the voltage "
           "of the full scale, for example macro.v_ref: 0.9.");
    expect(error(one("injection_mV", {1}, {1}), ", v_ref: 1, current_domain.alpha: 0.001"),
           "but macro.current_domain is on, which stands in place of the charge terms, and it has "
           "the dataset injection_mV. Remove one of the two.");
    expect(error(one("adc_inl_lsb", Doubles(7), {1, 7})),
           "but the ADCs of its dataset adc_inl_lsb have 7 edges and macro.adc.bits is 2, which "
           "has 3. Take the bits of the measured ADC.");
    EXPECT_EQ(error(one("cell_mismatch", {0.1}, {1, 1}), ", current_domain.alpha: 0.001"), "");
}

}  // namespace
}  // namespace acim
