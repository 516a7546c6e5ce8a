// SPDX-License-Identifier: Apache-2.0
// Structure, names and shapes of the fixtures (data/make_fixtures.py) and of the trained networks.
// Their numbers are checked against PyTorch where a float executor exists.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/onnx/import.hpp"
#include "tests/onnx/model_builder.hpp"

namespace acim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The kinds of the operators in order, without their names.
std::string kinds(const FloatGraph& graph) {
    static const char* const names[] = {
        "Product",     "Relu",     "Clip",     "Add",       "Affine",    "MaxPool",
        "AveragePool", "View",     "Constant", "Rearrange", "Concat",    "Softmax",
        "LayerNorm",   "Function", "Binary",   "Embedding", "Requantise"};
    std::vector<std::string> found;
    for (const auto& op : graph.operators) found.emplace_back(names[op.op.index()]);
    return fmt::format("{}", fmt::join(found, " "));
}

std::vector<std::string> layer_names(const FloatGraph& graph) {
    std::vector<std::string> names;
    for (const auto& op : graph.operators)
        if (std::holds_alternative<FloatProduct>(op.op)) names.push_back(op.name);
    return names;
}

std::vector<int> output_shape(const FloatGraph& graph) {
    return graph.tensors.at(graph.output).shape;
}

FloatGraph fixture(const std::string& name) { return import_onnx(fixture_path(name)); }

TEST(ImportFixtures, LenetHasItsLayersAndShapes) {
    const FloatGraph graph = import_onnx(ACIM_SOURCE_DIR "/data/lenet_fmnist.onnx");
    EXPECT_THAT(layer_names(graph), ElementsAre("conv1", "conv2", "fc1", "fc2", "fc3"));
    EXPECT_EQ(kinds(graph),
              "Product Relu MaxPool Product Relu MaxPool View Product Relu Product Relu Product");
    EXPECT_THAT(graph.tensors.at(graph.input).shape, ElementsAre(1, 1, 28, 28));
    EXPECT_THAT(output_shape(graph), ElementsAre(1, 10));
    const auto& conv = std::get<FloatProduct>(graph.operators[0].op);
    EXPECT_TRUE(conv.is_conv);
    EXPECT_EQ(conv.weights.size(), static_cast<std::size_t>(conv.outputs * conv.depth));
    EXPECT_EQ(conv.bias.size(), static_cast<std::size_t>(conv.outputs));
}

TEST(ImportFixtures, Resnet20HasItsLayersAndFoldsEveryBatchNormalization) {
    const FloatGraph graph = import_onnx(ACIM_SOURCE_DIR "/data/resnet20_fmnist.onnx");
    const auto names = layer_names(graph);
    EXPECT_THAT(names,
                testing::IsSupersetOf({"stem", "layer1.0.conv1", "layer2.0.downsample", "fc"}));
    EXPECT_THAT(kinds(graph), testing::Not(HasSubstr("Affine")));
    EXPECT_EQ(std::count_if(graph.operators.begin(), graph.operators.end(),
                            [](const auto& op) { return std::holds_alternative<Add>(op.op); }),
              9);
    EXPECT_THAT(output_shape(graph), ElementsAre(1, 10));
}

TEST(ImportFixtures, OpsetsGiveTheSameResidualNetwork) {
    for (const char* name : {"residual_opset13", "residual_opset15", "residual_opset17"}) {
        const FloatGraph graph = fixture(name);
        EXPECT_EQ(kinds(graph),
                  "Product Relu MaxPool Product Product Add Relu Product Add Relu AveragePool View "
                  "Product")
            << name;
        EXPECT_THAT(layer_names(graph), ElementsAre("stem", "conv1", "downsample", "conv2", "fc"));
        const auto& depthwise = std::get<FloatProduct>(graph.operators[7].op);
        EXPECT_EQ(depthwise.conv.groups, 6);
        EXPECT_EQ(depthwise.depth, 9);
        const auto& mean = std::get<AveragePool>(graph.operators[10].op);
        EXPECT_EQ(mean.pool.kernel_height, mean.pool.in_height);
    }
}

