// SPDX-License-Identifier: Apache-2.0
#include "host/run/layer_file.hpp"
#include "host/run/point_facts.hpp"

#include <nlohmann/json.hpp>

#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"

namespace acim {
namespace {

// The layer as text, so that the file says what was computed.
nlohmann::json layer_json(const LayerOperands& operands) {
    nlohmann::json out = {{"operation", to_string(operands.operation)},
                          {"signed_activations", operands.is_signed}};
    if (operands.operation == LayerOperation::convolution) {
        const ConvGeometry& c = operands.conv;
        out["stride"] = {c.stride_height, c.stride_width};
        out["pad"] = {c.pad_top, c.pad_left, c.pad_bottom, c.pad_right};
        out["dilation"] = {c.dilation_height, c.dilation_width};
        out["groups"] = c.groups;
    }
    return out;
}

void write_conversions(hdf5::ImageWriter& out, const LayerOperands& operands, const MacFile& macro,
                       const SingleLayerResult& result) {
    hdf5::Dims dims = {macro.repeats};
    std::string axes = "repeat";
    if (macro.chips > 1) {
        dims.insert(dims.begin(), macro.chips);
        axes = "chip repeat";
    }
    for (std::size_t i = 0; i < operands.output_shape.size(); ++i) {
        dims.push_back(operands.output_shape[i]);
        axes += " output_" + std::to_string(i);
    }
    for (const int size : {result.groups, result.planes, result.cycles, 1})
        dims.push_back(static_cast<std::uint64_t>(size));
    axes += " group plane cycle vote";
    out.write("s", result.s, dims);
    out.write("code", result.code, dims);
    for (const char* name : {"s", "code"}) out.attribute(name, "axes", axes);
    out.attribute("code", "absent", result.absent);
}

}  // namespace

void write_layer_result(const std::filesystem::path& file, const LayerOperands& operands,
                        const MacFile& macro, const SingleLayerResult& result,
                        const std::string& version) {
    hdf5::ImageWriter out;
    out.attribute("/", "schema", "acimsweep mac");
    out.attribute("/", "version", version);
    out.attribute("/", "model_version", std::int64_t{model_version});
    out.attribute("/", "config", macro.canonical().dump());
    out.attribute("/", "layer", layer_json(operands).dump());
    out.attribute("/", "path", path_name(result.path));
    if (result.adc_window) {
        out.attribute("/", "adc_lo", result.adc_window->lo / 65536.0);
        out.attribute("/", "adc_hi", result.adc_window->hi / 65536.0);
    }
    out.attribute("/", "repeats", std::int64_t{macro.repeats});
    out.attribute("/", "chips", std::int64_t{macro.chips});
    if (macro.seed) out.attribute("/", "seed", *macro.seed);
    hdf5::Dims dims = operands.output_shape;
    if (macro.repeats > 1) dims.insert(dims.begin(), macro.repeats);
    if (macro.chips > 1) dims.insert(dims.begin(), macro.chips);
    out.write("y", result.y, dims);
    out.write("A", result.analog, dims);
    out.write("D", result.digital, dims);
    if (!result.s.empty()) write_conversions(out, operands, macro, result);
    const std::vector<std::byte> image = out.image();
    write_file_atomically(file, image);
}

}  // namespace acim
