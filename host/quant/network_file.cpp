// SPDX-License-Identifier: Apache-2.0
#include "host/quant/network_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/hdf5/reader.hpp"
#include "host/quant/network_fields.hpp"

namespace acim {
namespace {

using Json = nlohmann::json;
constexpr const char* file_type = "acimsweep_network";
constexpr int file_version = 1;

std::string operator_group(std::size_t index) { return fmt::format("/operators/{:04}", index); }

// Integers go into the JSON description, everything exact or long into datasets.
struct FieldWriter {
    hdf5::ImageWriter& file;
    std::string group;
    std::uint64_t outputs;  // 0 where the operator is no product
    Json& json;

    void operator()(const char* name, int value) { json[name] = value; }
    void operator()(const char* name, bool value) { json[name] = value; }
    void operator()(const char* name, float value) {
        file.write(group + "/" + name, std::span<const float>(&value, 1), {});
    }
    void operator()(const char* name, const std::vector<float>& values) {
        file.write(group + "/" + name, values);
    }
    // Weights; a product of computed tensors has none.
    void operator()(const char* name, const std::vector<std::int8_t>& values) {
        if (!values.empty())
            file.write(group + "/" + name, values, {outputs, values.size() / outputs});
    }
    void operator()(const char* name, const std::vector<int>& values) { json[name] = values; }
    void operator()(const char* name, FunctionKind kind) {
        json[name] = function_names[static_cast<std::size_t>(kind)];
    }
    void operator()(const char* name, BinaryKind kind) {
        json[name] = binary_names[static_cast<std::size_t>(kind)];
    }
    bool has(const char*, bool is_there) const { return is_there; }
};

// Throws InputError for whatever is missing or of another type.
struct FieldReader {
    const hdf5::Reader& file;
    std::string group;
    const Json& json;

    void operator()(const char* name, int& value) const { value = integer(json, name); }
    void operator()(const char* name, bool& value) const { value = json.at(name).get<bool>(); }
    void operator()(const char* name, float& value) const {
        value = file.read_scalar<float>(group + "/" + name);
    }
    void operator()(const char* name, std::vector<float>& values) const {
        values = file.read<float>(group + "/" + name);
    }
    void operator()(const char* name, std::vector<std::int8_t>& values) const {
        if (!json.contains("stored")) values = file.read<std::int8_t>(group + "/" + name);
    }
    void operator()(const char* name, std::vector<int>& values) const {
        for (const Json& value : json.at(name)) values.push_back(to_int(value));
    }
    void operator()(const char* name, FunctionKind& kind) const {
        kind = static_cast<FunctionKind>(choice(name, function_names));
    }
    void operator()(const char* name, BinaryKind& kind) const {
        kind = static_cast<BinaryKind>(choice(name, binary_names));
    }
    bool has(const char* name, bool) const { return json.contains(name); }

    int choice(const char* key, std::span<const char* const> names) const {
        const auto text = json.at(key).get<std::string>();
        const auto found = std::ranges::find(names, text);
        if (found == names.end()) throw InputError(fmt::format("unknown {} '{}'", key, text));
        return static_cast<int>(found - names.begin());
    }

