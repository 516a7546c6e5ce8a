// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <set>

#include <gmock/gmock.h>

#include "host/sweep/preset.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string small_preset =
    "weight_bits: 4\nactivation_bits: 5\nseed: 7\nrepeats: 9\n"
    "macro: {rows: 64, adc: {bits: 6}}\n"
    "preset:\n  title: A small macro\n  gaps: [noise, the array]\n  sources:\n"
    "    weight_bits: {kind: published, source: paper}\n"
    "    macro.rows: {kind: published, source: 'paper, table 1'}\n"
    "    macro.adc.bits: {kind: derived, source: from the step}\n";

class PresetTest : public SweepTest {
protected:
    void SetUp() override {
        SweepTest::SetUp();
        std::filesystem::create_directories(folder_ / "macros");
        ::setenv("ACIMSWEEP_DATA", folder_.c_str(), 1);
        preset("small", small_preset);
    }
    void TearDown() override {
        ::unsetenv("ACIMSWEEP_DATA");
        SweepTest::TearDown();
    }
    void preset(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / "macros" / (name + ".yaml"), std::ios::binary) << text;
    }
    std::string preset_error(const std::string& text) const {
        preset("other", text);
        return sweep_error("macro.preset: other\n");
    }
    std::string id(const std::string& added) const {
        return point_id(sweep(added).base, "net", "data");
    }
};

TEST_F(PresetTest, APresetIsNoSweep) {
    const auto said = [&](const std::string& text) {
        return message([&] { load_sweep(write(text)); });
    };
    EXPECT_EQ(
        said("macro: {rows: 5}\npreset: {title: t}\n"),
        "s.yaml:2: this is the preset of a macro, not a sweep. acimsweep cost s.yaml gives its "
        "data sheet, acimsweep mac IN.h5 --macro s.yaml computes a layer with it, and a sweep "
        "names it as macro: {preset: ./s.yaml}.");
    EXPECT_THAT(said("technology: {supply_V: 1}\npreset: {title: t}\n"),
                AllOf(HasSubstr("s.yaml:2: this is the preset of a technology, not a sweep"),
                      HasSubstr("technology: {preset: ./s.yaml}")));
}

TEST_F(PresetTest, ThePresetComesFirstAndKeysOverride) {
    const PointConfig plain = sweep("macro: {preset: small}\n").base;
    EXPECT_EQ(plain.weight_bits, 4);
    EXPECT_EQ(plain.activation_bits, 5);
    EXPECT_EQ(plain.macro.rows, 64);
    EXPECT_EQ(plain.macro.adc.bits, 6);
    const PointConfig other =
        sweep("macro: {adc.bits: 7, preset: small}\nactivation_bits: 6\n").base;
    EXPECT_EQ(other.macro.adc.bits, 7);
    EXPECT_EQ(other.macro.rows, 64);
    EXPECT_EQ(other.weight_bits, 4);
    EXPECT_EQ(other.activation_bits, 6);
    EXPECT_EQ(sweep("macro.preset: small\n").seed, 1U);
    EXPECT_EQ(sweep("", {"macro.preset=small", "macro.rows=32"}).base.macro.rows, 32);
    const MacFile file = mac("macro.preset: small\n");
    EXPECT_EQ(file.settings.weight_bits, 4);
    EXPECT_EQ(file.settings.macro.rows, 64);
    EXPECT_EQ(file.repeats, 1U);
    EXPECT_FALSE(file.seed.has_value());
}

TEST_F(PresetTest, TheKeysAndNotTheNameAreTheIdentity) {
    EXPECT_EQ(id("macro.preset: small\n"),
              id("weight_bits: 4\nactivation_bits: 5\nmacro: {rows: 64, adc.bits: 6}\n"));
    EXPECT_EQ(id("macro.preset: small\n"), id("macro.preset: macros/small.yaml\n"));
    EXPECT_NE(id("macro.preset: small\n"), id("macro: {preset: small, rows: 65}\n"));
}

TEST_F(PresetTest, APresetIsAFileOfMac) {
    const MacFile file = load_macro_file(folder_ / "macros" / "small.yaml");
    EXPECT_EQ(file.settings.macro.adc.bits, 6);
    EXPECT_EQ(file.repeats, 9U);
    EXPECT_EQ(load_macro_file(folder_ / "macros" / "small.yaml", {"macro.mapping=dense"})
                  .settings.macro.mapping,
              RowMapping::dense);
}

