// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/hdf5/element.hpp"

namespace acim::hdf5 {

// What goes through the socket between a process and the child that reads a file for it. Both run
// the same program on the same machine, so numbers go as they lie in memory.

enum class Operation : std::uint32_t {
    exists,
    is_group,
    is_dataset,
    members,
    dims,
    type_class,
    checked_count,  // values: bytes of an element
    checked_rows,   // values: bytes of an element
    read_raw,
    read_rows_raw,
    read_strings,
    attributes,
    has_attribute,
    attribute_class,
    attribute_count,
    attribute_raw,
    attribute_text,
    read_open_rows,  // of the dataset that a RowReader has open; values: bytes of a row
};

struct Request {
    Operation operation = Operation::exists;
    ElementType type = ElementType::u8;
    std::uint64_t first = 0, count = 0;  // rows
    std::uint64_t values = 0;            // numbers wanted, or bytes of an element or a row
    std::string object{}, name{};        // a dataset or group; its attribute
};

enum class Status : std::uint32_t { good, input_error, storage_error, contract_error };

// What the child answers: bytes that begin as zeros, so that no value that the library leaves out
// shows old memory.
class Answer {
public:
    std::byte* make(std::size_t bytes);
    void put(std::uint64_t number);
    void put(const Dims& dims);
    void put(const std::vector<std::string>& texts);
    std::span<const std::byte> bytes() const { return {data_.get(), size_}; }

private:
    struct Free {
        void operator()(std::byte* memory) const { std::free(memory); }
    };
    std::unique_ptr<std::byte, Free> data_;
    std::size_t size_ = 0;
};

// Counterparts of Answer::put. False where the bytes hold no such thing.
bool take(std::span<const std::byte> bytes, Dims& dims);
bool take(std::span<const std::byte> bytes, std::vector<std::string>& texts);

// False where the other side is gone or its bytes make no sense.
bool send_request(int socket, const Request& request);
bool receive_request(int socket, Request& request);
bool send_answer(int socket, Status status, std::span<const std::byte> bytes);

// `bytes` is what the other side says that follows; nothing is allocated for it yet.
struct AnswerHead {
    Status status = Status::good;
    std::uint64_t bytes = 0;
};
bool receive_head(int socket, AnswerHead& head);
bool receive_all(int socket, void* data, std::size_t bytes);
// Memory grows only as bytes arrive.
bool receive_growing(int socket, std::vector<std::byte>& data, std::uint64_t bytes);

}  // namespace acim::hdf5
