// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "tests/engine/small_network.hpp"

// A transformer of one block on the small images: patches, class token, positions, layer norms,
// attention with two heads on the array, GELU. Every operator that the small network does not have.
namespace acim::testing_support {

constexpr int tokens = 5, width = 6, heads = 2, head_width = 3;

inline std::vector<float> random_floats(std::size_t count, float scale, std::mt19937& random) {
    std::vector<float> out(count);
    for (float& v : out) v = scale * (static_cast<float>(random() % 2001) - 1000.0F) / 1000.0F;
    return out;
}

// A product of two computed tensors with `outputs` columns a head.
inline Product computed(TensorId input, TensorId stored, TensorId output, int outputs, int depth,
                        bool on_left, Quantisation q, float stored_scale) {
    Product p;
    p.input = input;
    p.output = output;
    p.outputs = heads * outputs;
    p.depth = depth;
    p.input_quantisation = q;
    p.weight_bits = 7;
    p.stored = {stored, heads, on_left, stored_scale};
    p.weight_scale.assign(static_cast<std::size_t>(p.outputs), 0.5F * stored_scale);
    p.bias.assign(static_cast<std::size_t>(p.outputs), 0.0F);
    return p;
}

// Part `index` of [tokens][3][heads][head_width], as [heads][tokens][head_width] or, for the keys,
// [heads][head_width][tokens].
inline Rearrange part_of_qkv(TensorId input, TensorId output, int index, bool is_key) {
    const std::vector<int> plain = {heads, tokens, head_width}, key = {heads, head_width, tokens};
    const std::vector<int> steps = {head_width, 3 * width, 1},
                           key_steps = {head_width, 1, 3 * width};
    return {input, output, index * width, is_key ? key : plain, is_key ? key_steps : steps};
}

// Logits of the class token, or of every token.
enum class Predicts { once, everywhere };

inline std::shared_ptr<const QuantizedNetwork> attention_network(Predicts predicts) {
    auto n = std::make_shared<QuantizedNetwork>();
    std::mt19937 random(19);
    const auto tensor = [&](const char* name, std::vector<int> shape) {
        n->tensors.push_back({name, std::move(shape)});
        return static_cast<TensorId>(n->tensors.size()) - 1;
    };
    const auto add = [&](const char* name, Operation op) {
        n->operators.push_back({name, std::move(op)});
    };
    const auto norm = [&](TensorId in, TensorId out, bool is_centred) {
        return LayerNorm{in,
                         out,
                         is_centred,
                         1e-5F,
                         random_floats(width, 2.0F, random),
                         random_floats(width, 0.3F, random)};
    };
    const std::vector<int> line = {1, tokens, width};
    n->input = tensor("input", {1, 2, 8, 8});
    const TensorId patches = tensor("patches", {1, width, 2, 2});
    Product stem = product(n->input, patches, width, 32, {8, false, 1.0F / 255}, random);
    stem.is_conv = true;
    stem.conv = {1, 2, 8, 8, 4, 4, 4, 4, 1, 1, 0, 0, 0, 0, width, 2, 2};
    add("stem", stem);
    const TensorId flat = tensor("flat", {1, width, 4}), rows = tensor("rows", {1, 4, width});
    add("flat", View{patches, flat});
    add("rows", Rearrange{flat, rows, 0, {4, width}, {1, 4}});
    const TensorId token = tensor("token", {1, 1, width}), all = tensor("all", line);
    add("token", Constant{token, random_floats(width, 1.0F, random)});
    add("all", Concat{{token, rows}, all, 1});
    const TensorId positions = tensor("positions", line), x = tensor("x", line);
    add("positions", Constant{positions, random_floats(tokens * width, 0.5F, random)});
    add("x", Binary{all, positions, x, BinaryKind::add, {tokens, width}, {width, 1}, {width, 1}});
    const TensorId n1 = tensor("n1", line), qkv = tensor("qkv", {1, tokens, 3 * width});
    add("n1", norm(x, n1, true));
    add("attn.qkv", product(n1, qkv, 3 * width, width, {8, true, 0.03F}, random));
    const TensorId q = tensor("q", {heads, tokens, head_width});
    const TensorId k = tensor("k", {heads, head_width, tokens});
    const TensorId v = tensor("v", {heads, tokens, head_width});
    add("q", part_of_qkv(qkv, q, 0, false));
    add("k", part_of_qkv(qkv, k, 1, true));
    add("v", part_of_qkv(qkv, v, 2, false));
    const TensorId scores = tensor("scores", {heads, tokens, tokens});
    add("attn.qk", computed(k, q, scores, tokens, head_width, true, {9, true, 0.02F}, 0.05F));
    const TensorId weights = tensor("weights", {heads, tokens, tokens});
    add("softmax", Softmax{scores, weights, tokens, 1, false});
    const TensorId mixed = tensor("mixed", {heads, tokens, head_width}), joined = tensor("j", line);
    add("attn.av",
        computed(weights, v, mixed, head_width, tokens, false, {8, false, 1.0F / 255}, 0.05F));
    add("joined",
        Rearrange{
            mixed, joined, 0, {tokens, heads, head_width}, {head_width, tokens * head_width, 1}});
    const TensorId projected = tensor("projected", line), y = tensor("y", line);
    add("attn.proj", product(joined, projected, width, width, {8, true, 0.03F}, random));
    add("y", Add{projected, x, y});
    const TensorId n2 = tensor("n2", line), wide = tensor("wide", {1, tokens, 8});
    add("n2", norm(y, n2, false));
    add("fc1", product(n2, wide, 8, width, {8, true, 0.02F}, random));
    const TensorId gelu = tensor("gelu", {1, tokens, 8}), gated = tensor("gated", {1, tokens, 8});
    add("gelu", Function{wide, gelu, FunctionKind::gelu});
    add("gated", Requantise{gelu, gated, {6, true, 0.05F}});
    const TensorId narrow = tensor("narrow", line), z = tensor("z", line);
    add("fc2", product(gated, narrow, width, 8, {7, true, 0.03F}, random));
    add("z", Add{narrow, y, z});
    TensorId first = z;
    if (predicts == Predicts::once) {
        first = tensor("first", {1, width});
        add("first", Rearrange{z, first, 0, {width}, {1}});
        n->output = tensor("logits", {1, 5});
    } else {
        n->output = tensor("logits", {1, tokens, 5});
    }
    add("head", product(first, n->output, 5, width, {8, true, 0.05F}, random));
    n->classes = 5;
    return n;
}

inline std::shared_ptr<const TrialSetup> attention_setup(Predicts predicts) {
    auto setup = std::make_shared<TrialSetup>(*small_setup());
    setup->network = attention_network(predicts);
    if (predicts == Predicts::everywhere) {
        setup->images = std::make_shared<RandomImages>(16, tokens);
        setup->reference_top1.assign(std::size_t{16} * tokens, 2);
        setup->predictions = true;
    }
    for (DesignPoint& point : setup->points) {
        const bool mixed = point.id == "mixed";
        LayerSettings settings = point.layers.back();
        settings.macro.mapping = RowMapping::dense;
        point.layers.assign(setup->network->mac_layers().size(), settings);
        if (mixed) point.layers[2].analog = false;
    }
    return setup;
}

}  // namespace acim::testing_support
