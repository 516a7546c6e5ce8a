// SPDX-License-Identifier: Apache-2.0
// `quantisation: auto` on LeNet at four bits: every pair of rules is tried here once more, with the
// scalar kernel, and the one that was chosen has the least error of the logits.
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <vector>

#include "cuda/trial/image_executor.hpp"
#include "host/data/data_set.hpp"
#include "host/onnx/import.hpp"
#include "host/quant/float_executor.hpp"
#include "host/run/auto_quantisation.hpp"

namespace acim {
namespace {

constexpr std::uint32_t images = 12;
constexpr const char* pixels = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";

double logit_error(const std::shared_ptr<const FloatGraph>& graph, const QuantizedNetwork& network,
                   const ImageSource& source) {
    const FloatExecutor truth(graph);
    auto workspace = truth.workspace();
    const auto kernel = make_reference_kernel();
    LayerSettings digital;
    digital.analog = false;
    DesignPoint point;
    point.layers.assign(network.mac_layers().size(), digital);
    CycleLawCache cache;
    const PointPlan plan = make_point_plan(network, point, PhiloxKey{}, *kernel, cache);
    ImageExecutor executor(network, *kernel);
    std::vector<float> image(28 * 28);
    double sum = 0.0;
    for (std::uint32_t i = 0; i < images; ++i) {
        source.read(i, 1, image.data());
        const auto wanted = truth.run(image, workspace);
        std::copy(image.begin(), image.end(), executor.input().begin());
        const auto got = executor.run(plan, PhiloxKey{}, i, {});
        for (std::size_t c = 0; c < wanted.size(); ++c) {
            const double e = static_cast<double>(wanted[c]) - static_cast<double>(got[c]);
            sum += e * e;
        }
    }
    return sum;
}

class AutoQuantisation : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(pixels)) GTEST_SKIP() << "Fashion-MNIST is missing";
        graph = std::make_shared<const FloatGraph>(
            import_onnx(ACIM_SOURCE_DIR "/data/lenet_fmnist.onnx"));
        DataSpec spec;
        spec.images = pixels;
        spec.scale = 1.0F / 255;
        data = open_data(spec);
        statistics = observe(graph, *data, images);
        recipe.spec.images = images;
        recipe.weight_bits.assign(5, 4);
        recipe.activation_bits.assign(5, 4);
    }

    double error_of(const QuantisationSpec& spec) const {
        return logit_error(
            graph, quantise(*graph, statistics, spec, recipe.weight_bits, recipe.activation_bits),
            *data);
    }

    std::shared_ptr<const FloatGraph> graph;
    std::shared_ptr<const DataSet> data;
    CalibrationStatistics statistics;
    QuantisationRecipe recipe;
};

TEST_F(AutoQuantisation, TakesThePairWithTheLeastError) {
    recipe.spec.weights = recipe.spec.activations = RangeRule::automatic;
    const QuantisationSpec chosen = choose_rules(graph, statistics, recipe, *data, 2).spec;
    const double least = error_of(chosen);
    double worst = 0.0;
    for (const RangeRule weights : {RangeRule::max, RangeRule::percentile, RangeRule::mse})
        for (const RangeRule inputs : {RangeRule::max, RangeRule::percentile, RangeRule::mse}) {
            QuantisationSpec tried = recipe.spec;
            tried.weights = weights;
            tried.activations = inputs;
            const double error = error_of(tried);
            EXPECT_GE(error, least);
            worst = std::max(worst, error);
        }
    EXPECT_GT(worst, 1.2 * least) << "the choice makes no difference here";
    const QuantisationSpec again = choose_rules(graph, statistics, recipe, *data, 1).spec;
    EXPECT_EQ(again.weights, chosen.weights);
    EXPECT_EQ(again.activations, chosen.activations);
}

TEST_F(AutoQuantisation, LeavesARuleThatIsGiven) {
    recipe.spec.weights = RangeRule::percentile;
    recipe.spec.activations = RangeRule::automatic;
    EXPECT_TRUE(has_automatic_rule(recipe));
    const QuantisationRecipe chosen = choose_rules(graph, statistics, recipe, *data, 2);
    EXPECT_EQ(chosen.spec.weights, RangeRule::percentile);
    EXPECT_FALSE(has_automatic_rule(chosen));
}

}  // namespace
}  // namespace acim
