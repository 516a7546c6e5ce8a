// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <vector>

// JSON text put together from parts, each of them valid JSON: enough for a report, and no library.
namespace acim::json {

std::string quoted(const std::string& text);
std::string number(double value);  // shortest that reads back the same; null where not finite

inline std::string value(const std::string& text) { return quoted(text); }
inline std::string value(const char* text) { return quoted(text); }
inline std::string value(bool truth) { return truth ? "true" : "false"; }
inline std::string value(double v) { return number(v); }
template <std::integral T>
std::string value(T v) {
    return std::to_string(v);
}
template <class T>
std::string value(const std::vector<T>& values) {
    std::string out;
    for (const T& v : values) out += (out.empty() ? "" : ", ") + value(v);
    return "[" + out + "]";
}

// An object, field by field.
class Object {
public:
    template <class T>
    Object& add(const std::string& name, const T& v) {
        return add_json(name, value(v));
    }
    // `json` is JSON already.
    Object& add_json(const std::string& name, const std::string& json) {
        text_ += (text_.empty() ? "" : ", ") + quoted(name) + ": " + json;
        return *this;
    }
    std::string text() const { return "{" + text_ + "}"; }

private:
    std::string text_;
};

// An array of JSON texts, one a line.
std::string lines(const std::vector<std::string>& items);

}  // namespace acim::json
