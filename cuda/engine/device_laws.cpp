// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/device_laws.hpp"

#include "cuda/engine/tile_cell.hpp"

namespace acim {

void DeviceLaws::add(const CycleLaw& law) {
    if (laws_.contains(&law)) return;
    const CycleLawView v = law.view();
    const std::size_t rows = static_cast<std::size_t>(v.scale.full_scale) + 1;
    Places p;
    if (!law.codes().empty()) p.codes = put(v.codes, rows);
    if (!law.cells().empty()) {
        p.cells = put(v.table.cells, rows * cell_columns);
        p.escape = put(v.table.escape, rows);
        p.base = put(v.table.base, rows);
        p.law = put(v.table.law, rows);
        p.residual_begin = put(v.table.residual_begin, law.laws() + 1);
        p.residual_first = put(v.table.residual_first, law.laws());
        p.residual = put(v.table.residual, law.residuals());
    }
    p.position = put(v.position, rows);
    p.shift = put(v.shift, rows);
    p.sigma = put(v.sigma, rows);
    p.chip_sigma = put(v.chip_sigma, rows);
    laws_.emplace(&law, p);
}

void DeviceLaws::add(const EventLaw& law) {
    if (events_.contains(&law)) return;
    events_[&law] = data_.add(law.at_least());
}

void DeviceLaws::add_tile_cells(const CycleLaw& law, bool in_bytes) {
    Places& places = laws_.at(&law);
    std::size_t& place = in_bytes ? places.byte_cells : places.tile_cells;
    if (place != nowhere) return;
    std::vector<std::uint32_t> cells;
    for (const std::uint32_t cell : law.cells())
        cells.push_back(in_bytes ? ByteCell::from(cell) : TileCell::from(cell));
    place = data_.add(cells);
}

void DeviceLaws::add_sigma(const CycleLaw& law) {
    std::size_t& place = laws_.at(&law).draw_sigma;
    if (place != nowhere) return;
    const CycleLawView v = law.view();
    std::vector<double> sigma;
    for (std::int64_t s = 0; s <= v.scale.full_scale; ++s) sigma.push_back(draw_sigma(v, s));
    place = data_.add(sigma);
}

CycleLawView DeviceLaws::view(const CycleLaw& law, const InverseNormalTable* normal) const {
    const Places& p = laws_.at(&law);
    CycleLawView v = law.view();
    v.codes = sent<std::uint16_t>(p.codes);
    v.table = {sent<std::uint32_t>(p.cells),
               sent<std::uint16_t>(p.escape),
               sent<std::int32_t>(p.base),
               sent<std::uint32_t>(p.law),
               sent<std::uint32_t>(p.residual_begin),
               sent<std::int32_t>(p.residual_first),
               sent<std::uint64_t>(p.residual)};
    v.normal = normal;
    v.position = sent<std::int64_t>(p.position);
    v.shift = sent<double>(p.shift);
    v.sigma = sent<double>(p.sigma);
    v.chip_sigma = sent<double>(p.chip_sigma);
    return v;
}

EventLawView DeviceLaws::view(const EventLaw& law) const {
    EventLawView v = law.view();
    v.at_least = sent<std::uint64_t>(events_.at(&law));
    return v;
}

const std::uint32_t* DeviceLaws::tile_cells(const CycleLaw& law, bool in_bytes) const {
    const Places& p = laws_.at(&law);
    return sent<std::uint32_t>(in_bytes ? p.byte_cells : p.tile_cells);
}

const double* DeviceLaws::sigma(const CycleLaw& law) const {
    return sent<double>(laws_.at(&law).draw_sigma);
}

}  // namespace acim