TEST_F(PresetTest, PresetsMayBeSwept) {
    preset("other",
           "macro: {rows: 128}\npreset: {title: t, sources: "
           "{macro.rows: {kind: assumed, source: guess}}}\n");
    const auto all = points(
        "activation_bits: 3\ngrid: {macro.preset: [small, other], macro.adc.bits: [5, 9]}\n");
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].macro.rows, 64);
    EXPECT_EQ(all[0].weight_bits, 4);
    EXPECT_EQ(all[0].activation_bits, 3);
    EXPECT_EQ(all[1].macro.adc.bits, 9);
    EXPECT_EQ(all[2].macro.rows, 128);
    EXPECT_EQ(all[2].weight_bits, 8);
    EXPECT_EQ(all[3].parameters[0].first, "macro.preset");
    EXPECT_EQ(all[3].parameters[0].second, "other");
    const auto zipped = points("zip: {macro.preset: [small, other], macro.rows: [16, 32]}\n");
    EXPECT_EQ(zipped[0].weight_bits, 4);
    EXPECT_EQ(zipped[1].weight_bits, 8);
    EXPECT_EQ(zipped[1].macro.rows, 32);
    EXPECT_THAT(sweep_error("grid:\n  macro.preset: [small, none]\n"),
                StartsWith("s.yaml:6: axis 'macro.preset' is 'none', which is no preset."));
}

TEST_F(PresetTest, PathsInAPresetAreRelativeToIt) {
    std::ofstream(folder_ / "macros" / "t.csv") << "sum,mean_lsb,sigma_lsb\n0,0,0\n255,1,0\n";
    preset("other",
           "macro: {measured: {file: t.csv}}\npreset: {title: t, sources: "
           "{macro.measured.file: {kind: published, source: silicon}}}\n");
    EXPECT_EQ(sweep("macro.preset: other\n").base.macro.measured.table->mean[1], 1.0);
    EXPECT_EQ(sweep("macro: {preset: other, measured.file: null}\n").base.macro.measured.table,
              nullptr);
}

TEST_F(PresetTest, Mistakes) {
    EXPECT_THAT(
        sweep_error("macro.preset: smal\n"),
        StartsWith("s.yaml:5: key 'macro.preset' is 'smal', which is no preset. There are: "));
    EXPECT_THAT(sweep_error("macro.preset: smal\n"), HasSubstr("small"));
    EXPECT_EQ(sweep_error("macro.preset: a/b.yaml\n"),
              "s.yaml:5: key 'macro.preset' names a/b.yaml, but there is no such file. Check the "
              "path.");
    const std::string one_bit =
        "weight_bits: 1\npreset: {title: t, sources: {weight_bits: {kind: published, source: "
        "s}}}\n";
    EXPECT_EQ(preset_error(one_bit),
              "s.yaml:5: key 'macro.preset' is other, a macro of one-bit weights, but the weights "
              "of a network have 2 to 8 bits. Give weight_bits in the sweep.");
    EXPECT_EQ(
        preset_error("macro.rows: 5\n"),
        "macros/other.yaml: key 'preset' is missing, so that this is no preset. Add title and "
        "sources.");
    EXPECT_EQ(preset_error("macro: {preset: small}\npreset: {title: t}\n"),
              "macros/other.yaml:1: key 'macro.preset' cannot stand in a preset. Write its keys "
              "out.");
    EXPECT_EQ(preset_error("macro:\n  rows: 5\npreset: {title: t}\n"),
              "macros/other.yaml:2: key 'macro.rows' has no entry in preset.sources. Say where its "
              "value comes from, as in macro.rows: {kind: published, source: \"paper, table\"}.");
    EXPECT_EQ(preset_error("macro:\n  rows: 5\n  adc: {bits: 5}\n  bits_per_cycle: 2\n"
                           "preset: {title: t}\n"),
              "macros/other.yaml:2: keys 'macro.rows', 'macro.adc.bits' (line 3) and "
              "'macro.bits_per_cycle' (line 4) have no entry in preset.sources. Say where their "
              "values come from, as in macro.rows: {kind: published, source: \"paper, table\"}.");
    EXPECT_THAT(preset_error("macro:\n  rows: 5\n  cols: 5\npreset: {title: t}\n"),
                StartsWith("macros/other.yaml:3: key 'macro.cols' is unknown."));
    EXPECT_THAT(preset_error("macro.rows: 0\npreset: {title: t, sources: {macro.rows: {kind: "
                             "assumed, source: s}}}\n"),
                StartsWith("macros/other.yaml:1: key 'macro.rows' is 0, but"));
    const std::vector<std::pair<std::string, std::string>> blocks = {
        {"5", "key 'preset' is '5', but must be a map."},
        {"{gaps: [a]}", "key 'preset.title' is missing. Name the design."},
        {"{title: [a]}", "preset.title is a list, but must be a text."},
        {"{title: t, gaps: a}", "preset.gaps is 'a', but must be a list of texts."},
        {"{title: t, gaps: [[a]]}", "an entry of preset.gaps is a list, but must be a text."},
        {"{title: t, source: {}}",
         "key 'preset.source' is unknown or no map. Valid keys here: title, gaps, sources."},
        {"{title: t, sources: {macro.rows: paper}}",
         "the source of 'macro.rows' must be {kind: published, derived or assumed, source: text}."},
        {"{title: t, sources: {macro.rows: {kind: assumed}}}",
         "the source of 'macro.rows' must be {kind: published, derived or assumed, source: text}."},
        {"{title: t, sources: {macro.rows: {kind: guessed, source: s}}}",
         "the source of 'macro.rows' has the kind 'guessed', but must be one of: published, "
         "derived, assumed."},
        {"{title: t, sources: {macro.rows: {kind: assumed, source: s, note: n}}}",
         "the source of 'macro.rows' has the unknown key 'note'."},
        {"{title: t, sources: {macro.adc.bits: {kind: assumed, source: s}}}",
         "the source of 'macro.adc.bits' stands alone: the preset does not set that key."}};
    for (const auto& [block, expected] : blocks) {
        EXPECT_EQ(preset_error("macro.rows: 5\npreset: " + block + "\n"),
                  "macros/other.yaml:2: " + expected);
    }
    EXPECT_THAT(sweep_error("preset: {title: t}\n"),
                HasSubstr("key 'preset' belongs into the file of a preset. To name one write "
                          "macro: {preset: NAME}."));
    EXPECT_THAT(sweep_error("layers: [{match: a, macro.preset: small}]\n"),
                HasSubstr("key 'macro.preset' belongs into a sweep file"));
}

