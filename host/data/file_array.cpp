// SPDX-License-Identifier: Apache-2.0
#include "host/data/file_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "host/core/error.hpp"

namespace acim {

FileArray::FileArray(std::shared_ptr<const ReadFile> file, ValueType type,
                     std::vector<std::uint64_t> dims, FilePlace place, const std::string& name)
    : ItemArray(name.empty() ? file->path() : name, type, std::move(dims)),
      file_(std::move(file)),
      place_(place) {
    if (place_.stride == 0) place_.stride = item_bytes();
    ACIM_EXPECT(place_.stride >= item_bytes() && place_.stride <= std::uint64_t{1} << 32);
    const std::uint64_t end = place_.offset + (items() - 1) * place_.stride + item_bytes();
    if (end > file_->size())
        throw InputError(
            fmt::format("{}: is truncated ({} bytes, the header promises {}). Fetch the file again",
                        this->name(), file_->size(), end));
}

std::span<const std::byte> FileArray::read(std::uint64_t first, std::uint64_t count,
                                           std::vector<std::byte>& space) const {
    ACIM_EXPECT(first <= items() && count <= items() - first);
    if (count == 0) return {};
    const std::size_t item = item_bytes();
    const auto stride = static_cast<std::size_t>(place_.stride);
    if (stride > 2 * item) {
        space.resize(count * item);
        for (std::size_t i = 0; i < count; ++i)
            file_->read(place_.offset + (first + i) * stride,
                        std::span(space).subspan(i * item, item));
        return space;
    }
    // Small gaps between the items are read too and then closed.
    space.resize((count - 1) * stride + item);
    file_->read(place_.offset + first * stride, space);
    if (stride != item)
        for (std::size_t i = 1; i < count; ++i)
            std::memmove(space.data() + i * item, space.data() + i * stride, item);
    return std::span(space).first(count * item);
}

namespace {

std::vector<std::uint64_t> joined_dims(const std::vector<std::shared_ptr<const ItemArray>>& parts) {
    ACIM_EXPECT(!parts.empty());
    std::vector<std::uint64_t> dims = parts[0]->dims();
    for (std::size_t i = 1; i < parts.size(); ++i) {
        ACIM_EXPECT(parts[i]->type() == parts[0]->type());
        ACIM_EXPECT(std::equal(dims.begin() + 1, dims.end(), parts[i]->dims().begin() + 1,
                               parts[i]->dims().end()));
        dims[0] += parts[i]->items();
    }
    return dims;
}

}  // namespace

JoinedArray::JoinedArray(std::vector<std::shared_ptr<const ItemArray>> parts)
    : ItemArray(parts.at(0)->name(), parts.at(0)->type(), joined_dims(parts)),
      parts_(std::move(parts)) {}

std::span<const std::byte> JoinedArray::read(std::uint64_t first, std::uint64_t count,
                                             std::vector<std::byte>& space) const {
    ACIM_EXPECT(first <= items() && count <= items() - first);
    std::vector<std::byte> own;
    space.resize(count * item_bytes());
    std::size_t done = 0;
    for (const auto& part : parts_) {
        if (first >= part->items()) {
            first -= part->items();
            continue;
        }
        const std::uint64_t here = std::min(count, part->items() - first);
        if (here == count && done == 0) return part->read(first, count, space);
        const auto bytes = part->read(first, here, own);
        std::copy(bytes.begin(), bytes.end(), space.begin() + static_cast<std::ptrdiff_t>(done));
        done += bytes.size();
        count -= here;
        first = 0;
        if (count == 0) break;
    }
    return space;
}

}  // namespace acim
