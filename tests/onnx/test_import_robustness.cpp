// SPDX-License-Identifier: Apache-2.0
// Damaged files: an import gives a graph or an InputError and nothing else (any other exception
// fails the test, a crash or a sanitizer report ends it).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "host/core/error.hpp"
#include "host/onnx/import.hpp"
#include "tests/onnx/model_builder.hpp"

namespace acim {
namespace {

// One file that holds most operators and much of the shape arithmetic.
ModelBuilder mixed_model() {
    ModelBuilder model({2, 6, 6});
    model.reals("c.weight", {4, 1, 3, 3}, std::vector<float>(36, 0.5F));
    model.reals("v", {4}, {1, 2, 3, 4});
    model.reals("fc.weight", {3, 36}, std::vector<float>(108, 0.25F));
    model.integers("zero", {0});
    model.integers("minus", {-1});
    model.node("Conv", {"x", "c.weight", "v"}, "a").with("group", std::int64_t{2});
    model.with("pads", {1, 1, 1, 1}).with("strides", {1, 1}).with("dilations", {1, 1});
    model.node("BatchNormalization", {"a", "v", "v", "v", "v"}, "b").with("epsilon", 0.1F);
    model.node("Relu", {"b"}, "c").node("MaxPool", {"c"}, "d").with("kernel_shape", {2, 2});
    model.with("strides", {2, 2}).node("Add", {"d", "d"}, "e");
    model.node("Shape", {"e"}, "s").node("Gather", {"s", "zero"}, "n");
    model.node("Concat", {"n", "minus"}, "t").with("axis", std::int64_t{0});
    model.node("Reshape", {"e", "t"}, "f").node("Transpose", {"fc.weight"}, "w");
    model.with("perm", {1, 0}).node("MatMul", {"f", "w"}, "g").node("Flatten", {"g"}, "y");
    return model;
}

struct Outcome {
    int imported = 0, refused = 0;
};

void import_damaged(const std::filesystem::path& path, const std::string& bytes, Outcome& outcome) {
    write_bytes(path, bytes);
    try {
        import_onnx(path);
        ++outcome.imported;
    } catch (const InputError&) {
        ++outcome.refused;
    }
}

TEST(ImportRobustness, EveryPrefixIsRefused) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "m.onnx";
    const std::string whole = mixed_model().model.SerializeAsString();
    Outcome cut, all;
    for (std::size_t size = 0; size < whole.size(); size += 3)
        import_damaged(path, whole.substr(0, size), cut);
    EXPECT_EQ(cut.imported, 0);
    import_damaged(path, whole, all);
    EXPECT_EQ(all.imported, 1);
}

void flip_bytes(const std::string& whole, std::uint32_t seed, int count, Outcome& outcome) {
    const TemporaryFolder folder;
    std::mt19937 random(seed);
    for (int i = 0; i < count; ++i) {
        std::string bytes = whole;
        const auto flips = 1 + random() % 3;
        for (std::uint64_t f = 0; f < flips; ++f)
            bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
        import_damaged(folder.path() / "m.onnx", bytes, outcome);
    }
}

// A few bytes that ask for much: every constant that is computed is paid for beforehand.
TEST(ImportRobustness, SmallFilesCannotFillTheMemory) {
    ModelBuilder filled({3});
    filled.integers("s", {1 << 15, 1 << 15});
    filled.node("ConstantOfShape", {"s"}, "c").node("MatMul", {"x", "c"}, "y");
    EXPECT_THAT(filled.message(), testing::HasSubstr("the graph computes too much on constants"));
    ModelBuilder range({3});
    for (const char* name : {"start", "one"}) range.integers(name, {1}).clear_dims();
    range.integers("far", {std::int64_t{1} << 30}).clear_dims();
    range.node("Range", {"start", "far", "one"}, "r").node("Add", {"x", "r"}, "y");
    EXPECT_THAT(range.message(), testing::HasSubstr("the graph computes too much on constants"));
    ModelBuilder expanded({3});
    expanded.reals("v", {1}, {1.0F});
    expanded.integers("s", {1 << 14, 1 << 14});
    expanded.node("Expand", {"v", "s"}, "e").node("Add", {"x", "e"}, "y");
    EXPECT_THAT(expanded.message(), testing::HasSubstr("the graph computes too much on constants"));
    ModelBuilder image({1, 1});
    image.integers("s", {1 << 14, 1 << 14, 1 << 14});
    image.node("Expand", {"x", "s"}, "y");
    EXPECT_THAT(image.message(), testing::HasSubstr("elements"));
    ModelBuilder cut({4});
    cut.integers("least", {INT64_MIN}).set_name("a");
    cut.integers("most", {INT64_MAX});
    cut.node("Slice", {"x", "a", "most", "a", "a"}, "y");
    EXPECT_NE(cut.message(), "imported");
}

// Only a list may be empty: [0, 2] has no rows that an embedding could choose.
TEST(ImportRobustness, EmptyConstantsAreLists) {
    ModelBuilder table({3});
    table.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
        onnx::TensorProto::INT64);
    table.reals("table", {4, 2}, std::vector<float>(8, 1.0F));
    table.integers("zero", {0});
    table.node("Slice", {"table", "zero", "zero"}, "t").node("Gather", {"t", "x"}, "y");
    EXPECT_EQ(table.message(),
              "node 't_node' (Slice): its output has an axis of extent 0. Extents are 1 or more");
    ModelBuilder wider({3});
    wider.integers("none", {});
    wider.integers("zero", {0});
    wider.node("Unsqueeze", {"none", "zero"}, "e").node("Reshape", {"x", "e"}, "y");
    EXPECT_THAT(wider.message(),
                testing::HasSubstr("'e_node' (Unsqueeze): its output has an axis"));
    ModelBuilder list({3});
    list.integers("none", {});
    list.integers("shape", {1, 3, 1});
    list.node("Concat", {"shape", "none"}, "s").with("axis", std::int64_t{0});
    list.node("Reshape", {"x", "s"}, "y");
    EXPECT_EQ(list.message(), "imported");
}

TEST(ImportRobustness, FlippedBytesImportOrAreRefused) {
    Outcome outcome;
    flip_bytes(mixed_model().model.SerializeAsString(), 1, 2000, outcome);
    EXPECT_EQ(outcome.imported + outcome.refused, 2000);
    EXPECT_GT(outcome.imported, 100);  // weights: another number is as good
    EXPECT_GT(outcome.refused, 100);
}

TEST(ImportRobustness, FlippedBytesOfExportedFiles) {
    Outcome outcome;
    for (const char* name : {"extra_shape", "clip_relu6", "extra_cast", "reshape_chain"})
        flip_bytes(read_bytes(fixture_path(name)), 2, 500, outcome);
    for (const char* name :
         {"odds_opset13", "vit_opset13", "encoder_opset17", "decoder_opset14", "gpt2_opset17",
          "mixer_opset13", "quantised_qdq_opset13", "quantised_qdq_attention_opset17",
          "quantised_quant_opset13", "current_cnn_opset20"})
        flip_bytes(read_bytes(fixture_path(name)), 3, 300, outcome);
    EXPECT_EQ(outcome.imported + outcome.refused, 5000);
    EXPECT_GT(outcome.imported, 500);
    EXPECT_GT(outcome.refused, 500);
}

}  // namespace
}  // namespace acim
