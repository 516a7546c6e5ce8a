// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <string>
#include <vector>

#include "host/hdf5/image_writer.hpp"
#include "host/run/pareto_table.hpp"
#include "host/store/check.hpp"
#include "host/store/csv.hpp"
#include "host/store/sealed_file.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/hostile_column.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace acim;
using fuzz::Choices, fuzz::write_column;

void write_header(hdf5::ImageWriter& out, Choices& choices) {
    const std::uint8_t how = choices.next();
    out.attribute("/", "schema_name", how % 8 == 1 ? "other" : "acimsweep");
    if (how % 8 == 2)
        out.attribute("/", "schema_version", 0.5);
    else if (how % 8 != 3)
        out.attribute("/", "schema_version", std::int64_t{how % 8 == 4 ? 2 : 1});
    if (how % 8 == 5)
        out.attribute("/", "sweep_name", std::vector<double>(3, 0.5));
    else if (how % 8 != 6)
        out.attribute("/", "sweep_name", std::string(choices.next(), 'n'));
}

// What a column of a swept parameter says of itself.
void describe(hdf5::ImageWriter& out, const std::string& path, Choices& choices) {
    const std::uint8_t how = choices.next();
    if (how % 4 == 1) return;
    if (how % 4 == 2)
        out.attribute(path, "role", 1.0);
    else
        out.attribute(path, "role", "parameter");
    if (how % 8 == 3)
        out.attribute(path, "spec_path", std::int64_t{1});
    else if (how % 8 != 4)
        out.attribute(path, "spec_path", "macro.adc.bits\n\"quoted\",");
}

std::vector<std::byte> results_of(Choices choices) {
    hdf5::ImageWriter out;
    write_header(out, choices);
    const std::size_t points = choices.next() % 4;
    out.write("/bits", std::vector<std::string>(points + choices.next() % 2, "six"));
    describe(out, "/bits", choices);
    out.write("/rows", std::vector<double>(points, 64.0));
    describe(out, "/rows", choices);
    for (const char* name :
         {"point", "accuracy", "accuracy_ci_low", "accuracy_ci_high", "accuracy_image_half_width",
          "energy", "tops_per_watt", "baseline_accuracy"})
        write_column<double>(out, std::string("/") + name, points, 1, 0.5, choices);
    if (choices.next() % 2 == 1)
        for (const char* name :
             {"perplexity", "perplexity_ci_low", "perplexity_ci_high", "baseline_perplexity"})
            write_column<double>(out, std::string("/") + name, points, 1, 2.0, choices);
    if (choices.next() % 4 != 1) {
        out.group("/trials");
        write_column<std::uint32_t>(out, "/trials/point", points, 1, 0, choices);
    }
    return out.image();
}

}  // namespace

// A results file whose seal is right and whose columns are not what the program writes.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::byte> sealed = results_of(Choices(data, size));
    seal(sealed);
    const fuzz::MemoryFile file(reinterpret_cast<const std::uint8_t*>(sealed.data()),
                                sealed.size());
    fuzz::refuse_or_accept([&] {
        std::ostringstream csv;
        export_csv(file.path(), csv);
    });
    fuzz::refuse_or_accept([&] { pareto_table(file.path()); });
    return fuzz::refuse_or_accept([&] { check_run(file.path()); });
}
