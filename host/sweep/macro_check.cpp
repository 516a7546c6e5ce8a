// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/macro_check.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "host/core/error.hpp"
#include "host/sweep/keys.hpp"

namespace acim {
namespace {

using M = MacroParams;

// A key that is not at its off value.
struct SetKey {
    std::string_view path;
    bool (*is_set)(const M&);
};

constexpr auto needs_v_ref = std::to_array<SetKey>({
    {"macro.noise.random.sigma",
     [](const M& m) {
         return m.noise.random.sigma != 0.0 && m.noise.random.unit == NoiseUnit::volt;
     }},
    {"macro.cell.leakage_pA", [](const M& m) { return m.cell.leakage != 0.0; }},
    {"macro.cell.temperature_K", [](const M& m) { return m.cell.temperature != 0.0; }},
    {"macro.switch.injection_offset_mV",
     [](const M& m) { return m.switches.injection_offset != 0.0; }},
    {"macro.switch.injection_offset_variation_mV",
     [](const M& m) { return m.switches.injection_offset_variation != 0.0; }},
    {"macro.adc_errors.offset_mV", [](const M& m) { return m.adc_errors.offset_volt != 0.0; }},
    {"macro.adc_errors.dnl_mV", [](const M& m) { return m.adc_errors.dnl_volt != 0.0; }},
    {"macro.adc_errors.comparator_mV",
     [](const M& m) { return m.adc_errors.comparator_volt != 0.0; }},
    {"macro.aidac.vtc_offset_mV",
     [](const M& m) { return m.kind == MacroKind::aidac && m.aidac.vtc_offset != 0.0; }},
});

constexpr auto needs_c_unit = std::to_array<SetKey>({
    {"macro.cell.mismatch_pct_sqrt_fF", [](const M& m) { return m.cell.mismatch != 0.0; }},
    {"macro.cell.c_par_fF", [](const M& m) { return m.cell.parasitic != 0.0; }},
    {"macro.cell.leakage_pA", [](const M& m) { return m.cell.leakage != 0.0; }},
    {"macro.cell.temperature_K", [](const M& m) { return m.cell.temperature != 0.0; }},
});

// What the current-domain law stands in place of.
constexpr auto charge_terms = std::to_array<std::string_view>({
    "macro.cell.mismatch_pct_sqrt_fF",
    "macro.cell.c_par_ratio",
    "macro.cell.c_par_fF",
    "macro.cell.c_par_variation_pct",
    "macro.cell.leakage_pA",
    "macro.cell.temperature_K",
    "macro.switch.injection_offset_mV",
    "macro.switch.injection_offset_variation_mV",
    "macro.switch.injection_gain",
    "macro.switch.injection_curvature",
    "macro.switch.settling_error",
});

// What has no meaning where all planes are converted at once.
constexpr auto single_plane_terms = std::to_array<std::string_view>({
    "macro.noise.nonlinear.sigma",
    "macro.weight_encoding",
    "macro.measured.file",
    "macro.adc_errors.table",
});

// What a key that names a file was given; its value elsewhere is the hash of the content.
std::string_view file_of(const M& m, std::string_view path) {
    if (path == "macro.measured.file" && m.measured.table) return m.measured.table->file;
    if (path == "macro.adc_errors.table" && m.adc_errors.table) return m.adc_errors.table->file;
    if (path == "macro.chip_file" && m.chip) return m.chip->file;
    return "";
}

// A dataset of macro.chip_file and the keys that would draw or give the same term.
struct MeasuredKeys {
    std::string_view dataset;
    bool (*is_measured)(const MeasuredChip&);
    std::array<std::string_view, 3> keys;  // "" where there are fewer
};

constexpr auto measured_terms = std::to_array<MeasuredKeys>({
    {"cell_mismatch",
     [](const MeasuredChip& c) { return c.cells.any(); },
     {"macro.cell.mismatch_pct_sqrt_fF", "macro.current_domain.variation_pct"}},
    {"adc_offset_lsb",
     [](const MeasuredChip& c) { return c.adc_offset.any(); },
     {"macro.adc_errors.offset_lsb", "macro.adc_errors.offset_mV"}},
    {"adc_gain_pct",
     [](const MeasuredChip& c) { return c.adc_gain.any(); },
     {"macro.adc_errors.gain_pct"}},
    {"adc_inl_lsb",
     [](const MeasuredChip& c) { return c.adc_inl.any(); },
     {"macro.adc_errors.dnl_lsb", "macro.adc_errors.dnl_mV", "macro.adc_errors.table"}},
    {"input_dac_inl_lsb",
     [](const MeasuredChip& c) { return c.drivers.any(); },
     {"macro.input_dac.inl_lsb"}},
    {"injection_mV",
     [](const MeasuredChip& c) { return c.injection.any(); },
     {"macro.switch.injection_offset_mV", "macro.switch.injection_offset_variation_mV"}},
    {"c_par_fF",
     [](const MeasuredChip& c) { return c.parasitic.any(); },
     {"macro.cell.c_par_ratio", "macro.cell.c_par_fF", "macro.cell.c_par_variation_pct"}},
});

// A cell of -8 sigma, the farthest that is drawn, keeps a positive capacitance up to here.
constexpr double most_unit_mismatch = 0.125;

struct MacroCheck {
    const LayerSettings& settings;
    const M& m;
    const PlaceOf& place_of;

