// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <random>

#include "host/core/error.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/hdf5/reader.hpp"
#include "host/quant/calibrate.hpp"
#include "host/quant/network_file.hpp"
#include "tests/quant/small_network.hpp"

// Hooks of the sanitizers. From damaged bytes the HDF5 library asks malloc for absurd sizes,
// handles the refusal, and loses some of its own small blocks on the way out; neither is the
// project's.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace acim {
namespace {

using ::testing::HasSubstr;

QuantizedNetwork small_network() {
    const auto graph = test::every_operator();
    return quantise(*graph, observe(graph, test::ramp_images(8), 8), {}, {4, 8}, {8, 8});
}

std::string error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const InputError& error) {
        return error.what();
    }
    return "no error";
}

TEST(NetworkFile, RoundTripKeepsEverything) {
    const QuantizedNetwork network = small_network();
    const auto bytes = encode_network(network);
    const QuantizedNetwork back = decode_network(bytes, "file");
    EXPECT_EQ(back.hash, network.hash);
    EXPECT_EQ(encode_network(back), bytes);
    ASSERT_EQ(back.operators.size(), network.operators.size());
    const auto& a = std::get<Product>(network.operators[0].op);
    const auto& b = std::get<Product>(back.operators[0].op);
    EXPECT_EQ(a.weights, b.weights);
    EXPECT_EQ(a.weight_scale, b.weight_scale);
    EXPECT_EQ(a.bias, b.bias);
    EXPECT_EQ(a.input_quantisation.scale, b.input_quantisation.scale);
    EXPECT_EQ(b.conv.pad_right, 1);
    EXPECT_EQ(std::get<Clip>(back.operators[2].op).high, 6.0F);
    EXPECT_EQ(back.tensors[9].shape, (std::vector<int>{1, 3}));
    EXPECT_EQ(back.mac_layers(), (std::vector<int>{0, 8}));
}

TEST(NetworkFile, KeepsInfiniteClipBounds) {
    QuantizedNetwork network = small_network();
    std::get<Clip>(network.operators[2].op).low = -std::numeric_limits<float>::infinity();
    network.hash = network_hash(network);
    EXPECT_EQ(decode_network(encode_network(network), "file").hash, network.hash);
}

TEST(NetworkFile, SavesAndLoads) {
    const QuantizedNetwork network = small_network();
    const auto folder = std::filesystem::path(ACIM_BINARY_DIR) / "test_network_file";
    std::filesystem::create_directories(folder);
    save_network(network, folder / "network.h5");
    EXPECT_EQ(load_network(folder / "network.h5").hash, network.hash);
    EXPECT_THAT(error_of([&] { load_network(folder / "missing.h5"); }), HasSubstr("missing.h5"));
    EXPECT_THROW(save_network(network, folder / "no" / "network.h5"), StorageError);
}

TEST(NetworkHash, SeesEveryField) {
    const QuantizedNetwork network = small_network();
    const auto changed = [&](const std::function<void(QuantizedNetwork&)>& change) {
        QuantizedNetwork other = network;
        change(other);
        return network_hash(other) != network.hash;
    };
    const auto first = [](QuantizedNetwork& n) -> Product& {
        return std::get<Product>(n.operators[0].op);
    };
    EXPECT_FALSE(changed([](QuantizedNetwork& n) { n.hash = "other"; }));
    EXPECT_TRUE(changed([&](QuantizedNetwork& n) { first(n).weights[5] ^= 1; }));
    EXPECT_TRUE(changed([&](QuantizedNetwork& n) { first(n).bias[1] += 1.0F; }));
    EXPECT_TRUE(changed([&](QuantizedNetwork& n) { first(n).weight_scale[0] *= 2.0F; }));
    EXPECT_TRUE(changed([&](QuantizedNetwork& n) { first(n).input_quantisation.bits = 7; }));
    EXPECT_TRUE(changed([&](QuantizedNetwork& n) { first(n).conv.pad_right = 2; }));
    EXPECT_TRUE(changed([](QuantizedNetwork& n) { n.operators[0].name = "c"; }));
    EXPECT_TRUE(changed([](QuantizedNetwork& n) { n.tensors[0].shape = {1, 4, 2, 4}; }));
    EXPECT_TRUE(changed([](QuantizedNetwork& n) {
        std::get<AveragePool>(n.operators[6].op).count_include_pad = true;
    }));
    EXPECT_TRUE(changed([](QuantizedNetwork& n) { n.operators[1].op = View{1, 2}; }));
}