    static int to_int(const Json& value) {
        if (!value.is_number_integer()) throw InputError("not an integer");
        const auto wide = value.get<std::int64_t>();
        if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
            throw InputError("integer out of range");
        return static_cast<int>(wide);
    }
    static int integer(const Json& object, const char* name) { return to_int(object.at(name)); }
};

template <std::size_t... I>
Operation empty_operation(std::size_t index, std::index_sequence<I...>) {
    Operation op;
    ((index == I ? void(op.emplace<I>()) : void()), ...);
    return op;
}

Operation operation_of_type(const std::string& name) {
    const auto* found = std::find(std::begin(operation_names), std::end(operation_names), name);
    if (found == std::end(operation_names)) throw InputError("unknown operator type " + name);
    return empty_operation(static_cast<std::size_t>(found - std::begin(operation_names)),
                           std::make_index_sequence<std::variant_size_v<Operation>>());
}

void read_description(const hdf5::Reader& file, QuantizedNetwork& network) {
    const Json graph = Json::parse(file.read_text("/graph"));
    for (const Json& entry : graph.at("tensors")) {
        Tensor tensor{entry.at("name").get<std::string>(), {}};
        for (const Json& d : entry.at("shape")) tensor.shape.push_back(FieldReader::to_int(d));
        network.tensors.push_back(std::move(tensor));
    }
    for (const Json& entry : graph.at("operators")) {
        Operator op{entry.at("name").get<std::string>(),
                    operation_of_type(entry.at("type").get<std::string>())};
        const FieldReader reader{file, operator_group(network.operators.size()), entry};
        std::visit([&](auto& fields) { visit_fields(fields, reader); }, op.op);
        network.operators.push_back(std::move(op));
    }
    network.input = FieldReader::integer(graph, "input");
    network.output = FieldReader::integer(graph, "output");
    network.classes = FieldReader::integer(graph, "classes");
}

void check_header(const hdf5::Reader& file, const std::string& place) {
    if (!file.has_attribute("/", "type") || file.attribute_text("/", "type") != file_type)
        throw InputError(place + ": is not an integer network of acimsweep. Plan the run again");
    const int version = file.attribute<std::int32_t>("/", "version");
    if (version != file_version)
        throw InputError(fmt::format(
            "{}: network file version {} is not supported (this program reads {}). Use the program "
            "that wrote it, or plan the run again",
            place, version, file_version));
}

}  // namespace

std::vector<std::byte> encode_network(const QuantizedNetwork& network) {
    ACIM_EXPECT(network.hash == network_hash(network));
    hdf5::ImageWriter file;
    file.attribute("/", "type", file_type);
    file.attribute("/", "version", std::int32_t{file_version});
    file.attribute("/", "hash", network.hash);
    Json graph = {{"input", network.input},
                  {"output", network.output},
                  {"classes", network.classes},
                  {"tensors", Json::array()},
                  {"operators", Json::array()}};
    for (const Tensor& tensor : network.tensors)
        graph["tensors"].push_back({{"name", tensor.name}, {"shape", tensor.shape}});
    file.group("/operators");
    for (std::size_t i = 0; i < network.operators.size(); ++i) {
        const Operator& op = network.operators[i];
        file.group(operator_group(i));
        Json entry = {{"name", op.name}, {"type", operation_names[op.op.index()]}};
        const auto* product = std::get_if<Product>(&op.op);
        const auto outputs = static_cast<std::uint64_t>(product ? product->outputs : 0);
        FieldWriter writer{file, operator_group(i), outputs, entry};
        std::visit([&](const auto& fields) { visit_fields(fields, writer); }, op.op);
        graph["operators"].push_back(std::move(entry));
    }
    // Names that are not UTF-8 could not be written; the importer never passes them on.
    file.write_text("/graph", graph.dump());
    return file.image();
}

QuantizedNetwork decode_network(std::span<const std::byte> bytes, const std::string& place) {
    const hdf5::Reader file = hdf5::Reader::from_bytes(bytes, place);
    check_header(file, place);
    QuantizedNetwork network;
    try {
        read_description(file, network);
    } catch (const std::exception& error) {
        const std::string text = error.what();
        if (text.starts_with(place)) throw InputError(text);
        throw InputError(
            fmt::format("{}: graph: {}. The file is damaged; plan the run again", place, text));
    }
    check_network(network, place);
    network.hash = network_hash(network);
    if (network.hash != file.attribute_text("/", "hash"))
        throw InputError(fmt::format(
            "{}: the stored hash does not fit the content. The file is damaged; plan the run again",
            place));
    return network;
}

void save_network(const QuantizedNetwork& network, const std::filesystem::path& path) {
    write_file_atomically(path, encode_network(network));
}

QuantizedNetwork load_network(const std::filesystem::path& path) {
    return decode_network(read_whole_file(path), path.string());
}

}  // namespace acim
