// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/one_trial.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "cuda/trial/reference_engine.hpp"
#include "host/core/error.hpp"
#include "host/engine/cpu_engine.hpp"
#include "host/quant/calibrate.hpp"
#include "host/quant/network_file.hpp"

namespace acim::fuzz {
namespace {

// Work of one image that is observed, and that is tried on the engines.
constexpr double most_observed = 0x1p19, most_tried = 0x1p14;

// Values, and products of numbers of one image.
template <class Network>
double work_of(const Network& network) {
    double work = 0.0;
    for (const Tensor& tensor : network.tensors) work += static_cast<double>(tensor.elements());
    for (const auto& node : network.operators)
        std::visit(
            [&](const auto& op) {
                const auto out = static_cast<double>(
                    network.tensors[static_cast<std::size_t>(op.output)].elements());
                if constexpr (requires { op.depth; }) work += out * op.depth;
                if constexpr (requires { op.pool; })
                    work += out * op.pool.in_height * op.pool.in_width;
            },
            node.op);
    return work;
}

// One image of small numbers of both signs, or none negative.
class OneImage : public ImageSource {
public:
    OneImage(const Tensor& input, unsigned variant)
        : shape_(input.shape.begin() + 1, input.shape.end()), variant_(variant) {}
    std::uint32_t count() const override { return 1; }
    std::vector<int> image_shape() const override { return shape_; }
    void read(std::uint32_t, std::uint32_t, float* out) const override {
        std::int64_t count = 1;
        for (const int extent : shape_) count *= extent;
        for (std::int64_t i = 0; i < count; ++i)
            out[i] =
                static_cast<float>((i * 37 + 11) % 19) * 0.125F - (variant_ % 2 == 0 ? 0.0F : 1.0F);
    }
    std::int32_t label(std::uint32_t) const override { return 0; }

private:
    std::vector<int> shape_;
    unsigned variant_;
};

DesignPoint noisy_point(const QuantizedNetwork& network) {
    LayerSettings settings;
    settings.macro.rows = 32;
    settings.macro.adc.bits = 4;
    settings.macro.noise.random.sigma = 0.4;
    return {"fuzz", std::vector<LayerSettings>(network.mac_layers().size(), settings)};
}

TrialResult run_on(TrialEngine& engine, const std::shared_ptr<const TrialSetup>& setup) {
    engine.prepare(setup);
    const WorkUnit unit{0, 0, 0, 0, 1};
    if (engine.memory({&unit, 1}) == 0) std::abort();
    TrialResult result;
    const std::atomic<bool> stop = false;
    engine.run(
        {&unit, 1}, [&](TrialResult&& one) { result = std::move(one); }, stop);
    return result;
}

}  // namespace

void try_network(const std::shared_ptr<const FloatGraph>& graph, unsigned variant) {
    if (work_of(*graph) > most_observed) return;
    const OneImage image(graph->tensors[static_cast<std::size_t>(graph->input)], variant);
    const CalibrationStatistics statistics = observe(graph, image, 1, 1);
    const std::size_t layers = statistics.inputs.size();
    constexpr RangeRule rules[] = {RangeRule::max, RangeRule::percentile, RangeRule::mse};
    const unsigned rule = layers > 2 ? 0 : variant;  // the others look at every bin of a histogram
    const QuantisationSpec spec{rules[rule % 3], rules[rule / 3 % 3], variant % 5 == 0, 1};
    try_trial(std::make_shared<const QuantizedNetwork>(
        quantise(*graph, statistics, spec, std::vector<int>(layers, 2 + variant % 7),
                 std::vector<int>(layers, 2 + variant % 8))));
}

void try_trial(const std::shared_ptr<const QuantizedNetwork>& network) {
    if (network_hash(*network) != network->hash || encode_network(*network).empty()) std::abort();
    if (work_of(*network) > most_tried) return;
    auto setup = std::make_shared<TrialSetup>();
    setup->network = network;
    setup->points = {noisy_point(*network)};
    setup->images =
        std::make_shared<OneImage>(network->tensors[static_cast<std::size_t>(network->input)], 0U);
    setup->reference_top1.assign(static_cast<std::size_t>(network->positions()), 0);
    try {
        if (run_on(*make_reference_engine(), setup) != run_on(*make_cpu_engine(1), setup))
            std::abort();
    } catch (const std::invalid_argument& error) {  // a layer that the macro does not take: as plan
        throw InputError(error.what());
    }
}

}  // namespace acim::fuzz
