// SPDX-License-Identifier: Apache-2.0
#include "tests/onnx/model_builder.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "host/core/error.hpp"
#include "host/onnx/import.hpp"

namespace acim {

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "acim_onnx_XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path fixture_path(const std::string& name) {
    return std::filesystem::path(ACIM_SOURCE_DIR) / "tests/fixtures/onnx" / (name + ".onnx");
}

std::string import_message(const std::filesystem::path& path) {
    try {
        import_onnx(path);
    } catch (const InputError& error) {
        return error.what();
    }
    return "imported";
}

ModelBuilder::ModelBuilder(std::vector<std::int64_t> image, std::int64_t opset) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
    auto* input = graph().add_input();
    input->set_name("x");
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("N");
    for (const std::int64_t extent : image) type->mutable_shape()->add_dim()->set_dim_value(extent);
    graph().add_output()->set_name("y");
}

onnx::TensorProto& ModelBuilder::reals(const std::string& name, std::vector<std::int64_t> shape,
                                       const std::vector<float>& values) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t extent : shape) tensor.add_dims(extent);
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return tensor;
}

onnx::TensorProto& ModelBuilder::integers(const std::string& name,
                                          const std::vector<std::int64_t>& values) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) tensor.add_int64_data(value);
    return tensor;
}

ModelBuilder& ModelBuilder::node(const std::string& type, const std::vector<std::string>& inputs,
                                 const std::string& output) {
    auto* node = graph().add_node();
    node->set_name(output + "_node");
    node->set_op_type(type);
    for (const std::string& name : inputs) node->add_input(name);
    node->add_output(output);
    return *this;
}

onnx::AttributeProto& ModelBuilder::attribute(const std::string& key) {
    auto* added = graph().mutable_node(graph().node_size() - 1)->add_attribute();
    added->set_name(key);
    return *added;
}

ModelBuilder& ModelBuilder::with(const std::string& key, std::int64_t value) {
    auto& added = attribute(key);
    added.set_type(onnx::AttributeProto::INT);
    added.set_i(value);
    return *this;
}

ModelBuilder& ModelBuilder::with(const std::string& key, float value) {
    auto& added = attribute(key);
    added.set_type(onnx::AttributeProto::FLOAT);
    added.set_f(value);
    return *this;
}

ModelBuilder& ModelBuilder::with(const std::string& key, const char* value) {
    auto& added = attribute(key);
    added.set_type(onnx::AttributeProto::STRING);
    added.set_s(value);
    return *this;
}

ModelBuilder& ModelBuilder::with(const std::string& key,
                                 std::initializer_list<std::int64_t> values) {
    auto& added = attribute(key);
    added.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) added.add_ints(value);
    return *this;
}

FloatGraph ModelBuilder::import() const {
    const TemporaryFolder folder;
    write_bytes(folder.path() / "model.onnx", model.SerializeAsString());
    return import_onnx(folder.path() / "model.onnx");
}

std::string ModelBuilder::message() const {
    const TemporaryFolder folder;
    const auto path = folder.path() / "model.onnx";
    write_bytes(path, model.SerializeAsString());
    const std::string text = import_message(path);
    const std::string place = path.string() + ": ";
    return text.starts_with(place) ? text.substr(place.size()) : text;
}

}  // namespace acim
