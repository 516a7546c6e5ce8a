// SPDX-License-Identifier: Apache-2.0
// Weights in a file beside the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/onnx/import.hpp"
#include "tests/onnx/model_builder.hpp"

namespace acim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ImportExternal : public testing::Test {
protected:
    ImportExternal() : model_({3}) {
        auto& tensor = model_.reals("fc.weight", {3, 2}, {});
        tensor.clear_raw_data();
        tensor.set_data_location(onnx::TensorProto::EXTERNAL);
        model_.node("Gemm", {"x", "fc.weight"}, "y");
    }

    void entry(const std::string& key, const std::string& value, int tensor = 0) {
        auto* pair = model_.graph().mutable_initializer(tensor)->add_external_data();
        pair->set_key(key);
        pair->set_value(value);
    }

    void write_weights(std::size_t offset) {
        const std::vector<float> values{1, 2, 3, 4, 5, 6};
        std::string bytes(offset, 'x');
        bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
        write_bytes(folder_.path() / "weights.bin", bytes);
    }

    std::filesystem::path write_model() {
        const auto path = folder_.path() / "model.onnx";
        write_bytes(path, model_.model.SerializeAsString());
        return path;
    }

    TemporaryFolder folder_;
    ModelBuilder model_;
};

TEST_F(ImportExternal, IsReadAtItsOffset) {
    write_weights(8);
    entry("location", "weights.bin");
    entry("offset", "8");
    entry("length", "24");
    const FloatGraph graph = import_onnx(write_model());
    EXPECT_THAT(std::get<FloatProduct>(graph.operators[0].op).weights,
                ElementsAre(1, 3, 5, 2, 4, 6));
}

TEST_F(ImportExternal, MayNotLeaveTheFolder) {
    write_weights(0);
    for (const std::string location :
         {"/etc/passwd", "../weights.bin", "a/../../weights.bin", "", ".."}) {
        model_.graph().mutable_initializer(0)->clear_external_data();
        entry("location", location);
        EXPECT_THAT(import_message(write_model()),
                    HasSubstr("tensor 'fc.weight': external data at '" + location +
                              "'. The location must be a relative path"));
    }
}

TEST_F(ImportExternal, IsMissing) {
    entry("location", "weights.bin");
    EXPECT_THAT(import_message(write_model()), HasSubstr("file 'weights.bin' is missing."));
}

TEST_F(ImportExternal, IsTooShort) {
    write_weights(0);
    entry("location", "weights.bin");
    entry("offset", "1");
    EXPECT_THAT(import_message(write_model()), HasSubstr("is too short for 24 bytes at 1"));
}

TEST_F(ImportExternal, HasBadNumbers) {
    write_weights(0);
    entry("location", "weights.bin");
    entry("offset", "99999999999999999999");
    EXPECT_THAT(import_message(write_model()), HasSubstr("is not a byte count"));
    model_.graph().mutable_initializer(0)->mutable_external_data(1)->set_value(
        "9223372036854775807");
    EXPECT_THAT(import_message(write_model()), HasSubstr("is too short"));
    model_.graph().mutable_initializer(0)->mutable_external_data(1)->set_value("0");
    entry("length", "20");
    EXPECT_THAT(import_message(write_model()), HasSubstr("of 20 bytes, its shape needs 24"));
}

TEST_F(ImportExternal, MayNotBeReadOverAndOver) {
    write_weights(0);
    entry("location", "weights.bin");
    for (int i = 0; i < 3; ++i) {
        *model_.graph().add_initializer() = model_.graph().initializer(0);
        model_.graph().mutable_initializer(i + 1)->set_name("copy" + std::to_string(i));
    }
    EXPECT_THAT(import_message(write_model()), HasSubstr("tensors overlap"));
    for (int i = 0; i < 3; ++i)  // under other names
        model_.graph().mutable_initializer(i)->mutable_external_data(0)->set_value(
            std::string("././././").substr(0, static_cast<std::size_t>(2 * i)) + "weights.bin");
    EXPECT_THAT(import_message(write_model()), HasSubstr("tensors overlap"));
}

}  // namespace
}  // namespace acim
