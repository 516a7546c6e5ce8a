// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "host/sweep/notes.hpp"
#include "host/sweep/point.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class NotesTest : public SweepTest {
protected:
    std::vector<std::string> notes(const std::string& text) {
        const SweepSpec spec = sweep(text);
        return sweep_notes(spec, expand(spec));
    }
};

TEST_F(NotesTest, ErrorsInLsbBesideAnAxisOfTheAdc) {
    EXPECT_THAT(
        notes("macro.adc_errors: {offset_lsb: 0.3, gain_pct: 1}\n"
              "grid: {macro.adc.bits: [6, 7]}\n"),
        ElementsAre(AllOf(StartsWith("macro.adc_errors.offset_lsb is in LSB"),
                          HasSubstr("the axis 'macro.adc.bits'"), HasSubstr("give offset_mV"))));
    EXPECT_THAT(notes("grid: {macro.adc.range: [full, csnr], macro.adc_errors.dnl_lsb: [0, 0.1],\n"
                      "  macro.adc_errors.comparator_lsb: [0.1]}\n"),
                ElementsAre(StartsWith("macro.adc_errors.dnl_lsb"),
                            StartsWith("macro.adc_errors.comparator_lsb")));
}

TEST_F(NotesTest, NothingWhereTheSizeIsMeant) {
    const std::vector<std::string> texts = {
        "macro.adc_errors: {offset_lsb: 0.3}\n",
        "grid: {macro.adc.bits: [6, 7]}\n",
        "macro.adc_errors: {offset_lsb: 0.3}\ngrid: {macro.adc.bits: [6]}\n",
        "macro.adc_errors: {offset_lsb: 0.3}\ngrid: {macro.rows: [100, 200]}\n",
        "macro: {v_ref: 1, adc_errors: {offset_mV: 0.3}}\ngrid: {macro.adc.bits: [6, 7]}\n",
        "zip: {macro.adc.bits: [6, 7], macro.adc_errors.offset_lsb: [0.1, 0.2]}\n"};
    for (const std::string& text : texts) EXPECT_THAT(notes(text), IsEmpty()) << text;
}

}  // namespace
}  // namespace acim
