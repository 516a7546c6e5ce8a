// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/wire.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include <sys/socket.h>
#include <sys/uio.h>

namespace acim::hdf5 {

namespace {

constexpr std::uint64_t most_path_bytes = std::uint64_t{1} << 20;

struct RequestHead {
    Operation operation;
    ElementType type;
    std::uint64_t first, count, values, object_bytes, name_bytes;
};

// Sends all parts; a peer that is gone gives false and no signal.
bool send_all(int socket, std::span<iovec> parts) {
    while (!parts.empty()) {
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        auto left = static_cast<std::size_t>(sent);
        while (!parts.empty() && left >= parts.front().iov_len) {
            left -= parts.front().iov_len;
            parts = parts.subspan(1);
        }
        if (!parts.empty()) {
            parts.front().iov_base = static_cast<std::byte*>(parts.front().iov_base) + left;
            parts.front().iov_len -= left;
        }
    }
    return true;
}

iovec part(const void* data, std::size_t bytes) { return {const_cast<void*>(data), bytes}; }

std::uint64_t number_at(const std::byte* at) {
    std::uint64_t number = 0;
    std::memcpy(&number, at, sizeof number);
    return number;
}

}  // namespace

std::byte* Answer::make(std::size_t bytes) {
    data_.reset(static_cast<std::byte*>(std::calloc(std::max<std::size_t>(bytes, 1), 1)));
    if (data_ == nullptr) throw std::bad_alloc();
    size_ = bytes;
    return data_.get();
}

void Answer::put(std::uint64_t number) { std::memcpy(make(sizeof number), &number, sizeof number); }

void Answer::put(const Dims& dims) {
    const std::size_t bytes = dims.size() * sizeof(std::uint64_t);
    if (std::byte* to = make(bytes); bytes > 0) std::memcpy(to, dims.data(), bytes);
}

// Each text behind its length.
void Answer::put(const std::vector<std::string>& texts) {
    std::size_t bytes = 0;
    for (const std::string& text : texts) bytes += sizeof(std::uint64_t) + text.size();
    std::byte* to = make(bytes);
    for (const std::string& text : texts) {
        const std::uint64_t length = text.size();
        std::memcpy(to, &length, sizeof length);
        std::memcpy(to + sizeof length, text.data(), length);
        to += sizeof length + length;
    }
}

bool take(std::span<const std::byte> bytes, Dims& dims) {
    if (bytes.size() % sizeof(std::uint64_t) != 0) return false;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t))
        dims.push_back(number_at(bytes.data() + at));
    return true;
}

bool take(std::span<const std::byte> bytes, std::vector<std::string>& texts) {
    while (!bytes.empty()) {
        if (bytes.size() < sizeof(std::uint64_t)) return false;
        const std::uint64_t length = number_at(bytes.data());
        bytes = bytes.subspan(sizeof(std::uint64_t));
        if (length > bytes.size()) return false;
        texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), length);
        bytes = bytes.subspan(length);
    }
    return true;
}

bool send_request(int socket, const Request& request) {
    if (request.object.size() > most_path_bytes || request.name.size() > most_path_bytes)
        return false;
    const RequestHead head{request.operation,  request.type,   request.first,
                           request.count,      request.values, request.object.size(),
                           request.name.size()};
    std::array parts{part(&head, sizeof head), part(request.object.data(), request.object.size()),
                     part(request.name.data(), request.name.size())};
    return send_all(socket, parts);
}

bool receive_request(int socket, Request& request) {
    RequestHead head{};
    if (!receive_all(socket, &head, sizeof head) || head.object_bytes > most_path_bytes ||
        head.name_bytes > most_path_bytes)
        return false;
    request.operation = head.operation;
    request.type = head.type;
    request.first = head.first;
    request.count = head.count;
    request.values = head.values;
    request.object.resize(head.object_bytes);
    request.name.resize(head.name_bytes);
    return receive_all(socket, request.object.data(), request.object.size()) &&
           receive_all(socket, request.name.data(), request.name.size());
}

bool send_answer(int socket, Status status, std::span<const std::byte> bytes) {
    const AnswerHead head{status, bytes.size()};
    std::array parts{part(&head, sizeof head), part(bytes.data(), bytes.size())};
    return send_all(socket, parts);
}

bool receive_head(int socket, AnswerHead& head) {
    return receive_all(socket, &head, sizeof head) && head.status <= Status::contract_error;
}

bool receive_all(int socket, void* data, std::size_t bytes) {
    auto* to = static_cast<std::byte*>(data);
    while (bytes > 0) {
        const ssize_t count = ::recv(socket, to, bytes, MSG_WAITALL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        to += count;
        bytes -= static_cast<std::size_t>(count);
    }
    return true;
}

bool receive_growing(int socket, std::vector<std::byte>& data, std::uint64_t bytes) {
    constexpr std::uint64_t step = std::uint64_t{1} << 20;
    while (data.size() < bytes) {
        const std::size_t had = data.size();
        data.resize(had + std::min(step, bytes - had));
        if (!receive_all(socket, data.data() + had, data.size() - had)) return false;
    }
    return true;
}

}  // namespace acim::hdf5