    static const KeyInfo& key_of(std::string_view path) {
        const KeyInfo* key = find_key(path, in_mac);
        ACIM_EXPECT(key != nullptr && key->get != nullptr);
        return *key;
    }

    nlohmann::json value_of(const KeyInfo& key) const {
        PointConfig point;
        point.macro = m;
        return key.get(point);
    }

    // The key is not at its off value.
    bool is_set(std::string_view path) const {
        const KeyInfo& key = key_of(path);
        return value_of(key) != nlohmann::json::parse(key.fallback);
    }

    [[noreturn]] void fail(std::string_view path, const std::string& problem) const {
        const std::string_view file = file_of(m, path);
        nlohmann::json value = file.empty() ? value_of(key_of(path)) : nlohmann::json(file);
        if (path == "macro.adc.range" && m.adc.range == AdcRange::window)
            value = {m.adc.lo / 65536.0, m.adc.hi / 65536.0};
        throw InputError(fmt::format("{}: key '{}' is {}, but {}", place_of(path), path,
                                     value.is_string() ? value.get<std::string>() : value.dump(),
                                     problem));
    }

    template <std::size_t n>
    void fail_first(const std::array<SetKey, n>& keys, const std::string& problem) const {
        const auto found = std::find_if(keys.begin(), keys.end(),
                                        [&](const SetKey& key) { return key.is_set(m); });
        if (found != keys.end()) fail(found->path, problem);
    }

    template <std::size_t n>
    void fail_first(const std::array<std::string_view, n>& paths,
                    const std::string& problem) const {
        for (const std::string_view path : paths)
            if (!path.empty() && is_set(path)) fail(path, problem);
    }

