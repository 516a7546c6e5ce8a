// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/yaml_tree.hpp"

#include <fstream>
#include <map>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

struct TreeSize {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
};

TreeSize size_of(const YamlNode& node) {
    TreeSize size{1, node.text.size()};
    for (const YamlKey& key : node.keys) size.bytes += key.text.size();
    for (const YamlNode& item : node.items) {
        const TreeSize part = size_of(item);
        size.nodes += part.nodes;
        size.bytes += part.bytes;
    }
    return size;
}

// Builds the tree from yaml-cpp's events and stops at the limits while events still come in.
class TreeBuilder : public YAML::EventHandler {
public:
    explicit TreeBuilder(const YamlSource& source) : source_(source) {}

    YamlNode take() { return std::move(root_); }
    bool saw_content() const { return saw_content_; }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        YamlNode node;
        node.line = mark.line + 1;
        finish(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) fail(mark.line + 1, "an alias stands inside its own anchor");
        count(size_of(found->second), mark.line + 1);
        attach(YamlNode(found->second));
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        YamlNode node;
        node.kind = YamlNode::Kind::scalar;
        node.text = value;
        node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
        node.line = mark.line + 1;
        finish(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::sequence, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::map, mark, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Frame {
        YamlNode node;
        YAML::anchor_t anchor = YAML::NullAnchor;
        std::unordered_map<std::string, int> seen;  // keys of a map, and their lines
    };

    [[noreturn]] void fail(int line, const std::string& what) const {
        throw InputError(source_.at(line) + ": " + what);
    }

    void count(TreeSize size, int line) {
        used_.nodes += size.nodes;
        used_.bytes += size.bytes;
        if (used_.nodes > YamlLimits::nodes || used_.bytes > YamlLimits::copied_bytes) {
            fail(line,
                 "the YAML holds more than " + std::to_string(YamlLimits::nodes) +
                     " values or 16 MiB of text once aliases are followed. Write long axes as "
                     "linspace, logspace or range.");
        }
    }

    void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
        const int line = mark.line + 1;
        if (frames_.size() >= YamlLimits::depth) {
            fail(line, "lists and maps are nested deeper than " +
                           std::to_string(YamlLimits::depth) + " levels. Check the brackets.");
        }
        count({1, 0}, line);
        Frame frame;
        frame.node.kind = kind;
        frame.node.line = line;
        frame.anchor = anchor;
        frames_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        remember(frame.node, frame.anchor);
        attach(std::move(frame.node));
    }

    void finish(YamlNode&& node, YAML::anchor_t anchor) {
        count({1, node.text.size()}, node.line);
        remember(node, anchor);
        attach(std::move(node));
    }

    void remember(const YamlNode& node, YAML::anchor_t anchor) {
        if (anchor == YAML::NullAnchor) return;
        count(size_of(node), node.line);
        anchors_[anchor] = node;
    }

    void attach(YamlNode&& node) {
        if (frames_.empty()) {
            saw_content_ = true;
            root_ = std::move(node);
            return;
        }
        YamlNode& parent = frames_.back().node;
        if (parent.kind == YamlNode::Kind::map && parent.keys.size() == parent.items.size()) {
            add_key(frames_.back(), node);
            return;
        }
        if (parent.kind == YamlNode::Kind::map && node.kind == YamlNode::Kind::null) {
            node.line = parent.keys.back().line;
        }
        parent.items.push_back(std::move(node));
    }

    // With the keys of the maps around it.
    std::string path_to(const std::string& key) const {
        std::string path;
        for (const Frame& frame : frames_)
            if (&frame != &frames_.back() && !frame.node.keys.empty())
                path += frame.node.keys.back().text + ".";
        return path + key;
    }

    void add_key(Frame& frame, const YamlNode& key) {
        if (key.kind != YamlNode::Kind::scalar) {
            fail(key.line, "a key must be a plain word, but is " + shown(key) + ".");
        }
        if (const auto [first, fresh] = frame.seen.emplace(key.text, key.line); !fresh) {
            fail(key.line,
                 "key " + shown(path_to(key.text)) + " stands twice" +
                     (source_.has_lines ? ", first in line " + std::to_string(first->second) : "") +
                     ". Remove one of the two.");
        }
        frame.node.keys.push_back({key.text, key.line});
    }

    const YamlSource& source_;
    YamlNode root_;
    bool saw_content_ = false;
    TreeSize used_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, YamlNode> anchors_;
};

}  // namespace

std::string shown(std::string_view text) {
    constexpr std::size_t longest = 80;
    std::string out = "'";
    for (const char c : text.substr(0, longest)) {
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    // A cut inside a UTF-8 character would leave an invalid byte behind.
    if (text.size() > longest) {
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U)
            out.pop_back();
        if ((static_cast<unsigned char>(out.back()) & 0x80U) != 0) out.pop_back();
        out += "...";
    }
    return out + "'";
}

std::string shown(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::null:
            return "empty";
        case YamlNode::Kind::scalar:
            return node.quoted ? "the text " + shown(node.text) : shown(node.text);
        case YamlNode::Kind::sequence:
            return "a list";
        case YamlNode::Kind::map:
            return "a map";
    }
    return {};
}

std::string read_yaml_file(const std::filesystem::path& path) {
    const std::string name = path.string();
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
        throw InputError(name + ": there is no such file. Check the path.");
    }
    if (std::filesystem::is_directory(status)) {
        throw InputError(name + ": is a directory, not a YAML file. Give the file's path.");
    }
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw InputError(name + ": cannot be opened. Check its permissions.");
    std::string text(YamlLimits::bytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad()) throw InputError(name + ": cannot be read.");
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > YamlLimits::bytes) {
        throw InputError(name + ": is larger than 4 MiB. A sweep file is a short YAML text.");
    }
    if (text.find('\0') != std::string::npos) {
        throw InputError(name + ": is not a text file. A sweep file is a short YAML text.");
    }
    return text;
}

YamlNode parse_yaml(const std::string& text, const YamlSource& source) {
    TreeBuilder builder(source);
    TreeBuilder second(source);
    std::istringstream stream(text);
    try {
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        parser.HandleNextDocument(second);
    } catch (const YAML::Exception& error) {
        const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
        throw InputError(source.at(line) + ": this is not valid YAML: " + error.msg +
                         ". Indent with spaces, and close brackets and quotes.");
    }
    if (second.saw_content()) {
        throw InputError(source.name + ": holds more than one YAML document. Keep one.");
    }
    return builder.take();
}

}  // namespace acim
