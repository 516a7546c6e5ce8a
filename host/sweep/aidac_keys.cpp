// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "host/sweep/key_tables.hpp"
#include "host/sweep/key_values.hpp"

namespace acim {
namespace {

using M = MacroParams;
using A = AidacParams;

constexpr std::string_view topologies = "grouped_cells grouped_weight";
constexpr std::string_view references = "calibrated raw";

bool is_aidac(const PointConfig& p) {
    return p.macro.kind == MacroKind::aidac || rule_sets(p, "macro.kind");
}

template <KeyUnit unit, auto member>
KeyInfo number(std::string_view path, KeyBounds bounds, std::string_view unit_text,
               std::string_view help) {
    return real_key<unit, &M::aidac, member>(path, bounds, unit_text, help, is_aidac);
}

const auto table = std::to_array<KeyInfo>({
    choice_key<topologies, &M::aidac, &A::topology>(
        "macro.aidac.topology", "\"grouped_cells\"",
        "one column per weight bit with inputs converted on the row's own capacitors, or a group "
        "of capacitors per weight with rows driven by DACs",
        is_aidac),
    choice_key<references, &M::aidac, &A::reference>(
        "macro.aidac.reference", "\"calibrated\"",
        "whether the reference column adds errors of its own", is_aidac),
    whole_key<&M::aidac, &A::blocks>("macro.aidac.blocks", {1, 1024}, "8", "blocks",
                                     "blocks whose times add up", is_aidac),
    whole_key<&M::aidac, &A::block_rows>("macro.aidac.block_rows", {1, 4096}, "128", "rows",
                                         "rows of a block", is_aidac),
    whole_key<&M::aidac, &A::outputs_per_array>(
        "macro.aidac.outputs_per_array", {1, 4096}, "32", "outputs",
        "outputs that share one row of input capacitors", is_aidac),
    number<KeyUnit::one, &A::row_parasitic>("macro.aidac.row_parasitic", {0, 100}, "",
                                            "r1, by the row's 256 unit capacitors"),
    number<KeyUnit::one, &A::column_parasitic>("macro.aidac.column_parasitic", {0, 100}, "",
                                               "r3, by the column's unit capacitors"),
    number<KeyUnit::one, &A::join_parasitic>("macro.aidac.join_parasitic", {0, 100}, "",
                                             "r4, by the 255 joined unit capacitors"),
    number<KeyUnit::milli, &A::vtc_offset>(
        "macro.aidac.vtc_offset_mV", {0, 1e5}, "mV",
        "sigma of the offset of a voltage-to-time converter, once per chip"),
    number<KeyUnit::percent, &A::vtc_gain>("macro.aidac.vtc_gain_pct", {0, 100}, "%",
                                           "sigma of its gain, once per chip"),
    number<KeyUnit::percent, &A::vtc_inl>("macro.aidac.vtc_inl_pct", {-100, 100}, "% of full scale",
                                          "peak of its INL (a parabola), common to all"),
    number<KeyUnit::pico, &A::jitter>("macro.aidac.jitter_ps", {0, 1e9}, "ps",
                                      "sigma of a block's time, fresh in every conversion"),
    number<KeyUnit::nano, &A::full_scale_time>("macro.aidac.full_scale_time_ns", {0, 1e9}, "ns",
                                               "time of a block at full scale; 0: not given"),
    number<KeyUnit::nano, &A::delay>("macro.aidac.delay_ns", {0, 1e9}, "ns",
                                     "time of a block at 0"),
});

}  // namespace

std::span<const KeyInfo> aidac_keys() { return table; }

}  // namespace acim