    void references() const {
        if (m.v_ref == 0.0) {
            fail_first(needs_v_ref,
                       "macro.v_ref is not given. Give the voltage of the full scale, for example "
                       "macro.v_ref: 0.9.");
        }
        if (m.cell.unit_capacitance == 0.0) {
            fail_first(needs_c_unit,
                       "macro.cell.c_unit_fF is not given. Give the capacitance of a cell, for "
                       "example macro.cell.c_unit_fF: 2.");
        }
        if (m.v_ref != 0.0 && m.v_ref < 1e-3) {
            fail("macro.v_ref", "must be at least 0.001 V. Give the voltage of the full scale.");
        }
        if (m.cell.unit_capacitance != 0.0 && m.cell.unit_capacitance < 1e-18) {
            fail("macro.cell.c_unit_fF",
                 "must be at least 0.001 fF. Give the capacitance of a cell.");
        }
        if (m.cell.leakage != 0.0 && m.cell.hold_time == 0.0) {
            fail("macro.cell.leakage_pA",
                 "macro.cell.hold_ns is not given. Give the time for which the cells leak, for "
                 "example macro.cell.hold_ns: 15.");
        }
        const bool times = m.aidac.jitter != 0.0 && m.aidac.full_scale_time == 0.0;
        if (m.kind == MacroKind::aidac && times) {
            fail("macro.aidac.jitter_ps",
                 "macro.aidac.full_scale_time_ns is not given. Give the time of a block at full "
                 "scale.");
        }
    }

    void combinations() const {
        if (m.current_domain.any()) {
            fail_first(charge_terms,
                       "macro.current_domain is on, which stands in place of the charge terms. "
                       "Remove one of the two.");
        }
        if (m.weight_parallel) {
            fail_first(single_plane_terms,
                       "macro.weight_parallel is true, which converts all planes at once. Remove "
                       "one of the two.");
        }
        if (m.weight_parallel && m.adc.range != AdcRange::full) {
            fail("macro.adc.range",
                 "macro.weight_parallel is true, whose codes span both signs of the full scale. "
                 "Take range: full, or remove weight_parallel.");
        }
        if (m.weight_parallel && m.adc.bits < 2) {
            fail("macro.adc.bits",
                 "macro.weight_parallel is true, whose codes have a sign. Give 2 bits or more.");
        }
        if (m.adc_errors.table && m.adc_errors.draws_edges()) {
            fail(m.adc_errors.dnl != 0.0 ? "macro.adc_errors.dnl_lsb" : "macro.adc_errors.dnl_mV",
                 "macro.adc_errors.table gives the edges already. Remove one of the two.");
        }
        given_twice();
    }

    // Errors of the ADC that are given in LSB and in mV.
    void given_twice() const {
        const AdcErrorParams& e = m.adc_errors;
        const std::tuple<std::string_view, double, double> errors[] = {
            {"offset", e.offset, e.offset_volt},
            {"dnl", e.dnl, e.dnl_volt},
            {"comparator", e.comparator, e.comparator_volt}};
        for (const auto& [name, lsb, volts] : errors) {
            if (lsb == 0.0 || volts == 0.0) continue;
            fail(fmt::format("macro.adc_errors.{}_mV", name),
                 fmt::format("macro.adc_errors.{}_lsb gives the same error in LSB. Remove one of "
                             "the two.",
                             name));
        }
    }

    void measured_chip() const {
        if (!m.chip) return;
        for (const MeasuredKeys& term : measured_terms) {
            if (!term.is_measured(*m.chip)) continue;
            fail_first(term.keys, fmt::format("the dataset {} of macro.chip_file gives it already. "
                                              "Switch one of the two off.",
                                              term.dataset));
        }
        constexpr std::string_view path = "macro.chip_file";
        if (m.chip->parasitic.any() && m.cell.unit_capacitance == 0.0) {
            fail(path,
                 "its dataset c_par_fF needs macro.cell.c_unit_fF, which is not given. Give "
                 "the capacitance of a cell, for example macro.cell.c_unit_fF: 2.");
        }
        if (m.chip->injection.any() && m.v_ref == 0.0) {
            fail(path,
                 "its dataset injection_mV needs macro.v_ref, which is not given. Give the "
                 "voltage of the full scale, for example macro.v_ref: 0.9.");
        }
        if (m.current_domain.any() && (m.chip->parasitic.any() || m.chip->injection.any())) {
            fail(path, fmt::format("macro.current_domain is on, which stands in place of the "
                                   "charge terms, and it has the dataset {}. Remove one of the "
                                   "two.",
                                   m.chip->parasitic.any() ? "c_par_fF" : "injection_mV"));
        }
        if (m.chip->adc_inl.any() && m.chip->adc_inl.width != (1 << m.adc.bits) - 1) {
            fail(path, fmt::format("the ADCs of its dataset adc_inl_lsb have {} edges and "
                                   "macro.adc.bits is {}, which has {}. Take the bits of the "
                                   "measured ADC.",
                                   m.chip->adc_inl.width, m.adc.bits, (1 << m.adc.bits) - 1));
        }
    }

