// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/device_point.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "cuda/engine/cell_kernel.hpp"
#include "cuda/engine/device_laws.hpp"
#include "cuda/trial/normal_sketch.hpp"

namespace acim {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

// Places of a chip's arrays in one convolution group.
struct ChipPlaces {
    std::size_t columns = nowhere, measured = nowhere, drivers = nowhere;
    std::size_t adc = nowhere;           // in the arena of ADCs
    std::vector<AdcChannel> adcs;        // without their edges
    std::vector<std::size_t> adc_edges;  // by ADC
    std::array<std::size_t, max_cycles + 1> dac{};
};

struct LayerPlaces {
    std::size_t weights = nowhere, cells = nowhere, conversions = nowhere;
    std::size_t drawn_cells = nowhere;  // in DevicePoint::cells_
    std::array<const CycleLaw*, max_cycles> law{}, rounding{};
    std::vector<ChipPlaces> chips;
};

const PackedLayer& packed(const PointPlan::Layer& layer, std::size_t group) {
    return static_cast<const PackedLayer&>(*layer.weights[group]);
}

}  // namespace

struct DevicePoint::Builder {
    DevicePoint& point;
    const InverseNormalTable* normal;
    DeviceLaws laws{point.data_};
    std::size_t sketch = nowhere;
    std::size_t drawn_words = 0;  // of cells that the device draws
    std::vector<LayerPlaces> places{};

    Arena& data() const { return point.data_; }

    template <class T>
    const T* sent(std::size_t place) const {
        return place == nowhere ? nullptr : data().at<T>(place);
    }

    template <class T>
    std::size_t add(const T* values, std::size_t n) const {
        return values == nullptr || n == 0 ? nowhere : data().add(std::span<const T>(values, n));
    }

    // First pass: values without pointers.
    void add_layer(const PointPlan::Layer& layer) {
        LayerPlaces place;
        const ConversionKernel kernel = packed(layer, 0).kernel;
        if (kernel == ConversionKernel::none || kernel == ConversionKernel::aidac) {
            places.push_back(std::move(place));
            return;
        }
        std::vector<std::uint32_t> weights, cells;
        for (std::size_t g = 0; g < layer.weights.size(); ++g) {
            const PackedLayer& p = packed(layer, g);
            if (p.weights) weights.insert(weights.end(), p.weights->begin(), p.weights->end());
            cells.insert(cells.end(), p.cells.begin(), p.cells.end());
            if (p.chip) place.chips.push_back(add_chip(layer, *p.chip));
        }
        place.weights = add(weights.data(), weights.size());
        place.cells = add(cells.data(), cells.size());
        if (packed(layer, 0).draw) {
            place.drawn_cells = drawn_words;
            drawn_words += 8 * layer.weights.size() * packed(layer, 0).weight_words;
        }
        place.conversions = data().add(layer.plan.conversions);
        if (layer.plan.events) laws.add(*layer.plan.events);
        for (int j = 0; j < layer.plan.cycles.count; ++j) {
            place.law[j] = layer.plan.law[j].get();
            place.rounding[j] = layer.plan.rounding[j].get();
            for (const CycleLaw* law : {place.law[j], place.rounding[j]})
                if (law != nullptr) laws.add(*law);
            if (kernel == ConversionKernel::tiles_bytes ||
                kernel == ConversionKernel::tiles_table || kernel == ConversionKernel::tiles_wide)
                laws.add_tile_cells(*place.law[j], kernel == ConversionKernel::tiles_bytes);
            if (kernel == ConversionKernel::tiles_chip) {
                laws.add_sigma(*place.law[j]);
                if (sketch == nowhere)
                    sketch = data().add(std::span<const NormalSketch>(&normal_sketch(), 1));
            }
        }
        places.push_back(std::move(place));
    }

    ChipPlaces add_chip(const PointPlan::Layer& layer, const ChipLayer& chip) const {
        const LayerPlan& plan = layer.plan;
        ChipPlaces p;
        std::vector<ChipColumn> columns;
        std::uint32_t driver_sets = 0;
        for (int g = 0; g < plan.groups; ++g)
            for (int o = 0; o < layer.group_outputs; ++o)
                for (int i = 0; i < plan.columns.count; ++i) {
                    columns.push_back(chip.column(g, o, i));
                    driver_sets = std::max(driver_sets, columns.back().drivers + 1);
                }
        p.columns = data().add(columns);
        std::vector<double> measured;
        const auto edges = static_cast<std::size_t>(adc_edges(plan));
        for (std::uint32_t a = 0; a < chip.adcs(); ++a) {
            p.adcs.push_back(chip.adc(a));
            p.adc_edges.push_back(add(chip.adc(a).edges, edges));
            measured.push_back(chip.measured(a));
        }
        p.measured = data().add(measured);
        if (const auto first = chip.drivers(0); !first.empty())
            p.drivers = add(first.data(), static_cast<std::size_t>(driver_sets) * first.size());
        for (int width = 0; width <= max_cycles; ++width) {
            const std::span<const std::int32_t> table = chip.dac_table(width);
            p.dac[static_cast<std::size_t>(width)] = add(table.data(), table.size());
        }
        return p;
    }

