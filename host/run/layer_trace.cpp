// SPDX-License-Identifier: Apache-2.0
#include "host/run/layer_trace.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "cuda/trial/image_executor.hpp"
#include "cuda/trial/operand.hpp"
#include "host/core/error.hpp"
#include "host/core/parse_number.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"

namespace acim {
namespace {

// A point of the plan on its network.
struct PointPlace {
    const NetworkGroup* group = nullptr;
    std::size_t index = 0;  // in the group
};

// Characters of an id that messages of runs, status and this file show.
constexpr std::size_t shown_id = 12;

std::string some_points(const SweepPlan& plan) {
    std::vector<std::string> shown;
    for (const PlanPoint& point : plan.record.points) {
        if (shown.size() == 8) {
            shown.push_back("...");
            break;
        }
        shown.push_back(point.id.substr(0, shown_id));
    }
    return fmt::format("{}", fmt::join(shown, ", "));
}

// Digits alone are the number of a point, unless they are as many as messages show of an id.
std::optional<std::uint32_t> point_number(const SweepPlan& plan, const std::string& text) {
    std::uint32_t number = 0;
    if (text.size() >= shown_id || !parse_number(std::string_view(text), number)) return {};
    const std::size_t points = plan.record.points.size();
    if (number < points) return number;
    throw InputError(fmt::format(
        "--point {}: the sweep has {} points, 0 to {}. An id of digits takes its first {}: {}",
        text, points, points - 1, shown_id, some_points(plan)));
}

PointPlace find_point(const SweepPlan& plan, const std::string& id) {
    PointPlace found;
    int matches = 0;
    const auto number = point_number(plan, id);
    for (const NetworkGroup& group : plan.groups)
        for (std::size_t i = 0; i < group.points.size(); ++i) {
            const std::uint32_t point = group.points[i];
            const bool fits =
                number ? point == *number : plan.record.points[point].id.starts_with(id);
            if (!fits) continue;
            found = {&group, i};
            ++matches;
        }
    if (matches == 1) return found;
    throw InputError(
        fmt::format("--point '{}' {} of the sweep's {} points. Give a number or the beginning "
                    "of one id: {}",
                    id, matches == 0 ? "is none" : fmt::format("fits {}", matches),
                    plan.record.points.size(), some_points(plan)));
}

std::size_t find_layer(const SweepPlan& plan, const std::string& name) {
    const auto& layers = plan.workload->layers;
    const auto found = std::ranges::find(layers, name);
    if (found == layers.end())
        throw InputError(fmt::format("--layer '{}': no such layer. The network has {}", name,
                                     fmt::join(layers, ", ")));
    return static_cast<std::size_t>(found - layers.begin());
}

// Operands of all images, in the layouts of the network's tensors.
struct Operands {
    std::vector<std::int16_t> inputs;
    std::vector<std::int8_t> stored;
};

// Noise counts up to the layer: what follows it is computed digitally.
PointPlan plan_up_to(const QuantizedNetwork& network, DesignPoint point, std::size_t layer,
                     const TraceRequest::Trial& trial, std::uint64_t seed,
                     const ProductKernel& kernel) {
    for (std::size_t i = layer; i < point.layers.size(); ++i) point.layers[i].analog = false;
    CycleLawCache cache;
    return make_point_plan(network, point, chip_key(seed, trial.chip), kernel, cache, trial.chip);
}

Operands collect(const SweepPlan& plan, const PointPlace& place, std::size_t layer,
                 const Product& product, const TraceRequest& request) {
    const QuantizedNetwork& network = *place.group->network;
    const DesignPoint& point = place.group->design_points[place.index];
    const TraceRequest::Trial trial = request.trial.value_or(TraceRequest::Trial{});
    const std::uint64_t seed = point.seed(plan.record.seed);
    const auto kernel = make_simd_kernel();
    const PointPlan layers = request.trial ? plan_up_to(network, point, layer, trial, seed, *kernel)
                                           : make_digital_plan(network, *kernel);
    ImageExecutor executor(network, *kernel);
    Operands out;
    for (std::uint32_t image = request.first_image; image <= request.last_image; ++image) {
        plan.workload->data->read(image, 1, executor.input().data());
        executor.run(layers, trial_key(seed, trial.chip, trial.repeat), image, {});
        quantise_onto(executor.value(product.input), product.input_quantisation, out.inputs);
        if (product.is_computed())
            quantise_onto(executor.value(product.stored.tensor), product.stored_quantisation(),
                          out.stored);
    }
    return out;
}

// [blocks][depth][pixels] to [blocks][pixels][depth].
std::vector<std::int16_t> by_pixels(const std::vector<std::int16_t>& in, int depth, int pixels) {
    std::vector<std::int16_t> out(in.size());
    const std::size_t block = static_cast<std::size_t>(depth) * pixels;
    for (std::size_t first = 0; first < in.size(); first += block)
        transpose(in.data() + first, depth, pixels, out.data() + first);
    return out;
}

void write_geometry(hdf5::ImageWriter& file, const ConvGeometry& c) {
    const auto pair = [&](const char* name, int height, int width) {
        file.attribute("/", name, std::vector<std::int32_t>{height, width});
    };
    pair("stride", c.stride_height, c.stride_width);
    pair("dilation", c.dilation_height, c.dilation_width);
    file.attribute("/", "pad",
                   std::vector<std::int32_t>{c.pad_top, c.pad_left, c.pad_bottom, c.pad_right});
    file.attribute("/", "groups", std::int32_t{c.groups});
}

void write_weighted(hdf5::ImageWriter& file, const QuantizedNetwork& network,
                    const Product& product, const Operands& operands, std::uint64_t images) {
    const auto size = [](int n) { return static_cast<std::uint64_t>(n); };
    hdf5::Dims x = {images};
    if (product.is_conv) {
        const ConvGeometry& c = product.conv;
        for (const int n : {c.in_channels, c.in_height, c.in_width}) x.push_back(size(n));
        file.write("w", product.weights,
                   {size(product.outputs), size(c.in_channels / c.groups), size(c.kernel_height),
                    size(c.kernel_width)});
        write_geometry(file, c);
    } else {
        const auto lines = static_cast<std::uint64_t>(output_pixels(network, product));
        if (lines > 1) x.push_back(lines);
        x.push_back(size(product.depth));
        file.write("w", product.weights, {size(product.outputs), size(product.depth)});
    }
    file.write("x", operands.inputs, x);
}

// q and k, or v and a: docs/mac.md.
void write_computed(hdf5::ImageWriter& file, const QuantizedNetwork& network,
                    const Product& product, const Operands& operands, std::uint64_t images) {
    const auto heads = static_cast<std::uint64_t>(product.stored.heads);
    const auto outputs = static_cast<std::uint64_t>(product.outputs) / heads;
    const auto pixels = static_cast<std::uint64_t>(output_pixels(network, product));
    const auto depth = static_cast<std::uint64_t>(product.depth);
    if (product.stored.on_left) {
        file.write("q", operands.stored, {images, heads, outputs, depth});
        file.write("k", by_pixels(operands.inputs, product.depth, static_cast<int>(pixels)),
                   {images, heads, pixels, depth});
    } else {
        file.write("v", operands.stored, {images, heads, depth, outputs});
        file.write("a", operands.inputs, {images, heads, pixels, depth});
    }
}

void write_origin(hdf5::ImageWriter& file, const SweepPlan& plan, const PointPlace& place,
                  const Product& product, const TraceRequest& request) {
    const char* group = "/trace";
    file.group(group);
    const PlanPoint& point = plan.record.points[place.group->points[place.index]];
    file.attribute(group, "point", point.id);
    file.attribute(group, "config", point.canonical_json);
    file.attribute(group, "network", place.group->network->hash);
    file.attribute(group, "layer", request.layer);
    file.attribute(group, "first_image", std::int64_t{request.first_image});
    file.attribute(group, "weight_bits", std::int32_t{product.weight_bits});
    file.attribute(group, "activation_bits", std::int32_t{product.input_quantisation.bits});
    file.attribute(group, "upstream",
                   request.trial ? fmt::format("chip {}, repeat {} of seed {}", request.trial->chip,
                                               request.trial->repeat, plan.record.seed)
                                 : std::string("digital"));
    file.write("/trace/activation_scale", std::vector<float>{product.input_quantisation.scale},
               {1});
    file.write("/trace/weight_scale", product.weight_scale, {product.weight_scale.size()});
    file.write("/trace/bias", product.bias, {product.bias.size()});
}

}  // namespace

void write_layer_trace(const SweepPlan& plan, const TraceRequest& request,
                       const std::filesystem::path& path) {
    const PointPlace place = find_point(plan, request.point);
    const std::size_t layer = find_layer(plan, request.layer);
    const std::uint32_t count = plan.workload->data->count();
    if (request.last_image < request.first_image || request.last_image >= count)
        throw InputError(fmt::format("--images {}-{}: the data hold images 0 to {}",
                                     request.first_image, request.last_image, count - 1));
    const std::uint64_t images = std::uint64_t{request.last_image} - request.first_image + 1;
    const QuantizedNetwork& network = *place.group->network;
    const auto& product = std::get<Product>(
        network.operators[static_cast<std::size_t>(network.mac_layers()[layer])].op);
    const Operands operands = collect(plan, place, layer, product, request);
    hdf5::ImageWriter file;
    if (product.is_computed())
        write_computed(file, network, product, operands, images);
    else
        write_weighted(file, network, product, operands, images);
    file.attribute("/", "signed_activations",
                   std::int32_t{product.input_quantisation.is_signed ? 1 : 0});
    write_origin(file, plan, place, product, request);
    write_file_atomically(path, file.image());
}

}  // namespace acim