    void sizes() const {
        if (const auto& table = m.adc_errors.table;
            table && table->edges != (1 << m.adc.bits) - 1) {
            fail("macro.adc_errors.table",
                 fmt::format("its ADCs have {} edges and macro.adc.bits is {}, which has {}. Take "
                             "the bits of the measured ADC.",
                             table->edges, m.adc.bits, (1 << m.adc.bits) - 1));
        }
        const std::size_t codes = std::size_t{1} << m.bits_per_cycle;
        const std::size_t given = m.input_dac.table.size();
        if (given != 0 && m.bits_per_cycle > 1 && given != codes) {
            fail("macro.input_dac.table",
                 fmt::format("has {} values and macro.bits_per_cycle is {}. Give one for each of "
                             "the {} codes.",
                             given, m.bits_per_cycle, codes));
        }
        if (m.kind == MacroKind::aidac) return;
        const int columns = column_layout(m.weight_encoding, settings.weight_bits).count;
        if (m.array.columns < columns) {
            fail("macro.array.columns",
                 fmt::format("one weight takes {} columns. Give a whole weight room.", columns));
        }
        if (unit_mismatch(m.cell) > most_unit_mismatch) {
            fail(
                "macro.cell.mismatch_pct_sqrt_fF",
                fmt::format("gives a cell a sigma of {:.3g} % at this c_unit_fF. Stay at 12.5 % or "
                            "below, so that no cell is drawn with a negative capacitance.",
                            100.0 * unit_mismatch(m.cell)));
        }
    }
};

bool draws_fresh(const M& m) {
    const bool noise = m.noise.random.sigma != 0.0 || m.noise.nonlinear.sigma != 0.0;
    return noise || m.cell.temperature != 0.0 || m.adc_errors.draws_fresh();
}

bool draws_static(const M& m) {
    const bool parasitic = m.cell.parasitic_ratio != 0.0 || m.cell.parasitic != 0.0;
    return m.cell.mismatch != 0.0 || (parasitic && m.cell.parasitic_variation != 0.0) ||
           m.switches.injection_offset_variation != 0.0 || m.input_dac.inl != 0.0 ||
           m.adc_errors.draws_static() || m.current_domain.variation != 0.0;
}

bool draws_measured(const MeasuredErrorParams& measured) {
    return measured.table && std::any_of(measured.table->sigma.begin(), measured.table->sigma.end(),
                                         [](double sigma) { return sigma > 0.0; });
}

}  // namespace

void check_macro(const LayerSettings& settings, const PlaceOf& place_of) {
    if (!settings.analog) return;
    const MacroCheck check{settings, settings.macro, place_of};
    check.references();
    check.combinations();
    check.measured_chip();
    check.sizes();
}

bool draws_random(const MacroParams& macro) {
    if (!macro.noise.inject.active && draws_fresh(macro)) return true;
    if (draws_static(macro)) return true;
    const AidacParams& a = macro.aidac;
    const bool aidac = a.vtc_offset != 0.0 || a.vtc_gain != 0.0 || a.jitter != 0.0;
    if (macro.kind == MacroKind::aidac && aidac) return true;
    // Where constants are injected, fresh errors are 0, but a chip's own are still drawn.
    const bool measured = macro.measured.scope == ErrorScope::chip || !macro.noise.inject.active;
    return measured && draws_measured(macro.measured);
}

}  // namespace acim
