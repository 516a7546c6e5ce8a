// SPDX-License-Identifier: Apache-2.0
// Damaged files: an import gives a graph or an InputError and nothing else (any other exception
// fails the test, a crash or a sanitizer report ends it).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <set>

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
    EXPECT_EQ(image.message(),
              "node 'y_node' (Expand): its output of shape [16384, 16384, 16384] has more than "
              "2147483647 elements");
}

// Bounds and steps as far out as they get.
TEST(ImportRobustness, SlicesHoldAtTheEndsOfTheirAxis) {
    const auto cut = [](std::int64_t start, std::int64_t end, std::int64_t step) {
        ModelBuilder model({4});
        model.integers("start", {start});
        model.integers("end", {end});
        model.integers("step", {step});
        model.integers("axis", {1});
        return model.node("Slice", {"x", "start", "end", "axis", "step"}, "y");
    };
    const auto width = [](const ModelBuilder& model) {
        const FloatGraph graph = model.import();
        return graph.tensors.at(static_cast<std::size_t>(graph.output)).shape.at(1);
    };
    EXPECT_EQ(cut(INT64_MIN, INT64_MAX, INT64_MIN).message(),
              "node 'y_node' (Slice): its output has an axis of extent 0. Extents are 1 or more");
    EXPECT_EQ(width(cut(INT64_MAX, INT64_MIN, INT64_MIN)), 1);
    EXPECT_EQ(width(cut(INT64_MAX, INT64_MIN, -1)), 4);
    EXPECT_EQ(width(cut(INT64_MIN, INT64_MAX, INT64_MAX)), 1);
    EXPECT_EQ(width(cut(INT64_MIN, INT64_MAX, 3)), 2);
}

TEST(ImportRobustness, RangesOfHugeStepsAreRefused) {
    ModelBuilder model({3});
    model.integers("start", {0}).clear_dims();
    model.integers("limit", {1}).clear_dims();
    model.integers("step", {INT64_MAX}).clear_dims();
    model.node("Range", {"start", "limit", "step"}, "r").node("Reshape", {"x", "r"}, "y");
    EXPECT_THAT(model.message(), testing::HasSubstr("in steps of 9.223372036854776e+18 is not a "
                                                    "list"));
}

// Two of every three places along axis 1: `pieces` pieces.
ModelBuilder gathered(int pieces, const std::string& output) {
    ModelBuilder model({3 * pieces});
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < pieces; ++i) places.insert(places.end(), {3 * i, 3 * i + 1});
    model.integers("i", places);
    model.node("Gather", {"x", "i"}, output).with("axis", std::int64_t{1});
    model.graph().mutable_output(0)->set_name(output);
    return model;
}

// Names of values are part of a network's hash: the first copies have underscores, further ones
// numbers, so that no name is long because there are many.
TEST(ImportRobustness, NamesOfManyPartsStayShort) {
    const FloatGraph graph = gathered(300, "y").import();
    std::set<std::string> names;
    std::size_t longest = 0;
    for (const Tensor& tensor : graph.tensors) {
        names.insert(tensor.name);
        longest = std::max(longest, tensor.name.size());
    }
    EXPECT_EQ(names.size(), graph.tensors.size());
    EXPECT_THAT(names, testing::IsSupersetOf({"y_Gather", "y_Gather_", "y_Gather___"}));
    EXPECT_LE(longest, sizeof("y_Gather") + 8);
}

// One node that becomes many pays for each of them, and for the names that they repeat.
TEST(ImportRobustness, PartsOfNodesArePaidFor) {
    const std::string name(20000, 'n');
    EXPECT_EQ(gathered(20, name).message(), "imported");
    EXPECT_THAT(gathered(1000, name).message(),
                testing::HasSubstr("(Gather): the graph computes too much on constants"));
    ModelBuilder many = gathered(1000, "y");
    for (int i = 0; i < 120; ++i) {
        many.node("Gather", {"x", "i"}, "g" + std::to_string(i)).with("axis", std::int64_t{1});
        many.node("Add", {i == 0 ? "y" : "s" + std::to_string(i - 1), "g" + std::to_string(i)},
                  "s" + std::to_string(i));
    }
    many.graph().mutable_output(0)->set_name("s119");
    EXPECT_THAT(many.message(),
                testing::HasSubstr("(Gather): the graph computes too much on constants"));
}