    // Second pass: ADCs and chips, which point at what was sent.
    void add_adcs() {
        for (LayerPlaces& layer : places)
            for (ChipPlaces& chip : layer.chips) {
                for (std::size_t a = 0; a < chip.adcs.size(); ++a)
                    chip.adcs[a].edges = sent<std::int32_t>(chip.adc_edges[a]);
                chip.adc = point.adcs_.add(chip.adcs);
            }
        point.adcs_.send();
        std::vector<ChipView> views;
        for (const LayerPlaces& layer : places)
            for (const ChipPlaces& chip : layer.chips) views.push_back(chip_view(chip));
        point.chips_ = DeviceArray<ChipView>(std::span<const ChipView>(views), point.pool_);
    }

    ChipView chip_view(const ChipPlaces& chip) const {
        ChipView v;
        v.columns = sent<ChipColumn>(chip.columns);
        v.adcs = point.adcs_.at<AdcChannel>(chip.adc);
        v.measured = sent<double>(chip.measured);
        v.drivers = sent<std::int8_t>(chip.drivers);
        for (std::size_t width = 0; width < chip.dac.size(); ++width)
            v.dac[width] = sent<std::int32_t>(chip.dac[width]);
        return v;
    }

    static ConversionShape shape_of(const Product& product, const PointPlan::Layer& layer,
                                    std::uint32_t index) {
        const LayerPlan& plan = layer.plan;
        ConversionShape s;
        s.outputs = layer.group_outputs;
        s.pixels = layer.pixels;
        s.conv_groups = static_cast<int>(layer.weights.size());
        s.groups = plan.groups;
        s.group_rows = plan.group_rows;
        s.depth = plan.depth;
        s.planes = plan.columns.count;
        s.bits = plan.activation_bits;
        s.words = packed(layer, 0).words;
        s.layer = index;
        const OutputMap map = output_map(product, s.outputs, s.pixels, 0);
        s.group_first = output_map(product, s.outputs, s.pixels, 1).first;
        s.output_stride = map.output_stride;
        s.pixel_stride = map.pixel_stride;
        return s;
    }

    void fill_view(ConversionView& v, const PointPlan::Layer& layer,
                   const LayerPlaces& place) const {
        const LayerPlan& plan = layer.plan;
        const PackedLayer& p = packed(layer, 0);
        v.cycles = plan.cycles;
        v.columns = plan.columns;
        v.path = plan.path;
        v.encoding = plan.macro.weight_encoding;
        v.combine = plan.macro.voting.combine;
        v.weight_parallel = plan.macro.weight_parallel;
        v.weight_bits = plan.weight_bits;
        v.rows = plan.rows;
        v.terms = plan.terms;
        v.any_dac = plan.macro.input_dac.any();
        v.weights = sent<std::uint32_t>(place.weights);
        v.cells = place.drawn_cells == nowhere ? sent<std::uint32_t>(place.cells)
                                               : point.cells_.data() + place.drawn_cells;
        v.conversions = sent<ConversionPlan>(place.conversions);
        if (plan.events) v.events = laws.view(*plan.events);
        v.sketch = sent<NormalSketch>(sketch);
        v.conversion_count = static_cast<int>(plan.conversions.size());
        for (int j = 0; j < plan.cycles.count; ++j) {
            const CycleLaw& law = *place.law[j];
            v.law[j] = laws.view(law, normal);
            if (place.rounding[j] != nullptr)
                v.rounding[j] = laws.view(*place.rounding[j], normal).codes;
            v.max_escape = std::max(v.max_escape, static_cast<std::int32_t>(law.max_escape()));
            v.cycle_factor[j] = p.factors.cycle[j];
            v.sigma[j] = laws.sigma(law);
            v.tile_cells[j] = laws.tile_cells(law, p.kernel == ConversionKernel::tiles_bytes);
        }
        std::ranges::copy(p.factors.plane, v.plane_factor);
        std::ranges::copy(p.factors.place, v.cycle_place);
        std::ranges::copy(p.factors.digital, v.digital);
        std::ranges::copy(p.factors.special, v.special);
        v.any_digital = p.factors.any_digital();
        v.serial = p.serial;
        std::ranges::copy(p.thresholds.at, v.threshold);
    }
};

