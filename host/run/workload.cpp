// SPDX-License-Identifier: Apache-2.0
#include "host/run/workload.hpp"

#include <fmt/format.h>

#include <span>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/onnx/import.hpp"
#include "host/onnx/metadata.hpp"
#include "host/quant/float_executor.hpp"
#include "host/run/normalisation.hpp"
#include "host/run/reading_line.hpp"

namespace acim {
namespace {

std::uint32_t image_count(const SweepSpec& spec, const ImageSource& data) {
    if (!spec.workload.images) return data.count();
    if (*spec.workload.images > data.count())
        throw InputError(fmt::format(
            "{}: workload.images is {}, but {} holds {} images. Lower it, "
            "or leave it out to use all",
            spec.file.string(), *spec.workload.images, spec.workload.data.images, data.count()));
    return *spec.workload.images;
}

// The model file, and what it may keep in files beside it.
std::string hash_of(const std::filesystem::path& model, const FloatGraph& graph) {
    Sha256 hash;
    hash.update(read_whole_file(model));
    const auto add = [&](const std::vector<float>& values) {
        hash.update(std::as_bytes(std::span(values)));
    };
    for (const FloatOperator& node : graph.operators)
        std::visit(
            [&](const auto& op) {
                if constexpr (requires { op.weights; }) add(op.weights), add(op.bias);
                if constexpr (requires { op.shift; }) add(op.scale), add(op.shift);
                if constexpr (requires { op.values; }) add(op.values);
                if constexpr (requires { op.table; }) add(op.table);
            },
            node.op);
    return hash.hex();
}

// What the model file itself says about the integers of its layers; empty if nothing.
std::string stated_text(const FloatGraph& graph) {
    int layers = 0, weights = 0, inputs = 0;
    for (const FloatOperator& node : graph.operators)
        if (const auto* product = std::get_if<FloatProduct>(&node.op)) {
            ++layers;
            weights += product->weight_quantisation.is_stated() ? 1 : 0;
            inputs += product->input_quantisation.is_stated() ? 1 : 0;
        }
    if (weights + inputs == 0) return "";
    return fmt::format(
        "the network states its own bits and scales: weights of {} and inputs of {} of {} layers",
        weights, inputs, layers);
}

}  // namespace

Workload load_workload(const SweepSpec& spec, bool quiet) {
    Workload w;
    w.graph = std::make_shared<const FloatGraph>(import_onnx(spec.workload.network));
    w.graph_hash = hash_of(spec.workload.network, *w.graph);
    w.stated = stated_text(*w.graph);
    for (const FloatOperator& op : w.graph->operators)
        if (std::holds_alternative<FloatProduct>(op.op)) w.layers.push_back(op.name);
    const Metadata metadata = read_onnx_metadata(spec.workload.network);
    const WorkloadSpec workload = with_network_normalisation(spec, metadata);
    w.normalisation = normalisation_text(spec, metadata, workload.data);
    w.data = open_data(workload.data, ReadingLine(quiet));
    w.calibration =
        workload.calibration ? open_data(*workload.calibration, ReadingLine(quiet)) : w.data;
    w.calibration_hash = w.calibration->content_hash();
    w.images = image_count(spec, *w.data);
    w.classes = w.graph->classes();
    w.positions = w.graph->positions();
    check_image_shape(w.graph->tensors[w.graph->input], w.data->image_shape());
    check_image_shape(w.graph->tensors[w.graph->input], w.calibration->image_shape());
    check_labels(*w.data, w.classes, w.positions);
    return w;
}

}  // namespace acim