// Layers may share weights, but not so many that their copies fill the memory.
TEST(ImportRobustness, CopiesOfSharedParametersAreLimited) {
    const auto shared = [](int layers) {
        ModelBuilder model({1024});
        model.reals("w", {1024, 1024}, std::vector<float>(1 << 20, 0.5F));
        std::string from = "x";
        for (int i = 0; i < layers; ++i) {
            const std::string to = i + 1 == layers ? "y" : "g" + std::to_string(i);
            model.node("Gemm", {from, "w"}, to);
            from = to;
        }
        return model.message();
    };
    const char* advice = "(Gemm): the parameters of all operators together are more than 16 times";
    EXPECT_EQ(shared(12), "imported");
    EXPECT_THAT(shared(100), testing::HasSubstr(advice));
    ModelBuilder scaled({1 << 20});
    scaled.reals("v", {1 << 20}, std::vector<float>(1 << 20, 2.0F));
    for (int i = 0; i < 60; ++i) {
        scaled.node("Relu", {i == 0 ? "x" : "m" + std::to_string(i - 1)}, "r" + std::to_string(i));
        scaled.node("Mul", {"r" + std::to_string(i), "v"}, "m" + std::to_string(i));
    }
    scaled.graph().mutable_output(0)->set_name("m59");
    EXPECT_THAT(scaled.message(), testing::HasSubstr("(Mul): the parameters of all operators"));
    ModelBuilder copies({1 << 20});
    copies.reals("v", {1, 1 << 20}, std::vector<float>(1 << 20, 2.0F));
    std::vector<std::string> parts{"x"};
    for (int i = 0; i < 120; ++i) {
        parts.push_back("v" + std::to_string(i));
        copies.node("Identity", {"v"}, parts.back());
    }
    copies.node("Concat", parts, "y").with("axis", std::int64_t{1});
    EXPECT_THAT(copies.message(), testing::HasSubstr("(Concat): the parameters of all operators"));
}

// What an operator has for each channel or output counts, though the file holds none of it.
TEST(ImportRobustness, ParametersThatFilesDoNotHoldAreLimited) {
    const char* advice = "the parameters of all operators together are more than 16 times";
    ModelBuilder scaled({1 << 24});
    scaled.reals("two", {}, {2.0F});
    std::string from = "x";
    for (int i = 0; i < 3; ++i) {
        const std::string relu = "r" + std::to_string(i), twice = "m" + std::to_string(i);
        scaled.node("Relu", {from}, relu).node("Mul", {relu, "two"}, twice);
        from = twice;
    }
    scaled.graph().mutable_output(0)->set_name(from);
    EXPECT_THAT(scaled.message(), testing::HasSubstr(advice));
    ModelBuilder products({1 << 24, 1});
    products.node("ReduceMax", {"x"}, "b").with("axes", {1});
    from = "x";
    for (int i = 0; i < 5; ++i) {
        products.node("MatMul", {from, "b"}, "p" + std::to_string(i));
        from = "p" + std::to_string(i);
    }
    products.graph().mutable_output(0)->set_name(from);
    EXPECT_THAT(products.message(), testing::HasSubstr(advice));
}

// Indices that many nodes share are paid for by each.
TEST(ImportRobustness, SharedIndicesArePaidFor) {
    ModelBuilder model({1});
    std::vector<std::int64_t> places(1 << 20, 0);
    model.integers("i", places);
    model.reals("one", {1}, {1.0F});
    std::vector<std::string> parts;
    for (int i = 0; i < 30; ++i) {
        model.node("Gather", {"x", "i"}, "g" + std::to_string(i)).with("axis", std::int64_t{1});
        model.node("ReduceMean", {"g" + std::to_string(i)}, "m" + std::to_string(i));
        model.with("axes", {1});
        parts.push_back("m" + std::to_string(i));
    }
    model.node("Concat", parts, "y").with("axis", std::int64_t{1});
    EXPECT_THAT(model.message(),
                testing::HasSubstr("(Gather): the graph computes too much on constants"));
}

