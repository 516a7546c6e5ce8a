// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/library.hpp"

#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

#include "host/core/error.hpp"

namespace acim::hdf5 {

namespace {

std::recursive_mutex& library_mutex() {
    static std::recursive_mutex mutex;
    return mutex;
}

bool has_one_thread = false;  // changes in child processes only

void start_library_once() {
    static const bool started = [] {
        setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
        H5open();
        H5PLset_loading_state(0);
        return true;
    }();
    (void)started;
}

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
    std::string& out = *static_cast<std::string*>(text);
    if (error->desc != nullptr && out.empty()) {
        out = error->desc;
    }
    return 0;
}

}  // namespace

void LibraryLock::alone() { has_one_thread = true; }

LibraryLock::LibraryLock() : lock_(library_mutex(), std::defer_lock) {
    if (!has_one_thread) {
        lock_.lock();
    }
    start_library_once();
    // Thread-safe builds keep one error stack, with its own printing switch, per thread.
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void Id::reset() {
    if (id_ >= 0) {
        const LibraryLock lock;
        H5Idec_ref(id_);
        id_ = -1;
    }
}

std::string error_text() {
    std::string text;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &text);
    H5Eclear2(H5E_DEFAULT);
    return text.empty() ? "HDF5 gives no reason" : text;
}

Id made(hid_t id, const std::string& what) {
    if (id < 0) {
        throw ContractError("HDF5: " + what + ": " + error_text());
    }
    return Id(id);
}

void done(herr_t status, const std::string& what) {
    if (status < 0) {
        throw ContractError("HDF5: " + what + ": " + error_text());
    }
}

std::string image_name() {
    static std::uint64_t count = 0;  // guarded by the library's mutex
    return "acimsweep-image-" + std::to_string(count++);
}

void fail_not_hdf5(const std::string& name, const std::string& reason) {
    throw InputError(fmt::format(
        "{}: not a readable HDF5 file ({}). It may be truncated or damaged; write it again", name,
        reason));
}

Id open_file(const std::string& path, const std::string& name) {
    Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    if (!file.valid()) {
        fail_not_hdf5(name, error_text());
    }
    return file;
}

Id text_type() {
    Id type = made(H5Tcopy(H5T_C_S1), "string type");
    done(H5Tset_size(type.get(), H5T_VARIABLE), "string type");
    done(H5Tset_cset(type.get(), H5T_CSET_UTF8), "string type");
    return type;
}

}  // namespace acim::hdf5
