// SPDX-License-Identifier: Apache-2.0
// Every operator between products as the engine launches it, all slots at once, against what
// cuda/trial gives for one image after the other; constants in slots and beside them.
#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "cuda/engine/slot_operators.hpp"
#include "cuda/trial/digital_operators.hpp"
#include "tests/engine_cuda/device_values.hpp"
#include "tests/engine_cuda/slot_values.hpp"

namespace acim {
namespace {

using testing_device::bits;
using testing_device::from_device;
using testing_device::on_device;
using testing_device::random_values;

using Floats = std::vector<float>;
constexpr std::size_t slots = 3;

// Operands are tensors 0, 1 .., the operators' outputs follow.
class OperatorNetwork {
public:
    explicit OperatorNetwork(unsigned seed) : draw_(seed) { n_.input = 0; }

    TensorId operand(int elements) {
        n_.tensors.push_back({"operand", {1, elements}});
        return last();
    }
    TensorId constant(int elements) {
        n_.tensors.push_back({"constant", {1, elements}});
        n_.operators.push_back(
            {"constant",
             Constant{last(), random_values(draw_, static_cast<std::size_t>(elements))}});
        return last();
    }
    template <class Op>
    TensorId add(Op op, std::int64_t elements) {
        n_.tensors.push_back({"output", {1, static_cast<int>(elements)}});
        op.output = last();
        n_.operators.push_back({"operator", op});
        return last();
    }
    Floats values(std::int64_t n) { return random_values(draw_, static_cast<std::size_t>(n)); }

    // Every tensor that operators write, all slots.
    void expect_equal() {
        n_.output = last();
        n_.classes = static_cast<int>(n_.tensors.back().elements());
        const DeviceNetwork network(n_);
        const DeviceArray<float> tensors(static_cast<std::size_t>(network.slot_elements()) * slots);
        fill(network, tensors);
        const Stream stream;
        const SlotOperators operators(network, tensors.data(), slots, stream);
        for (std::size_t i = 0; i < n_.operators.size(); ++i) operators.run(i);
        const Floats got = from_device(tensors, stream);
        for (std::size_t i = 0; i < n_.operators.size(); ++i)
            expect_output(network, got, output_of(n_.operators[i].op), n_.operators[i].op.index());
    }
    const QuantizedNetwork& network() const { return n_; }

private:
    TensorId last() const { return static_cast<TensorId>(n_.tensors.size()) - 1; }

    // Random operands, and what the operators make of them on the host.
    void fill(const DeviceNetwork& network, const DeviceArray<float>& tensors) {
        Floats all(tensors.size(), 77.0F);
        wanted_.assign(slots, {});
        for (std::size_t s = 0; s < slots; ++s) {
            for (const Tensor& t : n_.tensors) wanted_[s].push_back(values(t.elements()));
            for (std::size_t t = 0; t < n_.tensors.size(); ++t)
                if (n_.tensors[t].name == "operand")
                    std::ranges::copy(wanted_[s][t], all.begin() + place(network, t, s));
            fill_constants(n_.operators, wanted_[s]);
            for (const Operator& node : n_.operators)
                std::visit(
                    [&](const auto& op) {
                        using Op = std::decay_t<decltype(op)>;
                        if constexpr (!std::is_same_v<Op, Product> && !std::is_same_v<Op, Constant>)
                            run_digital(op, wanted_[s]);
                    },
                    node.op);
        }
        ASSERT_EQ(cudaMemcpy(tensors.data(), all.data(), tensors.bytes(), cudaMemcpyHostToDevice),
                  cudaSuccess);
    }
    std::ptrdiff_t place(const DeviceNetwork& network, std::size_t tensor, std::size_t slot) const {
        return network.offset(static_cast<TensorId>(tensor)) * static_cast<std::ptrdiff_t>(slots) +
               static_cast<std::ptrdiff_t>(slot) * n_.tensors[tensor].elements();
    }
    void expect_output(const DeviceNetwork& network, const Floats& got, TensorId tensor,
                       std::size_t kind) const {
        if (network.shared(tensor) != nullptr) return;
        for (std::size_t s = 0; s < slots; ++s) {
            const auto first = got.begin() + place(network, static_cast<std::size_t>(tensor), s);
            const Floats own(first, first + n_.tensors[tensor].elements());
            EXPECT_EQ(bits(own), bits(wanted_[s][tensor])) << "operator " << kind << ", slot " << s;
        }
    }

