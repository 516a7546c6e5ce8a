// SPDX-License-Identifier: Apache-2.0
#include "host/data/npy_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>
#include <utility>

#include "host/core/error.hpp"

namespace acim {
namespace {

// Walks over the text of the dictionary.
class Parser {
public:
    Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

    NpyHeader dictionary() {
        expect('{');
        while (!accept('}')) {
            const std::string key = quoted();
            expect(':');
            entry(key);
            if (accept(',')) continue;
            expect('}');
            break;
        }
        skip_space();
        if (!text_.empty() || seen_ != 7) fail();
        return std::move(header_);
    }

private:
    void entry(const std::string& key) {
        constexpr std::array<std::string_view, 3> keys = {"descr", "fortran_order", "shape"};
        const auto at = std::find(keys.begin(), keys.end(), key) - keys.begin();
        if (at == 3 || (seen_ >> at & 1) != 0) fail();
        seen_ |= 1U << at;
        if (at == 0)
            header_.type = type();
        else if (at == 1)
            order();
        else
            shape();
    }

    ValueType type() {
        skip_space();
        if (text_.starts_with('[') || text_.starts_with('('))
            throw InputError(name_ + ": holds records of several fields. Store one plain array");
        const std::string word = quoted();
        constexpr std::array<std::pair<std::string_view, ValueType>, 12> types = {
            {{"|u1", ValueType::u1},
             {"|i1", ValueType::i1},
             {"<u1", ValueType::u1},
             {"<i1", ValueType::i1},
             {"<u2", ValueType::u2},
             {"<i2", ValueType::i2},
             {"<u4", ValueType::u4},
             {"<i4", ValueType::i4},
             {"<u8", ValueType::u8},
             {"<i8", ValueType::i8},
             {"<f4", ValueType::f4},
             {"<f8", ValueType::f8}}};
        for (const auto& [text, type] : types)
            if (word == text) return type;
        if (word.starts_with('>'))
            throw InputError(
                fmt::format("{}: values are big-endian ({}). Store them little-endian, "
                            "as in array.astype('<{}')",
                            name_, word, word.substr(1)));
        if (word.find('O') != std::string::npos)
            throw InputError(name_ +
                             ": holds pickled Python objects, which are never loaded. Store "
                             "plain numbers");
        throw InputError(fmt::format(
            "{}: values of type '{}' are not read. Store u1, i1, u2, i2, u4, i4, u8, i8, f4 or f8",
            name_, word));
    }

    void order() {
        if (accept_word("False")) return;
        if (!accept_word("True")) fail();
        throw InputError(name_ +
                         ": values are in Fortran order. Store numpy.ascontiguousarray(...)");
    }

    void shape() {
        expect('(');
        while (!accept(')')) {
            header_.shape.push_back(number());
            if (header_.shape.size() > 8) fail();
            if (accept(',')) continue;
            expect(')');
            break;
        }
    }

    std::uint64_t number() {
        skip_space();
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (error != std::errc()) fail();
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        if (text_.starts_with('L')) text_.remove_prefix(1);  // long integers of Python 2
        return value;
    }

    std::string quoted() {
        skip_space();
        if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) fail();
        const std::size_t end = text_.find(text_[0], 1);
        if (end == std::string_view::npos || end > 40) fail();
        std::string word(text_.substr(1, end - 1));
        const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
            return std::isprint(static_cast<unsigned char>(c)) != 0 && c != '\\';
        });
        if (!plain) fail();
        text_.remove_prefix(end + 1);
        return word;
    }

    void skip_space() {
        const std::size_t at = text_.find_first_not_of(" \t\n");
        text_.remove_prefix(std::min(at, text_.size()));
    }
    bool accept(char c) {
        skip_space();
        if (!text_.starts_with(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool accept_word(std::string_view word) {
        skip_space();
        if (!text_.starts_with(word)) return false;
        text_.remove_prefix(word.size());
        return true;
    }
    void expect(char c) {
        if (!accept(c)) fail();
    }
    [[noreturn]] void fail() const {
        throw InputError(name_ +
                         ": the NPY header is not the dictionary that numpy.save writes. The "
                         "file is damaged; write it again");
    }

    std::string_view text_;
    const std::string& name_;
    NpyHeader header_;
    unsigned seen_ = 0;  // one bit per key
};

std::size_t little_endian(std::span<const std::byte> bytes) {
    std::size_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | std::to_integer<std::size_t>(bytes[i]);
    return value;
}

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> start, const std::string& name) {
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    if (!text.starts_with("\x93NUMPY"))
        throw InputError(name + ": is not an NPY file. Give one that numpy.save wrote");
    if (text.size() < 10) throw InputError(name + ": ends inside its header. Write it again");
    const int version = text[6];
    if (version < 1 || version > 3 || text[7] != 0)
        throw InputError(fmt::format("{}: NPY version {}.{} is not read. Write version 1.0 to 3.0",
                                     name, static_cast<unsigned char>(text[6]),
                                     static_cast<unsigned char>(text[7])));
    const std::size_t before = version == 1 ? 10 : 12;
    if (text.size() < before) throw InputError(name + ": ends inside its header. Write it again");
    const std::size_t length = little_endian(start.subspan(8, before - 8));
    if (length > npy_header_limit)
        throw InputError(
            fmt::format("{}: the NPY header promises {} bytes of itself, at most {} are "
                        "read. The file is damaged",
                        name, length, npy_header_limit));
    if (text.size() - before < length)
        throw InputError(name + ": ends inside its header. Write it again");
    NpyHeader header = Parser(text.substr(before, length), name).dictionary();
    header.bytes = before + length;
    return header;
}

}  // namespace acim
