// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/child_service.hpp"

#include <algorithm>
#include <new>

#include <unistd.h>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/confinement.hpp"
#include "host/hdf5/library.hpp"
#include "host/hdf5/row_reader.hpp"
#include "host/hdf5/system_calls.hpp"

namespace acim::hdf5 {

namespace {

bool send_text(Status status, const std::string& text) {
    constexpr std::size_t most = 60 << 10;
    const auto bytes = std::as_bytes(std::span(text));
    return send_answer(Confinement::socket, status, bytes.first(std::min(bytes.size(), most)));
}

// Sends what the action answers or throws. False where that cannot be sent, or nothing can follow.
template <class Action>
bool answer(const std::string& name, const Action& action) {
    try {
        Answer out;
        action(out);
        return send_answer(Confinement::socket, Status::good, out.bytes());
    } catch (const InputError& error) {
        return send_text(Status::input_error, error.what());
    } catch (const StorageError& error) {
        return send_text(Status::storage_error, error.what());
    } catch (const ContractError& error) {
        return send_text(Status::contract_error, error.what());
    } catch (const std::bad_alloc&) {
        return send_text(Status::input_error,
                         fmt::format("{}: reading it takes more memory than its size allows. It "
                                     "may be damaged; write it again",
                                     name));
    }
}

// Bytes that a request makes the library read at most, for its limit of time.
std::uint64_t bytes_of(const Request& request, const ChildTask& task) {
    switch (request.operation) {
        case Operation::read_raw:
        case Operation::read_rows_raw:
            return task.file_bytes + request.values * element_bytes(request.type);
        case Operation::read_open_rows:
            return RowReader::chunk_limit + request.count * request.values;
        default:
            return task.file_bytes;
    }
}

bool serve_one(const ChildTask& task, const Service& service, Request& request) {
    if (!receive_request(Confinement::socket, request)) return false;
    Confinement::renew_time(bytes_of(request, task));
    return answer(task.name, [&](Answer& out) { service(request, out); });
}

void limit_system_calls(Allowed allowed) {
    if (!is_sanitized) keep_system_calls(allowed, Confinement::socket);
}

void serve(const ChildTask& task, int connection) {
    Confinement::reset_signals();
    const std::string path = Confinement::keep_descriptors(connection, task.path);
    Confinement::limit_memory(task.file_bytes, task.byte_cap);
    Confinement::renew_time(task.file_bytes);
    limit_system_calls(path.empty() ? Allowed::serving : Allowed::opening);
    Service service;
    const bool open = answer(task.name, [&](Answer& greeting) {
        service = task.open(path, greeting);
        Confinement::forbid_opening();
        limit_system_calls(Allowed::serving);
    });
    Request request;
    while (open && service && serve_one(task, service, request)) {
    }
}

}  // namespace

void serve_in_child(const ChildTask& task, int connection) {
    LibraryLock::alone();
    try {
        serve(task, connection);
    } catch (...) {
        _exit(2);
    }
    _exit(0);
}

}  // namespace acim::hdf5