// A change that keeps the hash right must be caught by the checks of the content.
TEST(CheckNetwork, NamesWhatIsWrong) {
    const auto message = [](const std::function<void(QuantizedNetwork&)>& change) {
        QuantizedNetwork other = small_network();
        change(other);
        return error_of([&] { check_network(other, "run/network.h5"); });
    };
    const auto conv = [&](const std::function<void(Product&)>& change) {
        return message([&](QuantizedNetwork& n) { change(std::get<Product>(n.operators[0].op)); });
    };
    EXPECT_EQ(message([](QuantizedNetwork&) {}), "no error");
    EXPECT_THAT(conv([](Product& p) { p.input = 77; }),
                HasSubstr("run/network.h5: operator 'conv': tensor number out of range"));
    EXPECT_THAT(conv([](Product& p) { p.input = -1; }), HasSubstr("out of range"));
    EXPECT_THAT(conv([](Product& p) { p.input = 3; }), HasSubstr("before it is made"));
    EXPECT_THAT(conv([](Product& p) { p.output = 0; }), HasSubstr("made twice"));
    EXPECT_THAT(conv([](Product& p) { p.depth = 17; }), HasSubstr("depth differs"));
    EXPECT_THAT(conv([](Product& p) { p.weights.pop_back(); }), HasSubstr("number of weights"));
    EXPECT_THAT(conv([](Product& p) { p.weights[0] = -8; }), HasSubstr("exceeds weight_bits"));
    EXPECT_THAT(conv([](Product& p) { p.weight_scale[1] = 0.0F; }), HasSubstr("not positive"));
    EXPECT_THAT(conv([](Product& p) { p.bias[1] = std::numeric_limits<float>::infinity(); }),
                HasSubstr("bias is not finite"));
    EXPECT_THAT(conv([](Product& p) { p.bias.clear(); }), HasSubstr("one bias per output"));
    EXPECT_THAT(conv([](Product& p) { p.conv.groups = 0; }), HasSubstr("below 1"));
    EXPECT_THAT(conv([](Product& p) { p.conv.pad_top = -1; }), HasSubstr("negative"));
    EXPECT_THAT(conv([](Product& p) { p.conv.out_width = 5; }), HasSubstr("does not follow"));
    EXPECT_THAT(conv([](Product& p) { p.input_quantisation.bits = 10; }), HasSubstr("activation"));
    EXPECT_THAT(conv([](Product& p) { p.input_quantisation.scale = -1.0F; }),
                HasSubstr("activation_scale"));
    EXPECT_THAT(message([](QuantizedNetwork& n) { n.tensors[1].shape[1] = 3; }),
                HasSubstr("its output has another size"));
    EXPECT_THAT(message([](QuantizedNetwork& n) { n.tensors[1].shape[1] = 0; }),
                HasSubstr("below 1"));
    EXPECT_THAT(message([](QuantizedNetwork& n) {
                    n.tensors[1].shape = {1 << 30, 1 << 30, 1 << 30};
                }),
                HasSubstr("too many elements"));
    EXPECT_THAT(message([](QuantizedNetwork& n) { n.classes = 4; }), HasSubstr("classes"));
    EXPECT_THAT(message([](QuantizedNetwork& n) {
                    std::get<AveragePool>(n.operators[6].op).pool.pad_top = 2;
                }),
                HasSubstr("outside the map"));
    // Windows whose ends do not fit an int, found by fuzzing.
    constexpr int most = std::numeric_limits<int>::max();
    for (int PoolGeometry::*size : {&PoolGeometry::kernel_height, &PoolGeometry::stride_width})
        EXPECT_THAT(message([&](QuantizedNetwork& n) {
                        std::get<MaxPool>(n.operators[5].op).pool.*size = most;
                    }),
                    HasSubstr("'max': a size of the pooling is out of range"));
    EXPECT_THAT(conv([](Product& p) { p.conv.pad_bottom = most; }), HasSubstr("too large"));
    EXPECT_THAT(message([](QuantizedNetwork& n) {
                    n.tensors[1].shape = {1, (1 << 28) + 1};
                }),
                HasSubstr("too many elements"));
    EXPECT_THAT(message([](QuantizedNetwork& n) { std::swap(n.operators[0], n.operators[1]); }),
                HasSubstr("before it is made"));
}

TEST(NetworkFile, RefusesOtherFilesAndVersions) {
    const std::string text = "this is not HDF5";
    EXPECT_THAT(error_of([&] {
                    decode_network(std::as_bytes(std::span(text.data(), text.size())), "a.h5");
                }),
                HasSubstr("a.h5"));
    const auto file = [](const char* type, int version, const std::string& graph) {
        hdf5::ImageWriter writer;
        writer.attribute("/", "type", type);
        writer.attribute("/", "version", std::int32_t{version});
        writer.attribute("/", "hash", "0");
        writer.write_text("/graph", graph);
        return error_of([bytes = writer.image()] { decode_network(bytes, "a.h5"); });
    };
    EXPECT_THAT(file("other", 1, "{}"), HasSubstr("a.h5: is not an integer network"));
    EXPECT_THAT(file("acimsweep_network", 2, "{}"), HasSubstr("version 2 is not supported"));
    EXPECT_THAT(file("acimsweep_network", 1, "{]"), HasSubstr("a.h5: graph: "));
    EXPECT_THAT(file("acimsweep_network", 1, "{}"), HasSubstr("a.h5: graph: "));
    EXPECT_THAT(file("acimsweep_network", 1, R"({"tensors":[{"name":"x","shape":[1e300]}]})"),
                HasSubstr("not an integer"));
    EXPECT_THAT(file("acimsweep_network", 1, R"({"tensors":[{"name":"x","shape":[99999999999]}]})"),
                HasSubstr("out of range"));
    EXPECT_THAT(
        file("acimsweep_network", 1, R"({"tensors":[],"operators":[{"name":"a","type":"sin"}]})"),
        HasSubstr("unknown operator type sin"));
}

// Truncations and 300 seeded single-bit flips: InputError, or the very same content where the bit
// means nothing to HDF5.
TEST(NetworkFile, SurvivesDamage) {
    const QuantizedNetwork network = small_network();
    const auto bytes = encode_network(network);
    const auto survives = [&](const std::vector<std::byte>& damaged) {
        try {
            return decode_network(damaged, "a.h5").hash == network.hash;
        } catch (const InputError& error) {
            return std::string(error.what()).starts_with("a.h5");
        }
    };
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 60)
        EXPECT_TRUE(survives({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
    std::mt19937 random(6);
    for (int i = 0; i < 300; ++i) {
        auto damaged = bytes;
        const std::size_t at = random() % damaged.size();
        damaged[at] ^= std::byte{1} << (random() % 8);
        EXPECT_TRUE(survives(damaged)) << "byte " << at;
    }
}

}  // namespace
}  // namespace acim