namespace {

DeviceLayer describe(const Product& product, const PointPlan::Layer& layer) {
    const LayerPlan& plan = layer.plan;
    DeviceLayer out;
    out.kernel = packed(layer, 0).kernel;
    out.analog = plan.analog;
    out.scale = plan.output;
    out.input_correction =  // on path events the product holds it
        plan.path == SamplingPath::events ? 0 : plan.input_correction;
    out.conversions = plan.adc_conversions(std::int64_t{product.outputs} * layer.pixels);
    out.digital = out.kernel == ConversionKernel::general ||
                  out.kernel == ConversionKernel::aidac || packed(layer, 0).factors.any_digital();
    out.table_bytes = packed(layer, 0).table_bytes;
    out.tile = packed(layer, 0).tile;
    out.computed = product.is_computed();
    if (out.computed) {
        constexpr std::int64_t step = DeviceLayer::word_step;
        const auto words =
            static_cast<std::int64_t>(layer.weights.size() * packed(layer, 0).weight_words);
        out.weight_words = (words + step - 1) / step * step;
    }
    return out;
}

}  // namespace

DevicePoint::DevicePoint(const QuantizedNetwork& network, const PointPlan& plan,
                         const InverseNormalTable* normal, MemoryPool* pool)
    : pool_(pool), data_(pool), adcs_(pool) {
    Builder builder{*this, normal};
    for (const PointPlan::Layer& layer : plan.layers) builder.add_layer(layer);
    data_.send();
    builder.add_adcs();
    cells_ = DeviceArray<std::uint32_t>(builder.drawn_words, pool);
    add_views(network, plan, builder);
    if (builder.drawn_words > 0) draw_cells(plan, builder);
}

void DevicePoint::draw_cells(const PointPlan& plan, const Builder& builder) {
    const Stream stream;
    cells_.clear(stream);
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
        const LayerPlaces& places = builder.places[i];
        if (places.drawn_cells == nowhere) continue;
        for (std::size_t g = 0; g < places.chips.size(); ++g) {
            CellDraw draw;
            draw.view = layers_[i].view;
            draw.place = *packed(plan.layers[i], g).draw;
            draw.conv_group = static_cast<int>(g);
            draw.fragments = !reads_lines(layers_[i].kernel);
            draw.normal = builder.normal;
            draw.cells = cells_.data() + places.drawn_cells;
            draw.columns = data_.at<ChipColumn>(places.chips[g].columns);
            const ConversionShape& s = layers_[i].shape;
            launch_draw_cells(draw, std::int64_t{s.groups} * s.outputs * s.planes, stream);
        }
    }
    stream.wait();
}

void DevicePoint::add_views(const QuantizedNetwork& network, const PointPlan& plan,
                            const Builder& builder) {
    const std::vector<int> macs = network.mac_layers();
    std::vector<ConversionView> views;
    std::size_t chip = 0;
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
        const auto& product = std::get<Product>(network.operators[macs[i]].op);
        const PointPlan::Layer& layer = plan.layers[i];
        DeviceLayer out = describe(product, layer);
        out.shape = Builder::shape_of(product, layer, static_cast<std::uint32_t>(i));
        ConversionView view;
        view.shape = out.shape;
        if (out.kernel == ConversionKernel::aidac) {
            for (const auto& weights : layer.weights)
                out.aidac.emplace_back(*static_cast<const PackedLayer&>(*weights).aidac,
                                       layer.plan);
            for (const DeviceAidac& aidac : out.aidac)
                out.aidac_view.push_back(aidac.view(builder.normal));
        } else if (out.kernel != ConversionKernel::none) {
            builder.fill_view(view, layer, builder.places[i]);
            if (!builder.places[i].chips.empty()) view.chips = chips_.data() + chip;
            out.weights = view.weights;
        }
        chip += builder.places[i].chips.size();
        views.push_back(view);
        layers_.push_back(std::move(out));
    }
    views_ = DeviceArray<ConversionView>(std::span<const ConversionView>(views), pool_);
    for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].view = views_.data() + i;
}

std::size_t DevicePoint::bytes() const {
    std::size_t sum = data_.footprint() + adcs_.footprint() + cells_.footprint() +
                      chips_.footprint() + views_.footprint();
    for (const DeviceLayer& layer : layers_)
        for (const DeviceAidac& aidac : layer.aidac) sum += aidac.bytes();
    return sum;
}

}  // namespace acim
