// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/walk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/core/error.hpp"

namespace acim::hdf5 {

namespace {

constexpr int deepest = 32;            // groups may hold themselves
constexpr int most_objects = 1 << 12;  // two links of a group to itself double them at each level

void walk_group(const Reader& in, const std::string& group,
                const std::function<void(const std::string&)>& visit, int depth, int& left) {
    if (depth > deepest) {
        throw InputError(fmt::format("{}: {}: groups are nested deeper than {}. Write it again",
                                     in.name(), group, deepest));
    }
    visit(group);
    for (const std::string& name : in.members(group)) {
        const std::string path = group + (group == "/" ? "" : "/") + name;
        if (--left < 0) {
            throw InputError(fmt::format("{}: more than {} links to follow. Write it again",
                                         in.name(), most_objects));
        }
        if (in.is_group(path)) {
            walk_group(in, path, visit, depth + 1, left);
        } else if (in.is_dataset(path)) {
            visit(path);
        }
    }
}

}  // namespace

void walk(const Reader& in, const std::function<void(const std::string&)>& visit) {
    int left = most_objects;
    walk_group(in, "/", visit, 0, left);
}

void read_values(const Reader& in, const std::string& dataset, std::uint64_t most_bytes) {
    if (in.is_bare_dimension(dataset)) {
        return;
    }
    const TypeClass type = in.type_class(dataset);
    if (type == TypeClass::text) {
        in.read_strings(dataset);
    } else if (type != TypeClass::other) {
        const Dims dims = in.dims(dataset);
        unsigned __int128 bytes = sizeof(double);
        for (const std::uint64_t size : dims) {
            bytes = std::min<unsigned __int128>(bytes * size, ~0ULL);
        }
        if (bytes <= most_bytes) {
            in.read<double>(dataset);
        } else {
            in.read_rows<double>(dataset, 0, 1);
            in.read_rows<double>(dataset, dims.at(0) - 1, 1);
        }
    }
}

}  // namespace acim::hdf5
