// SPDX-License-Identifier: Apache-2.0
// Functions, softmax and layer norm against libm in long double, and their independence of order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "cuda/model/digital/erf.hpp"
#include "cuda/trial/digital_operators.hpp"

namespace acim {
namespace {

using Wide = long double;
using Floats = std::vector<float>;
constexpr float inf = std::numeric_limits<float>::infinity();

// One rounding to float32 is 2^-24; the double in front of it adds much less.
constexpr Wide rounding = 6.1e-8L;

TEST(Erf, HasTwelveDigits) {
    for (double z = 0.0; z < 26.0; z += 1.0 / 512)
        EXPECT_NEAR(static_cast<double>(digital::erfc_value(z) / std::erfc(Wide{z})), 1.0, 2e-12)
            << z;
    for (double z = 0.0; z < 6.0; z += 1.0 / 64)
        EXPECT_NEAR(digital::erfc_value(-z), std::erfc(-z), 4e-12) << z;
}

void expect_function(FunctionKind kind, const std::function<Wide(Wide)>& truth, float a = 0.0F,
                     float b = 0.0F, float least = -30.0F) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> values(least, 30.0F);
    for (int i = 0; i < 20000; ++i) {
        const float x = i % 2 == 0 ? values(random) : values(random) / 16.0F;
        const Wide want = truth(x), got = apply(kind, x, a, b);
        // 1e-12 where a difference cancels: tanh and sigmoid near their ends.
        EXPECT_LE(std::fabs(got - want), rounding * std::fabs(want) + 1e-12L)
            << static_cast<int>(kind) << " at " << x;
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Functions, EqualLibmToOneRounding) {
    const auto phi = [](Wide x) { return 0.5L * std::erfc(-x / std::sqrt(2.0L)); };
    const auto logistic = [](Wide x) { return 1.0L / (1.0L + std::exp(-x)); };
    expect_function(FunctionKind::sigmoid, logistic);
    expect_function(FunctionKind::tanh, [](Wide x) { return std::tanh(x); });
    expect_function(FunctionKind::erf, [](Wide x) { return std::erf(x); });
    expect_function(FunctionKind::gelu, [&](Wide x) { return x * phi(x); });
    expect_function(FunctionKind::silu, [&](Wide x) { return x * logistic(x); });
    expect_function(FunctionKind::gelu_tanh, [](Wide x) {
        const Wide inner = std::sqrt(2.0L / 3.14159265358979323846L) * (x + 0.044715L * x * x * x);
        return 0.5L * x * (1.0L + std::tanh(inner));
    });
    expect_function(FunctionKind::hard_swish,
                    [](Wide x) { return x * std::clamp(x / 6.0L + 0.5L, 0.0L, 1.0L); });
    expect_function(
        FunctionKind::elu, [](Wide x) { return x < 0 ? std::expm1(x) : x; }, 1.0F);
    expect_function(FunctionKind::exp, [](Wide x) { return std::exp(x); });
    expect_function(
        FunctionKind::log, [](Wide x) { return std::log(x); }, 0, 0, 1e-3F);
    expect_function(
        FunctionKind::sqrt, [](Wide x) { return std::sqrt(x); }, 0, 0, 0);
}

TEST(Functions, KnowTheirParametersAndEnds) {
    EXPECT_EQ(apply(FunctionKind::hard_sigmoid, 1.0F, 0.25F, 0.5F), 0.75F);
    EXPECT_EQ(apply(FunctionKind::hard_sigmoid, 9.0F, 0.25F, 0.5F), 1.0F);
    EXPECT_EQ(apply(FunctionKind::leaky_relu, -2.0F, 0.5F, 0), -1.0F);
    EXPECT_EQ(apply(FunctionKind::leaky_relu, 2.0F, 0.5F, 0), 2.0F);
    EXPECT_EQ(apply(FunctionKind::reciprocal, -4.0F, 0, 0), -0.25F);
    EXPECT_EQ(apply(FunctionKind::absolute, -4.0F, 0, 0), 4.0F);
    EXPECT_EQ(apply(FunctionKind::sigmoid, -1000.0F, 0, 0), 0.0F);
    EXPECT_EQ(apply(FunctionKind::sigmoid, inf, 0, 0), 1.0F);
    EXPECT_EQ(apply(FunctionKind::tanh, -inf, 0, 0), -1.0F);
    EXPECT_EQ(apply(FunctionKind::sqrt, -1.0F, 0, 0), 0.0F);
    EXPECT_EQ(apply(BinaryKind::divide, 1.0F, 3.0F), 1.0F / 3.0F);
    EXPECT_EQ(apply(BinaryKind::maximum, 1.0F, 3.0F), 3.0F);
    EXPECT_EQ(apply(BinaryKind::minimum, 1.0F, 3.0F), 1.0F);
    EXPECT_EQ(apply(BinaryKind::subtract, 1.0F, 3.0F), -2.0F);
}

Floats random_values(std::size_t count, float mean, float spread) {
    std::mt19937 random(11);
    std::normal_distribution<float> values(mean, spread);
    Floats out(count);
    for (float& v : out) v = values(random);
    return out;
}

TEST(Softmax, EqualsLibmAndForgetsTheOrder) {
    const Floats in = random_values(197, 0.0F, 6.0F);
    Floats out(in.size()), logs(in.size());
    run(Softmax{0, 0, 197, 1, false}, in, out);
    run(Softmax{0, 0, 197, 1, true}, in, logs);
    Wide total = 0;
    for (const float x : in) total += std::exp(Wide{x});
    for (std::size_t i = 0; i < in.size(); ++i) {
        const Wide want = std::exp(Wide{in[i]}) / total;
        EXPECT_LE(std::fabs(out[i] - want), rounding * want + 2e-12L);  // terms are 2^-40 steps
        EXPECT_NEAR(logs[i], static_cast<double>(std::log(want)), 1e-6);
    }
    Floats turned(in.rbegin(), in.rend()), back(in.size());
    run(Softmax{0, 0, 197, 1, false}, turned, back);
    std::ranges::reverse(back);
    EXPECT_EQ(back, out);
}

TEST(Softmax, TakesAnyAxisAndMasks) {
    const Floats in = {1, 5, 2, 5, 3, -inf};  // [3][2], along axis 0
    Floats out(6);
    run(Softmax{0, 0, 3, 2, false}, in, out);
    const double e1 = std::exp(-2.0), e2 = std::exp(-1.0), sum = e1 + e2 + 1.0;
    const Floats want = {static_cast<float>(e1 / sum),  0.5F, static_cast<float>(e2 / sum), 0.5F,
                         static_cast<float>(1.0 / sum), 0.0F};
    for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(out[i], want[i], 1e-7F) << i;
    EXPECT_EQ(out[5], 0.0F);
    const Floats nothing(3, -inf);
    Floats zeros(3, 1.0F);
    run(Softmax{0, 0, 3, 1, false}, nothing, zeros);
    EXPECT_EQ(zeros, Floats(3, 0.0F));
}

Floats normalised(const Floats& in, bool is_centred, float epsilon = 1e-5F) {
    Wide mean = 0, square = 0;
    for (const float x : in) mean += x;
    mean = is_centred ? mean / static_cast<Wide>(in.size()) : 0;
    for (const float x : in) square += (x - mean) * (x - mean);
    const Wide root = std::sqrt(square / static_cast<Wide>(in.size()) + epsilon);
    Floats out;
    for (const float x : in) out.push_back(static_cast<float>((x - mean) / root));
    return out;
}

LayerNorm plain_norm(std::size_t length, bool is_centred) {
    return {0, 0, is_centred, 1e-5F, Floats(length, 1.0F), Floats(length, 0.0F)};
}

// Scales from 1e-6 to 1e6, and a mean that is 3000 times the spread.
TEST(LayerNormalisation, EqualsLongDouble) {
    for (const auto& [mean, spread] : std::vector<std::pair<float, float>>{
             {0, 1}, {0, 1e-6F}, {5, 1e6F}, {3000, 1}, {-40, 0.1F}})
        for (const bool is_centred : {true, false}) {
            const Floats in = random_values(192, mean, spread), want = normalised(in, is_centred);
            Floats out(in.size());
            run(plain_norm(in.size(), is_centred), in, out);
            // Steps are 2^-31 of the largest value, squares 2^-22 of the largest deviation.
            const double step = 3e-7 + 1e-9 * std::fabs(mean) / spread;
            for (std::size_t i = 0; i < in.size(); ++i)
                EXPECT_NEAR(out[i], want[i], step * (1 + std::fabs(want[i]))) << mean << spread;
        }
}

TEST(LayerNormalisation, ForgetsTheOrderAndKnowsScaleAndShift) {
    const Floats in = random_values(64, 2.0F, 3.0F);
    Floats out(64), back(64);
    LayerNorm norm = plain_norm(64, true);
    run(norm, in, out);
    run(norm, Floats(in.rbegin(), in.rend()), back);
    std::ranges::reverse(back);
    EXPECT_EQ(back, out);
    norm.scale.assign(64, 2.0F);
    norm.shift.assign(64, 1.0F);
    run(norm, in, back);
    for (std::size_t i = 0; i < 64; ++i) EXPECT_NEAR(back[i], 2.0F * out[i] + 1.0F, 1e-6F);
}

TEST(LayerNormalisation, DefinesFlatLinesAndNan) {
    Floats out(3);
    run(plain_norm(3, true), Floats(3, 7.5F), out);
    EXPECT_EQ(out, Floats(3, 0.0F));
    run(plain_norm(3, true), Floats(3, 0.0F), out);
    EXPECT_EQ(out, Floats(3, 0.0F));
    run(plain_norm(3, false), Floats{std::nanf(""), 1.0F, -1.0F}, out);
    EXPECT_EQ(out[0], 0.0F);
    run(plain_norm(3, true), Floats{inf, 1.0F, -inf}, out);
    EXPECT_NEAR(out[0], 1.2247449F, 1e-6F);
    EXPECT_EQ(out[0], -out[2]);
}

TEST(DataMovement, FollowsItsStrides) {
    const Floats in = {0, 1, 2, 3, 4, 5};
    Floats out(6);
    run(Rearrange{0, 0, 0, {3, 2}, {1, 3}}, in, out);
    EXPECT_EQ(out, (Floats{0, 3, 1, 4, 2, 5}));
    run(Rearrange{0, 0, 5, {6}, {-1}}, in, out);
    EXPECT_EQ(out, (Floats{5, 4, 3, 2, 1, 0}));
    run(Rearrange{0, 0, 2, {2, 3}, {3, 0}}, in, out);
    EXPECT_EQ(out, (Floats{2, 2, 2, 5, 5, 5}));
    const std::vector<Floats> values = {{0, 1, 2, 3}, {8, 9}};
    run(Concat{{0, 1}, 2, 2}, values, out);
    EXPECT_EQ(out, (Floats{0, 1, 8, 2, 3, 9}));
    run(Binary{0, 0, 0, BinaryKind::multiply, {2, 3}, {0, 1}, {1, 0}}, Floats{1, 2, 3},
        Floats{10, -1}, out);
    EXPECT_EQ(out, (Floats{10, 20, 30, -1, -2, -3}));
    run(Embedding{0, 0, 2, {0, 1, 2, 3, 4, 5}}, Floats{2, -7, 99}, out);
    EXPECT_EQ(out, (Floats{4, 5, 0, 1, 4, 5}));
    run(Requantise{0, 0, {3, true, 0.5F}}, Floats{0.2F, 0.25F, 0.75F, 9, -9, -0.3F}, out);
    EXPECT_EQ(out, (Floats{0, 0, 1, 1.5F, -1.5F, -0.5F}));
}

}  // namespace
}  // namespace acim