    std::mt19937 draw_;
    QuantizedNetwork n_;
    std::vector<std::vector<Floats>> wanted_;  // by slot, tensor
};

TEST(SlotOperators, Functions) {
    OperatorNetwork n(1);
    const TensorId x = n.operand(523);
    for (int kind = 0; kind <= static_cast<int>(FunctionKind::absolute); ++kind)
        n.add(Function{x, -1, static_cast<FunctionKind>(kind), 0.3F, 0.45F}, 523);
    n.add(Relu{x, -1}, 523);
    n.add(Clip{x, -1, -2.0F, 5.0F}, 523);
    n.add(Requantise{x, -1, {8, true, 0.013F}}, 523);
    n.add(Requantise{x, -1, {5, false, 1.7F}}, 523);
    n.expect_equal();
}

TEST(SlotOperators, BinaryOperators) {
    OperatorNetwork n(2);
    const TensorId a = n.operand(60), b = n.operand(60), row = n.constant(5), one = n.constant(1);
    const TensorId table = n.constant(12);
    for (int i = 0; i <= static_cast<int>(BinaryKind::maximum); ++i) {
        const auto kind = static_cast<BinaryKind>(i);
        n.add(Binary{a, b, -1, kind, {60}, {1}, {1}}, 60);
        n.add(Binary{a, row, -1, kind, {12, 5}, {5, 1}, {0, 1}}, 60);
        n.add(Binary{one, b, -1, kind, {60}, {0}, {1}}, 60);
        n.add(Binary{a, table, -1, kind, {3, 4, 5}, {20, 5, 1}, {4, 1, 0}}, 60);
        n.add(Binary{a, b, -1, kind, {2, 3, 2, 5, 4}, {30, 10, 5, 1, 0}, {0, 20, 8, 2, 1}}, 240);
    }
    n.expect_equal();
}

TEST(SlotOperators, Sums) {
    OperatorNetwork n(3);
    const TensorId a = n.operand(77), b = n.operand(77), one = n.operand(1);
    const TensorId c = n.constant(77), step = n.constant(1);
    for (const auto& [x, y] : {std::pair{a, b}, {a, one}, {a, c}, {c, b}, {a, step}, {c, one}})
        n.add(Add{x, y, -1}, 77);
    n.expect_equal();
}

// Transposes, slices, and an index that repeats; of a constant too.
TEST(SlotOperators, Rearrangements) {
    OperatorNetwork n(4);
    const TensorId x = n.operand(210), c = n.constant(30);
    n.add(Rearrange{x, -1, 0, {7, 2, 3, 5}, {1, 105, 35, 7}}, 210);
    n.add(Rearrange{x, -1, 37, {4, 3}, {35, -2}}, 12);
    n.add(Rearrange{x, -1, 5, {2, 3, 4, 1, 2, 5}, {0, 70, 1, 9, 0, 7}}, 240);
    n.add(Rearrange{c, -1, 2, {6, 4}, {1, 6}}, 24);
    n.expect_equal();
}

TEST(SlotOperators, Concatenations) {
    OperatorNetwork n(5);
    const TensorId token = n.constant(8), x = n.operand(40), y = n.operand(24);
    n.add(Concat{{token, x}, -1, 1}, 48);
    n.add(Concat{{x, token, y, x}, -1, 8}, 112);
    n.add(Concat{{y}, -1, 2}, 24);
    n.expect_equal();
}

TEST(SlotOperators, Softmaxes) {
    OperatorNetwork n(6);
    const TensorId x = n.operand(1260);
    for (const bool is_log : {false, true})
        for (const auto& [length, inner] :
             {std::pair{1260, 1}, {63, 1}, {4, 1}, {1, 1}, {5, 7}, {70, 18}, {1, 1260}})
            n.add(Softmax{x, -1, length, inner, is_log}, 1260);
    n.expect_equal();
}

TEST(SlotOperators, LayerNorms) {
    OperatorNetwork n(7);
    const TensorId x = n.operand(1260);
    for (const int length : {1260, 63, 32, 5, 1})
        for (const bool is_centred : {true, false})
            if (1260 % length == 0)
                n.add(LayerNorm{x, -1, is_centred, 1e-5F, n.values(length), n.values(length)},
                      1260);
    n.expect_equal();
}

TEST(SlotOperators, Embeddings) {
    OperatorNetwork n(8);
    const TensorId x = n.operand(50);
    n.add(Embedding{x, -1, 9, n.values(63)}, 450);
    n.add(Embedding{x, -1, 1, n.values(200)}, 50);
    n.expect_equal();
}

// What reads a constant by strides alone shares it; views of it, and others, do not change that.
TEST(SlotOperators, ConstantsAreSharedWhereTheyCanBe) {
    OperatorNetwork n(9);
    const TensorId x = n.operand(12), shared = n.constant(12), filled = n.constant(12);
    const TensorId seen = n.constant(12), late = n.constant(12);
    const TensorId view = n.add(View{shared, -1}, 12);
    n.add(Add{x, view, -1}, 12);
    n.add(Relu{n.add(View{filled, -1}, 12), -1}, 12);
    n.add(Binary{filled, x, -1, BinaryKind::multiply, {12}, {1}, {1}}, 12);
    n.add(Softmax{seen, -1, 12, 1, false}, 12);
    const TensorId out = n.add(View{n.add(View{late, -1}, 12), -1}, 12);
    n.expect_equal();
    const DeviceNetwork network(n.network());
    EXPECT_NE(network.shared(shared), nullptr);
    EXPECT_EQ(network.shared(shared), network.shared(view));
    for (const TensorId t : {filled, seen, late, out}) EXPECT_EQ(network.shared(t), nullptr) << t;
    EXPECT_EQ(network.offset(out), network.offset(late));
}

}  // namespace
}  // namespace acim
