// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/reader_service.hpp"

#include <cstring>
#include <utility>

#include "host/core/error.hpp"

namespace acim::hdf5 {

namespace {

void put_text(Answer& out, const std::string& text) {
    if (std::byte* to = out.make(text.size()); !text.empty()) {
        std::memcpy(to, text.data(), text.size());
    }
}

// The parent asked for the count a moment ago: the file has another one only where somebody writes it.
void expect_count(const Backend& file, const Request& ask, std::size_t count) {
    if (count != ask.values) {
        throw InputError(file.name() + ": " + ask.object +
                         ": changes while it is read. Wait for what writes it");
    }
}

void read_values(const Backend& file, const Request& ask, Answer& out) {
    expect_count(file, ask, file.checked_count(ask.object, element_bytes(ask.type)));
    file.read_raw(ask.object, ask.type, ask.values, out.make(ask.values * element_bytes(ask.type)));
}

void read_rows(const Backend& file, const Request& ask, Answer& out) {
    expect_count(file, ask,
                 file.checked_rows(ask.object, ask.first, ask.count, element_bytes(ask.type)));
    file.read_rows_raw(ask.object, ask.type, ask.first, ask.count, ask.values,
                       out.make(ask.values * element_bytes(ask.type)));
}

void read_attribute(const Backend& file, const Request& ask, Answer& out) {
    expect_count(file, ask, file.attribute_count(ask.object, ask.name));
    file.attribute_raw(ask.object, ask.name, ask.type, ask.values,
                       out.make(ask.values * element_bytes(ask.type)));
}

void answer(const Backend& file, const Request& ask, Answer& out) {
    const auto number = [](auto value) { return static_cast<std::uint64_t>(value); };
    switch (ask.operation) {
        case Operation::exists:
            return out.put(number(file.exists(ask.object)));
        case Operation::is_group:
            return out.put(number(file.is_group(ask.object)));
        case Operation::is_dataset:
            return out.put(number(file.is_dataset(ask.object)));
        case Operation::members:
            return out.put(file.members(ask.object));
        case Operation::dims:
            return out.put(file.dims(ask.object));
        case Operation::type_class:
            return out.put(number(file.type_class(ask.object)));
        case Operation::checked_count:
            return out.put(number(file.checked_count(ask.object, ask.values)));
        case Operation::checked_rows:
            return out.put(number(file.checked_rows(ask.object, ask.first, ask.count, ask.values)));
        case Operation::read_raw:
            return read_values(file, ask, out);
        case Operation::read_rows_raw:
            return read_rows(file, ask, out);
        case Operation::read_strings:
            return out.put(file.read_strings(ask.object));
        case Operation::attributes:
            return out.put(file.attributes(ask.object));
        case Operation::has_attribute:
            return out.put(number(file.has_attribute(ask.object, ask.name)));
        case Operation::attribute_class:
            return out.put(number(file.attribute_class(ask.object, ask.name)));
        case Operation::attribute_count:
            return out.put(number(file.attribute_count(ask.object, ask.name)));
        case Operation::attribute_raw:
            return read_attribute(file, ask, out);
        case Operation::attribute_text:
            return put_text(out, file.attribute_text(ask.object, ask.name));
        case Operation::read_open_rows:
            break;
    }
    throw ContractError("a request that no reader knows");
}

}  // namespace

Service service_of(std::shared_ptr<const Backend> file) {
    return [file = std::move(file)](const Request& ask, Answer& out) { answer(*file, ask, out); };
}

}  // namespace acim::hdf5