TEST(ImportFixtures, ConvGeometryIsReadWhole) {
    const FloatGraph graph = fixture("conv_asymmetric");
    const auto& product = std::get<FloatProduct>(graph.operators.at(0).op);
    const ConvGeometry& conv = product.conv;
    EXPECT_EQ(product.outputs, 6);
    EXPECT_EQ(product.depth, 18);
    EXPECT_EQ(conv.groups, 2);
    EXPECT_THAT((std::vector{conv.in_channels, conv.in_height, conv.in_width}),
                ElementsAre(4, 9, 10));
    EXPECT_THAT((std::vector{conv.kernel_height, conv.kernel_width}), ElementsAre(3, 3));
    EXPECT_THAT((std::vector{conv.stride_height, conv.stride_width}), ElementsAre(1, 2));
    EXPECT_THAT((std::vector{conv.dilation_height, conv.dilation_width}), ElementsAre(2, 1));
    EXPECT_THAT((std::vector{conv.pad_top, conv.pad_left, conv.pad_bottom, conv.pad_right}),
                ElementsAre(1, 2, 0, 3));
    // (9 + 1 - 5) / 1 + 1 and (10 + 5 - 3) / 2 + 1.
    EXPECT_THAT((std::vector{conv.out_channels, conv.out_height, conv.out_width}),
                ElementsAre(6, 6, 7));
    EXPECT_THAT(output_shape(graph), ElementsAre(1, 6, 6, 7));
}

TEST(ImportFixtures, ShapeArithmeticVanishes) {
    EXPECT_EQ(kinds(fixture("extra_shape")), "View Product");
    EXPECT_EQ(kinds(fixture("extra_cast")), "Product Add Relu Clip");
    EXPECT_EQ(kinds(fixture("reshape_chain")), "View Product");
    EXPECT_THAT(layer_names(fixture("reshape_chain")), ElementsAre("fc"));
}

TEST(ImportFixtures, BatchNormalizationAndBiasesFold) {
    EXPECT_EQ(kinds(fixture("conv_batchnorm")), "Product Relu Product");
    EXPECT_EQ(kinds(fixture("linear_batchnorm")), "Product Relu Product");
    EXPECT_EQ(kinds(fixture("matmul_rank2")), "Product Relu Product");
    EXPECT_EQ(kinds(fixture("matmul_rank3")), "Product Relu Product");
    EXPECT_THAT(output_shape(fixture("matmul_rank3")), ElementsAre(1, 5, 6));
    EXPECT_THAT(layer_names(fixture("matmul_rank3")), ElementsAre("fc1", "fc2"));
}

TEST(ImportFixtures, ClipTakesItsBoundsWhereverTheyAre) {
    const FloatGraph six = fixture("clip_relu6");
    const auto& relu6 = std::get<Clip>(six.operators.at(1).op);
    EXPECT_EQ(relu6.low, 0.0F);
    EXPECT_EQ(relu6.high, 6.0F);
    const FloatGraph bounds = fixture("clip_bounds");
    EXPECT_EQ(std::get<Clip>(bounds.operators.at(0).op).low, -0.5F);
    EXPECT_EQ(std::get<Clip>(bounds.operators.at(1).op).high, std::numeric_limits<float>::max());
    EXPECT_EQ(std::get<Clip>(bounds.operators.at(2).op).low, std::numeric_limits<float>::lowest());
}

TEST(ImportFixtures, PoolsKeepTheirGeometry) {
    EXPECT_THAT(output_shape(fixture("max_pool_padded")), ElementsAre(1, 3, 4, 3));
    EXPECT_THAT(output_shape(fixture("max_pool_ceil")), ElementsAre(1, 3, 5, 4));
    const auto include = fixture("average_pool_include_pad");
    EXPECT_TRUE(std::get<AveragePool>(include.operators.at(0).op).count_include_pad);
    const auto exclude = fixture("average_pool_exclude_pad");
    EXPECT_FALSE(std::get<AveragePool>(exclude.operators.at(0).op).count_include_pad);
    const auto asymmetric = fixture("average_pool_asymmetric");
    EXPECT_EQ(std::get<AveragePool>(asymmetric.operators.at(0).op).pool.pad_top, 0);
    EXPECT_THAT(output_shape(asymmetric), ElementsAre(1, 2, 3, 6));
}

