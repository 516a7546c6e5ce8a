// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/order.hpp"

#include <fmt/format.h>

#include <functional>
#include <queue>
#include <unordered_set>

#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

using Producers = std::unordered_map<std::string, int>;

Producers find_producers(const NodeList& list) {
    Producers producers;
    for (int i = 0; i < static_cast<int>(list.nodes.size()); ++i)
        for (const std::string& name : list.nodes[i].outputs) {
            if (name.empty()) continue;
            if (list.values.contains(name) || !producers.emplace(name, i).second)
                list.nodes[i].fail(
                    fmt::format("its output '{}' is defined twice", printable(name)));
        }
    return producers;
}

}  // namespace

void sort_nodes(NodeList& list) {
    const Producers producers = find_producers(list);
    const std::size_t count = list.nodes.size();
    std::vector<std::vector<int>> readers(count);
    std::vector<int> waits_for(count, 0);
    for (std::size_t i = 0; i < count; ++i)
        for (const std::string& name : list.nodes[i].inputs) {
            if (name.empty() || list.values.contains(name)) continue;
            const auto from = producers.find(name);
            if (from == producers.end())
                list.nodes[i].fail(
                    fmt::format("reads '{}', which nothing defines", printable(name)));
            readers[from->second].push_back(static_cast<int>(i));
            ++waits_for[i];
        }
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (std::size_t i = 0; i < count; ++i)
        if (waits_for[i] == 0) ready.push(static_cast<int>(i));
    std::vector<Node> sorted;
    sorted.reserve(count);
    while (!ready.empty()) {
        const int next = ready.top();
        ready.pop();
        for (const int reader : readers[next])
            if (--waits_for[reader] == 0) ready.push(reader);
        sorted.push_back(std::move(list.nodes[next]));
    }
    for (std::size_t i = 0; i < count; ++i)
        if (waits_for[i] > 0) list.nodes[i].fail("waits for its own output: the graph has a cycle");
    list.nodes = std::move(sorted);
}

void drop_dead_nodes(NodeList& list) {
    std::unordered_set<std::string> wanted{list.output};
    std::vector<Node> kept;
    for (auto node = list.nodes.rbegin(); node != list.nodes.rend(); ++node) {
        bool is_wanted = false;
        for (const std::string& name : node->outputs) is_wanted |= wanted.contains(name);
        if (!is_wanted) continue;
        for (const std::string& name : node->inputs)
            if (!name.empty()) wanted.insert(name);
        kept.push_back(std::move(*node));
    }
    list.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

}  // namespace acim::onnx_import
