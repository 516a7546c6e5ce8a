// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "host/onnx/node.hpp"
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {

// All that a model asks for and the importer cannot do, so that a user sees it in one message:
// operators that it does not know, with what could stand in their place, and forms of known operators.
class Unsupported {
public:
    // An operator that is not known at all, or on constants only but applied to the image.
    void add_operator(const Node& node);
    // What is wrong with one node; the same with several nodes becomes one line.
    void add_form(const Problem& problem);

    // Calls body(), and adds the Problem that it may throw: then false. Where a budget is spent, all
    // found so far is thrown, or that.
    template <class Body>
    bool attempt(const Body& body) {
        try {
            body();
            return true;
        } catch (const Exhausted&) {
            throw_if_any();
            throw;
        } catch (const Problem& problem) {
            add_form(problem);
            return false;
        }
    }

    bool any() const { return !operators_.list.empty() || !forms_.list.empty(); }
    // Throws one Problem that names all, where there is any.
    void throw_if_any() const;

private:
    struct Line {
        std::string text;                // the whole message of its first node
        std::string type, reason;        // empty where the problem names no node
        std::vector<std::string> nodes;  // as shown
    };
    // In the order of the file; found by a key, or a hostile file would cost the square of its nodes.
    struct Lines {
        std::vector<Line> list;
        std::unordered_map<std::string, std::size_t> place;

        Line& at(const std::string& key);  // a new one where there is none
    };
    std::string operators_text() const;
    std::string forms_text() const;

    Lines operators_;  // `type` and `nodes` alone
    Lines forms_;
};

// Names the nodes whose operator the importer does not know.
void find_unknown_operators(const NodeList& list, Unsupported& unsupported);

}  // namespace acim::onnx_import