// The scale of a norm that a group of nodes becomes is a constant like others.
TEST(ImportRobustness, ScalesOfFoundNormsArePaidFor) {
    ModelBuilder model({1 << 25});
    model.reals("e", {}, {1e-5F});
    model.node("ReduceMean", {"x"}, "m").with("axes", {1});
    model.node("Sub", {"x", "m"}, "c").node("Mul", {"c", "c"}, "q");
    model.node("ReduceMean", {"q"}, "v").with("axes", {1});
    model.node("Add", {"v", "e"}, "a").node("Sqrt", {"a"}, "s").node("Div", {"c", "s"}, "y");
    EXPECT_THAT(model.message(), testing::HasSubstr("the graph computes too much on constants"));
}

// Time grows with the number of nodes, not with its square: each part takes a second at most, and
// minutes or more if it does not. The bound leaves room for sanitizers and busy machines.
TEST(ImportRobustness, ManyNodesAreReadInTime) {
    const auto begin = std::chrono::steady_clock::now();
    constexpr int readers = 20000, parts = 6000;
    ModelBuilder shared({2});
    std::vector<std::string> outputs;
    for (int i = 0; i < readers; ++i) {
        outputs.push_back("s" + std::to_string(i));
        shared.node("Sigmoid", {"x"}, outputs.back());
    }
    shared.node("Concat", outputs, "y").with("axis", std::int64_t{1});
    EXPECT_EQ(shared.message(), "imported");
    ModelBuilder split({parts});
    split.node("Split", {"x"}, "p").with("axis", std::int64_t{1});
    auto* node = split.graph().mutable_node(0);
    std::vector<std::string> pieces{"p"};
    for (int i = 1; i < parts; ++i) {
        pieces.push_back("p" + std::to_string(i));
        node->add_output(pieces.back());
    }
    split.node("Concat", pieces, "y").with("axis", std::int64_t{1});
    EXPECT_EQ(split.message(), "imported");
    ModelBuilder refused({2});
    outputs.clear();
    for (int i = 0; i < 100000; ++i) {
        outputs.push_back("r" + std::to_string(i));
        refused.node("Softmax", {"x"}, outputs.back()).with("axis", std::int64_t{10 + i});
    }
    refused.node("Concat", outputs, "y").with("axis", std::int64_t{1});
    EXPECT_THAT(refused.message(), testing::StartsWith("100000 forms are not supported:"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

// What one image takes is limited: a value may have 2^28 elements, and a node costs a few bytes.
TEST(ImportRobustness, ManyLargeValuesAreRefused) {
    ModelBuilder model({1});
    model.integers("s", {1, 1 << 28});
    model.node("Expand", {"x", "s"}, "v0");
    for (int i = 1; i <= 8; ++i)
        model.node("Relu", {"v" + std::to_string(i - 1)}, "v" + std::to_string(i));
    model.graph().mutable_output(0)->set_name("v8");
    EXPECT_LT(model.model.ByteSizeLong(), 512U);
    EXPECT_THAT(model.message(), testing::StartsWith("the values of one image are 2415919105 "));
    model.graph().mutable_output(0)->set_name("v6");
    EXPECT_EQ(model.message(), "imported");
}

// Each layer takes half a megabyte while it is calibrated.
TEST(ImportRobustness, LayersBeyondTheCountersAreRefused) {
    ModelBuilder model({1});
    model.reals("w", {1, 1}, {1});
    for (int i = 0; i <= 1024; ++i)
        model.node("MatMul", {i == 0 ? "x" : "v" + std::to_string(i - 1), "w"},
                   "v" + std::to_string(i));
    model.graph().mutable_output(0)->set_name("v1024");
    EXPECT_THAT(model.message(), testing::StartsWith("1025 layers for the macro; random numbers"));
    model.graph().mutable_output(0)->set_name("v1023");
    EXPECT_EQ(model.message(), "imported");
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

// Found by fuzzing: the name of an input that is left out was looked up.
TEST(ImportRobustness, ABiasBehindAProductMayLeaveInputsOut) {
    ModelBuilder model({3});
    model.reals("w", {3, 2}, std::vector<float>(6, 1.0F));
    model.reals("b", {2}, {1, 2});
    model.node("MatMul", {"x", "w"}, "a").node("Add", {"a", "b", ""}, "y");
    EXPECT_EQ(model.message(), "imported");
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
