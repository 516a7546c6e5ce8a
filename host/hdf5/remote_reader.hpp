// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/hdf5/backend.hpp"
#include "host/hdf5/child_process.hpp"

namespace acim::hdf5 {

// Reads a file through a child process, where LocalReader does the work. Values go from the socket
// straight to where they are wanted.
class RemoteReader final : public Backend {
public:
    static std::unique_ptr<RemoteReader> open(const std::string& path, std::uint64_t byte_cap);
    // `name` stands for the file in messages.
    static std::unique_ptr<RemoteReader> read_image(std::span<const std::byte> bytes,
                                                    const std::string& name,
                                                    std::uint64_t byte_cap);

    const std::string& name() const override { return child_.name(); }
    bool exists(const std::string& path) const override;
    bool is_group(const std::string& path) const override;
    bool is_dataset(const std::string& path) const override;
    std::vector<std::string> members(const std::string& group) const override;

    Dims dims(const std::string& dataset) const override;
    TypeClass type_class(const std::string& dataset) const override;
    std::size_t checked_count(const std::string& dataset, std::size_t element_bytes) const override;
    std::size_t checked_rows(const std::string& dataset, std::uint64_t first, std::uint64_t count,
                             std::size_t element_bytes) const override;
    void read_raw(const std::string& dataset, ElementType type, std::size_t values,
                  void* data) const override;
    void read_rows_raw(const std::string& dataset, ElementType type, std::uint64_t first,
                       std::uint64_t count, std::size_t values, void* data) const override;
    std::vector<std::string> read_strings(const std::string& dataset) const override;

    std::vector<std::string> attributes(const std::string& object) const override;
    bool has_attribute(const std::string& object, const std::string& name) const override;
    TypeClass attribute_class(const std::string& object, const std::string& name) const override;
    std::size_t attribute_count(const std::string& object, const std::string& name) const override;
    void attribute_raw(const std::string& object, const std::string& name, ElementType type,
                       std::size_t values, void* data) const override;
    std::string attribute_text(const std::string& object, const std::string& name) const override;

private:
    explicit RemoteReader(const ChildTask& task);
    bool ask_yes(const Request& request) const;
    TypeClass ask_class(const Request& request) const;
    // A number of values that fit `byte_cap`, so that a child gone wrong claims no more.
    std::size_t ask_count(const Request& request, std::size_t element_bytes,
                          std::uint64_t most_bytes) const;
    std::vector<std::string> ask_texts(const Request& request) const;

    std::uint64_t byte_cap_ = 0;
    mutable ChildProcess child_;
};

}  // namespace acim::hdf5
