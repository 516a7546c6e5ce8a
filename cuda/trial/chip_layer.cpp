// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/chip_layer.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "cuda/model/macro/transfer.hpp"
#include "cuda/trial/chip_draw.hpp"

namespace acim {

// Fills a ChipLayer column by column; ADCs and row drivers are made when first met. What `file` has
// is taken from there, the rest is drawn.
struct ChipLayer::Builder {
    ChipLayer& chip;
    const LayerPlan& plan;
    const ProductSite& site;
    const MeasuredChip& file;
    std::uint32_t layer;  // of the counters
    bool dac = false;     // row drivers differ
    bool cells = false;   // which are kept here
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> adcs{};
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> drivers{};

    double normal(NoiseSource source, std::uint32_t row, std::uint32_t column,
                  std::uint32_t array) const {
        return chip_normal(source, {row, column, array, layer}, site.chip);
    }

    void add_column(const ColumnPlace& place) {
        const ColumnTerms& t = plan.terms;
        Column column;
        column.parasitic = t.parasitic;
        column.injection = t.injection_offset;
        if (t.parasitic_variation != 0.0)
            column.parasitic += t.parasitic_variation *
                                normal(NoiseSource::column_parasitic, 0, place.column, place.array);
        if (t.injection_variation != 0.0)
            column.injection += t.injection_variation *
                                normal(NoiseSource::column_injection, 0, place.column, place.array);
        if (const double* farads = file.parasitic.at(site.chip_number, place.array, place.column))
            column.parasitic = *farads / plan.macro.cell.unit_capacitance;
        if (const double* volts = file.injection.at(site.chip_number, place.array, place.column))
            column.injection = *volts * per_volt(plan.macro);
        if (cells) column.q_sum = static_cast<double>(add_cells(place));
        column.adc = adc_index(place);
        if (dac) column.drivers = driver_index(place);
        chip.columns_.push_back(column);
    }

    std::int64_t add_cells(const ColumnPlace& place) {
        ChipRowDraws draws(NoiseSource::cell_mismatch,
                           {place.row, place.column, place.array, layer}, site.chip);
        std::int64_t sum = 0;
        for (std::size_t r = 0; r < chip.rows_; ++r) {
            const std::int8_t* measured = file.cells.at(site.chip_number, place.array,
                                                        place.row + static_cast<std::uint32_t>(r));
            const std::int32_t q =
                measured != nullptr ? measured[place.column] : mismatch_step(draws.next());
            chip.cells_.push_back(static_cast<std::int8_t>(q));
            sum += q;
        }
        return sum;
    }

    std::uint32_t driver_index(const ColumnPlace& place) {
        const auto [it, fresh] = drivers.try_emplace({place.array, place.row},
                                                     static_cast<std::uint32_t>(drivers.size()));
        if (!fresh) return it->second;
        ChipRowDraws draws(NoiseSource::input_dac_inl, {place.row, 0, place.array, layer},
                           site.chip);
        for (std::size_t r = 0; r < chip.rows_; ++r) {
            const std::int8_t* measured = file.drivers.at(
                site.chip_number, place.array, place.row + static_cast<std::uint32_t>(r));
            chip.drivers_.push_back(static_cast<std::int8_t>(
                measured != nullptr ? *measured : mismatch_step(draws.next())));
        }
        return it->second;
    }

    std::uint32_t adc_index(const ColumnPlace& place) {
        const auto [it, fresh] =
            adcs.try_emplace({place.array, place.adc}, static_cast<std::uint32_t>(adcs.size()));
        if (fresh) add_adc(place);
        return it->second;
    }

    void add_adc(const ColumnPlace& place) {
        const AdcErrorParams& errors = plan.macro.adc_errors;
        AdcChannel adc;
        if (errors.gain != 0.0)
            adc.gain = errors.gain * normal(NoiseSource::adc_gain, 0, place.adc, place.array);
        if (const double sigma = sigma_of(errors.offset, errors.offset_volt); sigma != 0.0)
            adc.offset = sigma * normal(NoiseSource::adc_offset, 0, place.adc, place.array);
        if (const double* gain = file.adc_gain.at(site.chip_number, place.array, place.adc))
            adc.gain = *gain;
        if (const double* offset = file.adc_offset.at(site.chip_number, place.array, place.adc))
            adc.offset = *offset;
        if (const double* inl = file.adc_inl.at(site.chip_number, place.array, place.adc)) {
            add_measured_edges(inl);
        } else if (errors.table) {
            add_measured_edges(table_line(place));
        } else if (errors.draws_edges()) {
            add_drawn_edges(place);
        }
        chip.adcs_.push_back(adc);
        if (plan.macro.measured.table && plan.macro.measured.scope == ErrorScope::chip)
            chip.measured_.push_back(
                normal(NoiseSource::measured_error, 0, place.adc, place.array));
    }

    // In LSB; where there are volts the LSB of all cycles is the same (check_volts()).
    double sigma_of(double lsb, double volts) const {
        return adc_error_sigma(plan.macro, plan.law[0]->scale(), lsb, volts);
    }

