// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

#include <hdf5.h>

namespace acim::hdf5 {

// Private to this folder: everything that touches hid_t.

// Holds the one HDF5 mutex of the process: the library of some distributions is not thread-safe.
// The first lock switches off file locks (shared file systems without them would refuse to open;
// our files never change in place) and the loading of plugins (a file could ask for code); each lock
// keeps HDF5 from printing.
class LibraryLock {
public:
    LibraryLock();
    // In a child process after fork(): it has one thread, and its copy of the mutex is of no use.
    static void alone();

private:
    std::unique_lock<std::recursive_mutex> lock_;
};

// Owns one HDF5 identifier of any kind.
class Id {
public:
    Id() = default;
    explicit Id(hid_t id) : id_(id) {}
    ~Id() { reset(); }
    Id(Id&& other) noexcept : id_(other.release()) {}
    Id& operator=(Id&& other) noexcept {
        if (this != &other) {
            reset();
            id_ = other.release();
        }
        return *this;
    }
    Id(const Id&) = delete;
    Id& operator=(const Id&) = delete;

    hid_t get() const { return id_; }
    bool valid() const { return id_ >= 0; }
    void reset();

private:
    hid_t release() {
        const hid_t id = id_;
        id_ = -1;
        return id;
    }
    hid_t id_ = -1;
};

// The innermost message of HDF5's error stack, and clears the stack.
std::string error_text();

// Give the identifier or status back, or throw ContractError (writers) with the error stack.
Id made(hid_t id, const std::string& what);
void done(herr_t status, const std::string& what);

// A name for a file in memory. It touches no disk and reaches no file, but two open images must
// not share it: HDF5 would take them for one file.
std::string image_name();

// The file, to be read; `name` stands for it in messages. InputError where it is no HDF5 file.
Id open_file(const std::string& path, const std::string& name);
// What that says, and what an image in memory that is none gives.
[[noreturn]] void fail_not_hdf5(const std::string& name, const std::string& reason);

Id text_type();  // variable-length UTF-8 string

}  // namespace acim::hdf5
