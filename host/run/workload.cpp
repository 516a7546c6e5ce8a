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
        throw InputError(
            fmt::format("{}: workload.images is {}, but {} holds {} images. Lower it, "
                        "or leave it out to use all",
                        spec.place("workload.images"), *spec.workload.images,
                        spec.workload.data.images, data.count()));
    return *spec.workload.images;
}

// What the work throws, with the place of the key that names the file: libraries know files alone.
template <class Key, class Work>
auto at_key(const SweepSpec& spec, Key key_of, Work work) {
    try {
        return work();
    } catch (const InputError& error) {
        std::string text = error.what();
        const std::string key = key_of(text);
        for (const std::string_view start : {"workload.data: ", "data.labels: ", "data: "})
            if (text.starts_with(start)) text.erase(0, start.size());
        throw InputError(fmt::format("{}: {}: {}", spec.place(key), key, text));
    }
}

// The images or the labels of `workload.data` or `workload.calibration`, whichever a message is about.
auto data_key(const std::string& group, const DataSpec& data) {
    return [group, &data](const std::string& text) {
        const bool labels = text.starts_with("data.labels:") ||
                            (!data.labels.empty() && text.starts_with(data.labels));
        return group + (labels ? ".labels" : ".images");
    };
}

std::shared_ptr<const DataSet> open_group(const SweepSpec& spec, const std::string& group,
                                          const DataSpec& data, const Tensor& input, bool quiet) {
    return at_key(spec, data_key(group, data), [&] {
        auto set = open_data(data, ReadingLine(quiet));
        check_image_shape(input, set->image_shape());
        return set;
    });
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
    const auto network_key = [](const std::string&) { return std::string("workload.network"); };
    w.graph = at_key(spec, network_key, [&] {
        return std::make_shared<const FloatGraph>(import_onnx(spec.workload.network));
    });
    w.graph_hash = hash_of(spec.workload.network, *w.graph);
    w.stated = stated_text(*w.graph);
    for (const FloatOperator& op : w.graph->operators)
        if (std::holds_alternative<FloatProduct>(op.op)) w.layers.push_back(op.name);
    const Metadata metadata = read_onnx_metadata(spec.workload.network);
    const WorkloadSpec workload = with_network_normalisation(spec, metadata);
    w.normalisation = normalisation_text(spec, metadata, workload.data);
    const Tensor& input = w.graph->tensors[w.graph->input];
    w.data = open_group(spec, "workload.data", workload.data, input, quiet);
    w.calibration = w.data;
    if (workload.calibration)
        w.calibration =
            open_group(spec, "workload.calibration", *workload.calibration, input, quiet);
    w.calibration_hash = w.calibration->content_hash();
    w.images = image_count(spec, *w.data);
    w.classes = w.graph->classes();
    w.positions = w.graph->positions();
    at_key(spec, data_key("workload.data", workload.data),
           [&] { check_labels(*w.data, w.classes, w.positions); });
    return w;
}

}  // namespace acim