    // The lowest code; cycles of all widths share the ADC and its edges.
    int code_min() const { return plan.law[0]->scale().code_min; }

    void add_drawn_edges(const ColumnPlace& place) {
        const int n = adc_edges(plan);
        std::vector<std::int64_t> walk(static_cast<std::size_t>(n), 0);
        ChipRowDraws draws(NoiseSource::adc_dnl, {1, place.adc, place.array, layer}, site.chip);
        for (std::size_t k = 1; k < walk.size(); ++k) walk[k] = walk[k - 1] + draws.next();
        const AdcErrorParams& errors = plan.macro.adc_errors;
        const double dnl = sigma_of(errors.dnl, errors.dnl_volt);
        std::vector<std::int32_t> edges;
        for (int k = 0; k < n; ++k)
            edges.push_back(
                dnl_edge(code_min(), k, n, dnl, walk[static_cast<std::size_t>(k)], walk.back()));
        keep_edges(std::move(edges));
    }

    // ADC n of the layer's arrays, counted array by array, takes line n of the table, cyclically.
    const double* table_line(const ColumnPlace& place) const {
        const AdcEdgeTable& table = *plan.macro.adc_errors.table;
        const std::int64_t first = std::int64_t{place.array} * adcs_per_array(plan.macro.array);
        const std::int64_t line = (first + place.adc) % table.adcs;
        return table.inl.data() + line * table.edges;
    }

    // `inl` holds how far every edge lies from its ideal place [LSB].
    void add_measured_edges(const double* inl) {
        std::vector<std::int32_t> edges;
        for (int k = 0; k < adc_edges(plan); ++k)
            edges.push_back(shifted_edge(code_min(), k, inl[k]));
        keep_edges(std::move(edges));
    }

    // Errors of the input DACs in cycles of `width` bits, a line per possible driver.
    void add_dac(int width) {
        auto& table = chip.dac_[static_cast<std::size_t>(width)];
        if (width == 1 || !table.empty() || !plan.macro.input_dac.any()) return;
        const InputDacParams& errors = plan.macro.input_dac;
        const int top = (1 << width) - 1;
        const int reach = dac ? 127 : 0;
        for (int q = -reach; q <= reach; ++q)
            for (int x = 0; x <= top; ++x) {
                const auto at = static_cast<std::size_t>(x);
                const double measured = at < errors.table.size() ? errors.table[at] : 0.0;
                table.push_back(acim::dac_error(measured, errors.inl, q, x, top));
            }
    }

    void keep_edges(std::vector<std::int32_t> edges) {
        std::ranges::sort(edges);
        chip.edges_.push_back(std::move(edges));
    }
};

int adc_edges(const LayerPlan& plan) {
    return (1 << plan.macro.adc.bits) - (plan.macro.weight_parallel ? 2 : 1);
}

double channel_voltage(const LayerPlan& plan, const ChipLayer::Column& column, int cycle,
                       const ChannelSums& sums, double previous) {
    const std::int64_t span =
        column_span(plan.macro.weight_encoding, full_scale(plan.rows, plan.cycles.width[cycle]));
    return acim::channel_voltage(plan.terms, column, span, sums, previous);
}

std::int64_t conversion_position(const CycleLawView& law, const ChipLayer& chip, std::uint32_t adc,
                                 double v, std::int64_t count) {
    return acim::conversion_position(law, chip.adc(adc), chip.measured(adc), v, count);
}

ChipLayer::ChipLayer(const LayerPlan& plan, int outputs, const ProductSite& site, Cells cells)
    : outputs_(static_cast<std::size_t>(outputs)),
      count_(static_cast<std::size_t>(plan.columns.count)),
      rows_(static_cast<std::size_t>(plan.rows)) {
    const ArrayParams& array = plan.macro.array;
    static const MeasuredChip nothing;
    const MeasuredChip& file = plan.macro.chip ? *plan.macro.chip : nothing;
    Builder builder{*this, plan, site, file, array.count == 0 ? site.layer : shared_arrays_layer};
    builder.dac = plan.drives_dacs() && plan.macro.input_dac.inl != 0.0;
    builder.cells = plan.terms.mismatch != 0.0 && cells == Cells::drawn;
    for (int j = 0; j < plan.cycles.count; ++j) builder.add_dac(plan.cycles.width[j]);
    columns_.reserve(static_cast<std::size_t>(plan.groups) * outputs_ * count_);
    if (builder.cells) cells_.reserve(columns_.capacity() * rows_);
    for (int g = 0; g < plan.groups; ++g)
        for (int o = 0; o < outputs; ++o)
            for (int i = 0; i < plan.columns.count; ++i)
                builder.add_column(column_place(array, plan.rows, plan.columns.count, site.outputs,
                                                site.first_tile, g, site.first_output + o, i));
    for (std::size_t a = 0; a < edges_.size(); ++a) adcs_[a].edges = edges_[a].data();
}

}  // namespace acim
