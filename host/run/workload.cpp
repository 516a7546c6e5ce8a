// SPDX-License-Identifier: Apache-2.0
#include "host/run/workload.hpp"

#include <fmt/format.h>

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

}  // namespace

Workload load_workload(const SweepSpec& spec, bool quiet) {
    Workload w;
    w.graph = std::make_shared<const FloatGraph>(import_onnx(spec.workload.network));
    w.graph_hash = Sha256().update(read_whole_file(spec.workload.network)).hex();
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
    w.classes = static_cast<int>(w.graph->tensors[w.graph->output].elements());
    check_image_shape(w.graph->tensors[w.graph->input], w.data->image_shape());
    check_image_shape(w.graph->tensors[w.graph->input], w.calibration->image_shape());
    check_labels(*w.data, w.classes);
    return w;
}

}  // namespace acim