TEST_F(PresetTest, AProblemOfAPresetsKeyNamesItsFile) {
    preset("other",
           "macro: {switch: {injection_offset_mV: 1}}\npreset: {title: t, sources: "
           "{macro.switch.injection_offset_mV: {kind: assumed, source: s}}}\n");
    EXPECT_THAT(
        sweep_error("macro.preset: other\n"),
        StartsWith("macros/other.yaml:1: key 'macro.switch.injection_offset_mV' is 1.0, but "
                   "macro.v_ref is not given."));
    EXPECT_EQ(sweep_error("macro: {preset: other, v_ref: 1}\n"), "");
}

TEST_F(PresetTest, TheListHoldsWhatIsFound) {
    const auto all = list_presets();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [](const Preset& preset) { return preset.name == "small"; });
    ASSERT_NE(found, all.end());
    EXPECT_EQ(found->file, folder_ / "macros" / "small.yaml");
    EXPECT_EQ(found->title, "A small macro");
    EXPECT_EQ(found->gaps, (std::vector<std::string>{"noise", "the array"}));
    ASSERT_EQ(found->sources.size(), 3U);
    EXPECT_EQ(found->sources[2].path, "macro.adc.bits");
    EXPECT_EQ(found->sources[2].kind, SourceKind::derived);
    EXPECT_EQ(found->sources[2].text, "from the step");
}

// The presets of the project, which lie behind $ACIMSWEEP_DATA.
TEST_F(PresetTest, EveryPresetOfTheProjectLoads) {
    const auto folder = std::filesystem::path(ACIM_SOURCE_DIR) / "data" / "macros";
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".yaml") continue;
        ++files;
        const Preset read = read_preset(entry.path());
        EXPECT_EQ(read.name, entry.path().stem().string());
        EXPECT_NO_THROW(load_macro_file(entry.path())) << entry.path();
        EXPECT_EQ(
            message([&] { expand(sweep("weight_bits: 4\nmacro.preset: " + read.name + "\n")); }),
            "");
    }
    EXPECT_GE(files, 1);
}

// Those of technologies lie beside them, and what a preset of macros says about its technology holds.
TEST_F(PresetTest, EveryTechnologyOfTheProjectLoads) {
    const auto folder = std::filesystem::path(ACIM_SOURCE_DIR) / "data" / "technology";
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        ++files;
        const Preset read = read_preset(entry.path(), PresetKind::technology);
        const SweepSpec spec = sweep("technology.preset: " + read.name + "\n");
        EXPECT_EQ(spec.base.technology_name, read.name);
        EXPECT_GT(spec.base.technology.supply, 0.0) << read.name;
    }
    EXPECT_EQ(files, 6);
    EXPECT_EQ(sweep("macro.preset: wang_vlsi_2022\n").base.technology_name, "wang_22nm");
    EXPECT_EQ(sweep("macro.preset: small\n").base.technology_name, "cmos_28nm");
    const SweepSpec mine = sweep("macro.preset: wang_vlsi_2022\ntechnology.supply_V: 1\n");
    EXPECT_EQ(mine.base.technology.supply, 1.0);
    EXPECT_EQ(mine.base.technology.reference_supply, 0.7);
}

}  // namespace
}  // namespace acim
