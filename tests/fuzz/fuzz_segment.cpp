// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "host/hdf5/image_writer.hpp"
#include "host/store/sealed_file.hpp"
#include "host/store/segment_file.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/hostile_column.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace acim;

using fuzz::Choices, fuzz::write_column;

void write_header(hdf5::ImageWriter& out, Choices& choices) {
    const std::uint8_t how = choices.next();
    out.attribute("/", "schema_name", how % 8 == 1 ? "other" : "acimsweep-segment");
    if (how % 8 != 2) out.attribute("/", "schema_version", std::int64_t{how % 8 == 3 ? 2 : 1});
    if (how % 8 != 4) out.attribute("/", "seed", choices.number());
    if (how % 8 == 5)
        out.attribute("/", "model_version", 0.5);
    else
        out.attribute("/", "model_version", static_cast<std::int64_t>(choices.number()));
    out.attribute("/", "data_hash", std::string(choices.next(), 'h'));
}

std::vector<std::byte> segment_of(Choices choices) {
    hdf5::ImageWriter out;
    write_header(out, choices);
    const std::size_t rows = 1 + choices.next() % 4, layers = 2 + choices.next() % 3;
    out.write("/point_id", std::vector<std::string>(1 + choices.next() % 2, "id"));
    out.group("/trials");
    for (const char* name :
         {"point", "chip", "repeat", "first_image", "images", "correct", "agree"}) {
        write_column<std::uint32_t>(out, std::string("/trials/") + name, rows, 1, 0, choices);
    }
    write_column<std::uint32_t>(out, "/trials/layer_count", rows, 1,
                                static_cast<std::uint32_t>(layers), choices);
    write_column<std::int64_t>(out, "/trials/cross_entropy", rows, 1, 0, choices);
    write_column<std::uint8_t>(out, "/trials/correct_bits", rows, 2, 0, choices);
    if (choices.next() == 1) return out.image();
    out.group("/layers");
    for (const char* name :
         {"outputs", "conversions", "y_low", "e_low", "ee_low", "yy_low", "ye_low"}) {
        write_column<std::uint64_t>(out, std::string("/layers/") + name, rows, layers, 0, choices);
    }
    for (const char* name : {"y_high", "e_high", "ee_high", "yy_high", "ye_high"}) {
        write_column<std::int64_t>(out, std::string("/layers/") + name, rows, layers, 0, choices);
    }
    return out.image();
}

}  // namespace

// A segment whose seal is right and whose content is not what the program writes; zeros alone make a
// good one. Its HDF5 structure
// is: damage there breaks the seal.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::byte> sealed = segment_of(Choices(data, size));
    seal(sealed);
    const fuzz::MemoryFile file(reinterpret_cast<const std::uint8_t*>(sealed.data()),
                                sealed.size());
    return fuzz::refuse_or_accept([&] { read_segment(file.path()); });
}
