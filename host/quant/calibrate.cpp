// SPDX-License-Identifier: Apache-2.0
#include "host/quant/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "cuda/trial/digital_operators.hpp"
#include "host/core/error.hpp"
#include "host/quant/float_executor.hpp"
#include "host/quant/parallel_images.hpp"

namespace acim {
namespace {

std::vector<std::string> product_names(const FloatGraph& graph) {
    std::vector<std::string> names;
    for (const FloatOperator& op : graph.operators)
        if (std::holds_alternative<FloatProduct>(op.op)) names.push_back(op.name);
    return names;
}

void add_values(InputStatistics& to, std::span<const float> values, const std::string& layer) {
    bool finite = true;
    for (float x : values) {
        to.min = x < to.min ? x : to.min;
        to.max = x > to.max ? x : to.max;
        finite = finite && x - x == 0.0F;
        to.histogram.add(x);
    }
    if (!finite)
        throw InputError(fmt::format(
            "layer {}: an input is not finite on a calibration image. Check the network and the "
            "preprocessing (data.scale, data.mean, data.std)",
            layer));
    to.abs_max = std::max(-to.min, to.max);
}

void merge(InputStatistics& to, const InputStatistics& from) {
    to.min = std::min(to.min, from.min);
    to.max = std::max(to.max, from.max);
    to.abs_max = std::max(to.abs_max, from.abs_max);
    to.histogram.add(from.histogram);
}

// A histogram takes half a megabyte: of stored operands only where there are any.
CalibrationStatistics empty_statistics(const FloatGraph& graph) {
    CalibrationStatistics out;
    for (const FloatOperator& op : graph.operators)
        if (const auto* product = std::get_if<FloatProduct>(&op.op)) {
            out.inputs.emplace_back();
            out.stored.emplace_back();
            if (product->is_computed()) out.stored.back().emplace();
        }
    return out;
}

std::uint64_t histogram_bytes(const FloatGraph& graph) {
    std::uint64_t histograms = 0;
    for (const FloatOperator& op : graph.operators)
        if (const auto* product = std::get_if<FloatProduct>(&op.op))
            histograms += product->is_computed() ? 2 : 1;
    return histograms * MagnitudeHistogram::bins * sizeof(std::uint64_t);
}

}  // namespace

CalibrationStatistics observe(const std::shared_ptr<const FloatGraph>& graph,
                              const ImageSource& source, int images, int threads) {
    if (images <= 0)
        throw InputError(
            fmt::format("quantisation.images: must be at least 1 ({}). 512 is usual", images));
    const auto count = static_cast<std::uint32_t>(images);
    if (count > source.count())
        throw InputError(
            fmt::format("quantisation.images: {} images wanted, the calibration data hold {}. "
                        "Lower the number or give more data",
                        images, source.count()));
    const Tensor& input = graph->tensors[static_cast<std::size_t>(graph->input)];
    check_image_shape(input, source.image_shape());
    const FloatExecutor executor(graph);
    const std::vector<std::string> names = product_names(*graph);
    const int pool = image_threads(threads, count, executor.memory() + histogram_bytes(*graph),
                                   "calibration on one image");
    std::vector<CalibrationStatistics> parts(static_cast<std::size_t>(pool));
    parallel_images(0, count, pool, [&](int thread, std::uint32_t begin, std::uint32_t end) {
        CalibrationStatistics mine = empty_statistics(*graph);
        auto workspace = executor.workspace();
        std::vector<float> image(static_cast<std::size_t>(input.elements()));
        for (std::uint32_t i = begin; i < end; ++i) {
            source.read(i, 1, image.data());
            executor.run(image, workspace, [&](int layer, Values values, Values stored) {
                const auto index = static_cast<std::size_t>(layer);
                add_values(mine.inputs[index], values, names[index]);
                if (mine.stored[index]) add_values(*mine.stored[index], stored, names[index]);
            });
        }
        parts[static_cast<std::size_t>(thread)] = std::move(mine);
    });
    CalibrationStatistics statistics = std::move(parts[0]);
    statistics.images = count;
    for (std::size_t t = 1; t < parts.size(); ++t)
        for (std::size_t i = 0; i < names.size(); ++i) {
            merge(statistics.inputs[i], parts[t].inputs[i]);
            if (statistics.stored[i]) merge(*statistics.stored[i], *parts[t].stored[i]);
        }
    return statistics;
}

}  // namespace acim