TEST(ImportFixtures, AttentionNamesItsProductsAndStoresQueriesAndValues) {
    const FloatGraph graph = fixture("vit_opset17");
    EXPECT_THAT(layer_names(graph),
                testing::IsSupersetOf({"patch", "blocks.0.attn.qkv", "blocks.0.attn.qk",
                                       "blocks.0.attn.av", "blocks.1.mlp.2", "head"}));
    for (const auto& op : graph.operators) {
        const auto* product = std::get_if<FloatProduct>(&op.op);
        if (!product || !product->is_computed()) continue;
        const bool is_scores = op.name.ends_with(".qk");
        EXPECT_EQ(product->stored.on_left, is_scores) << op.name;
        EXPECT_EQ(product->stored.heads, 2);
        EXPECT_EQ(product->depth, is_scores ? 4 : 5);  // head size, tokens
        EXPECT_EQ(product->outputs, 2 * (is_scores ? 5 : 4));
        EXPECT_FLOAT_EQ(product->factor, is_scores ? 0.5F : 1.0F);
    }
    for (const char* name : {"encoder_opset13", "encoder_norm_first_opset17"})
        EXPECT_THAT(layer_names(fixture(name)),
                    ElementsAre("patch", "encoder.layers.0.self_attn.in_proj",
                                "encoder.layers.0.self_attn.qk", "encoder.layers.0.self_attn.av",
                                "encoder.layers.0.self_attn.out_proj", "encoder.layers.0.linear1",
                                "encoder.layers.0.linear2", "encoder.layers.1.self_attn.in_proj",
                                "encoder.layers.1.self_attn.qk", "encoder.layers.1.self_attn.av",
                                "encoder.layers.1.self_attn.out_proj", "encoder.layers.1.linear1",
                                "encoder.layers.1.linear2", "head"));
}

// Opset 13 writes layer norm and GELU out, 17 has the norm: the same network either way.
TEST(ImportFixtures, DecompositionsAreRecognised) {
    for (const char* family : {"vit", "convnext", "gpt2", "decoder", "mobilenet_v3", "mixer"}) {
        const std::string base = family;
        const bool has_tokens = base == "gpt2" || base == "decoder";
        const FloatGraph early = fixture(base + (has_tokens ? "_opset14" : "_opset13"));
        const FloatGraph late = fixture(base + "_opset17");
        EXPECT_EQ(kinds(early), kinds(late)) << base;
        for (const auto& graph : {early, late})
            EXPECT_THAT(kinds(graph), testing::Not(HasSubstr("AveragePool Binary"))) << base;
    }
    const FloatGraph decoder = fixture("decoder_opset14");
    int norms = 0;
    for (const auto& op : decoder.operators)
        if (const auto* norm = std::get_if<LayerNorm>(&op.op)) {
            EXPECT_FALSE(norm->is_centred);
            EXPECT_FLOAT_EQ(norm->epsilon, 1e-5F);
            ++norms;
        }
    EXPECT_EQ(norms, 5);
}

// Every fixture that must import does, in topological order and with consistent ids.
TEST(ImportFixtures, EveryFixtureIsSortedAndConnected) {
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(ACIM_SOURCE_DIR "/tests/fixtures/onnx")) {
        const std::string stem = entry.path().stem().string();
        if (entry.path().extension() != ".onnx" || stem.starts_with("unsupported") ||
            stem.starts_with("invalid"))
            continue;
        const FloatGraph graph = import_onnx(entry.path());
        std::vector<bool> is_known(graph.tensors.size(), false);
        is_known.at(graph.input) = true;
        for (const auto& op : graph.operators) {
            for (const TensorId id : operands_of(op.op)) EXPECT_TRUE(is_known.at(id)) << stem;
            EXPECT_FALSE(is_known.at(output_of(op.op))) << stem;
            is_known.at(output_of(op.op)) = true;
        }
        EXPECT_TRUE(is_known.at(graph.output)) << stem;
        ++count;
    }
    EXPECT_GE(count, 20);
}

TEST(ImportFixtures, RefusedFixturesSayWhy) {
    const std::string sin = import_message(fixture_path("unsupported_sin"));
    EXPECT_THAT(sin,
                HasSubstr("unsupported_sin.onnx: 1 operator is not supported: Sin at 'node_b'. "
                          "Supported are Abs, Add,"));
    EXPECT_THAT(import_message(fixture_path("invalid_nan")),
                HasSubstr("B 'fc.weight' is NaN at [2, 3]"));
}

}  // namespace
}  // namespace acim
