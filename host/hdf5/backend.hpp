// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/hdf5/element.hpp"

namespace acim::hdf5 {

inline constexpr std::uint64_t default_read_cap = std::uint64_t{4} << 30;  // [byte]
inline constexpr unsigned max_rank = 8;

// What a Reader asks of a file: LocalReader calls the library, RemoteReader a child process that
// does. Functions may be called by several threads; failures are those of Reader. `values` is what
// checked_count(), checked_rows() or attribute_count() gave, and `data` has room for as many.
class Backend {
public:
    virtual ~Backend() = default;

    virtual const std::string& name() const = 0;  // of the file in messages
    virtual bool exists(const std::string& path) const = 0;
    virtual bool is_group(const std::string& path) const = 0;
    virtual bool is_dataset(const std::string& path) const = 0;
    virtual std::vector<std::string> members(const std::string& group) const = 0;

    virtual Dims dims(const std::string& dataset) const = 0;
    virtual TypeClass type_class(const std::string& dataset) const = 0;
    virtual std::size_t checked_count(const std::string& dataset,
                                      std::size_t element_bytes) const = 0;
    virtual std::size_t checked_rows(const std::string& dataset, std::uint64_t first,
                                     std::uint64_t count, std::size_t element_bytes) const = 0;
    virtual void read_raw(const std::string& dataset, ElementType type, std::size_t values,
                          void* data) const = 0;
    virtual void read_rows_raw(const std::string& dataset, ElementType type, std::uint64_t first,
                               std::uint64_t count, std::size_t values, void* data) const = 0;
    virtual std::vector<std::string> read_strings(const std::string& dataset) const = 0;

    virtual std::vector<std::string> attributes(const std::string& object) const = 0;
    virtual bool has_attribute(const std::string& object, const std::string& name) const = 0;
    virtual TypeClass attribute_class(const std::string& object, const std::string& name) const = 0;
    virtual std::size_t attribute_count(const std::string& object,
                                        const std::string& name) const = 0;
    virtual void attribute_raw(const std::string& object, const std::string& name, ElementType type,
                               std::size_t values, void* data) const = 0;
    virtual std::string attribute_text(const std::string& object,
                                       const std::string& name) const = 0;
};

}  // namespace acim::hdf5
