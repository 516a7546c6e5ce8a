// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/chip_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cuda/trial/measured_chip.hpp"
#include "host/hdf5/reader.hpp"
#include "host/sweep/table_shelf.hpp"

namespace acim {
namespace {

using nlohmann::json;

// One dataset: its own axes behind those of chips and arrays, bounds, and values per SI unit.
struct Dataset {
    std::string_view name;
    int axes;  // 1: lines, 2: lines and width
    std::string_view shape;
    double low, high;
    bool open;  // the bounds themselves are outside
    double per_si;
};

constexpr auto datasets = std::to_array<Dataset>({
    {"cell_mismatch", 2, "[rows][columns]", -0.5, 0.5, true, 1.0},
    {"adc_offset_lsb", 1, "[adcs]", -16384, 16384, false, 1.0},
    {"adc_gain_pct", 1, "[adcs]", -100, 100, false, 100.0},
    {"adc_inl_lsb", 2, "[adcs][edges]", -16384, 16384, false, 1.0},
    {"input_dac_inl_lsb", 1, "[rows]", -256, 256, false, 1.0},
    {"injection_mV", 1, "[columns]", -1e5, 1e5, false, 1e3},
    {"c_par_fF", 1, "[columns]", 0, 1e9, false, 1e15},
});

// Coordinates that a file may have beside its values.
constexpr auto axis_names =
    std::to_array<std::string_view>({"chips", "arrays", "rows", "columns", "adcs", "edges"});

TableShelf<MeasuredChip>& chips_read() {
    static TableShelf<MeasuredChip> shelf;
    return shelf;
}

// Reads one file; every message starts with its name.
class ChipReader {
public:
    explicit ChipReader(const std::filesystem::path& file)
        : reader_(hdf5::Reader::open(file.string(), most_chip_values * sizeof(double))) {}

    MeasuredChip read() {
        check_names();
        check_total();
        MeasuredChip chip;
        read_cells(datasets[0], chip.cells, chip.cell_step);
        read_term(datasets[1], chip.adc_offset);
        read_term(datasets[2], chip.adc_gain);
        read_term(datasets[3], chip.adc_inl);
        read_cells(datasets[4], chip.drivers, chip.driver_step);
        read_term(datasets[5], chip.injection);
        read_term(datasets[6], chip.parasitic);
        check_edges(chip.adc_inl);
        chip.mean_parasitic = mean(chip.parasitic.values);
        chip.hash = hash_.hex();
        return chip;
    }

private:
    // A chip or array count and the dataset that it was seen in.
    struct Count {
        std::string_view axis;
        int n = 1;
        std::string_view dataset{};
    };

    [[noreturn]] void fail(const std::string& problem) const {
        throw InputError(reader_.name() + ": " + problem);
    }

    // A misspelt dataset must not be a term that is silently off.
    void check_names() const {
        std::array<std::string_view, datasets.size()> known;
        std::ranges::transform(datasets, known.begin(), &Dataset::name);
        bool any = false;
        for (const std::string& member : reader_.members("/")) {
            const bool term = std::ranges::find(known, member) != known.end();
            any |= term;
            const bool coordinate = std::ranges::find(axis_names, member) != axis_names.end();
            if ((term || coordinate) && reader_.is_dataset(member)) continue;
            if (reader_.is_dataset(member) && reader_.is_bare_dimension(member)) continue;
            fail(fmt::format("has '{}', but may hold the datasets {} only. Remove or rename it.",
                             member, fmt::join(known, ", ")));
        }
        if (!any) {
            fail(fmt::format("has none of the datasets {}. Add one.", fmt::join(known, ", ")));
        }
    }

    // Before anything is read: sizes alone must not exhaust the memory.
    void check_total() const {
        std::uint64_t total = 0;
        for (const Dataset& d : datasets) {
            if (!has(d)) continue;
            std::uint64_t count = 1;
            for (const std::uint64_t n : reader_.dims(std::string(d.name))) {
                if (n > most_chip_values) count = most_chip_values + 1;
                count = std::min(count * std::min(n, most_chip_values + 1), most_chip_values + 1);
            }
            total += count;
        }
        if (total > most_chip_values) {
            fail(
                fmt::format("its datasets have more than {} values together, 64 MiB. Leave out "
                            "chips or arrays.",
                            most_chip_values));
        }
    }

    bool has(const Dataset& d) const { return reader_.exists(std::string(d.name)); }

    // Values in SI, and the sizes of the term.
    template <class T>
    std::vector<double> read_values(const Dataset& d, MeasuredTerm<T>& term) {
        const std::string name(d.name);
        const hdf5::Dims dims = reader_.dims(name);
        const auto own = static_cast<std::size_t>(d.axes);
        const bool empty = std::ranges::find(dims, 0U) != dims.end();
        if (dims.size() < own || dims.size() > own + 2 || empty) {
            fail(
                fmt::format("{} is [{}], but must be {}, [arrays]{} or [chips][arrays]{} with at "
                            "least one value.",
                            name, fmt::join(dims, "]["), d.shape, d.shape, d.shape));
        }
        const auto size_from_end = [&](std::size_t i) {
            return i < dims.size() ? static_cast<int>(dims[dims.size() - 1 - i]) : 1;
        };
        term.width = own == 2 ? size_from_end(0) : 1;
        term.lines = size_from_end(own - 1);
        term.arrays = size_from_end(own);
        term.chips = size_from_end(own + 1);
        check_count(arrays_, term.arrays, d);
        check_count(chips_, term.chips, d);
        auto values = reader_.read<double>(name);
        check_values(d, dims, values);
        hash_sizes(d, {term.chips, term.arrays, term.lines, term.width});
        for (double& value : values) value = value / d.per_si + 0.0;  // never -0
        hash_values(hash_, values);
        return values;
    }

    // A chip is the same chip in every dataset, so that counts other than 1 must agree.
    void check_count(Count& count, int n, const Dataset& d) const {
        if (n == 1) return;
        if (count.n == 1) {
            count.n = n;
            count.dataset = d.name;
        } else if (count.n != n) {
            fail(
                fmt::format("{} has {} {}, but {} has {}. Give every dataset all of them, or one "
                            "that stands for all.",
                            d.name, n, count.axis, count.dataset, count.n));
        }
    }

    void check_values(const Dataset& d, const hdf5::Dims& dims,
                      const std::vector<double>& values) const {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double x = values[i];
            const bool inside = d.open ? x > d.low && x < d.high : x >= d.low && x <= d.high;
            if (std::isfinite(x) && inside) continue;
            fail(
                fmt::format("{}{} is {}, but must be {} {} {} {}. Correct the value, or leave "
                            "the dataset out.",
                            d.name, index_text(dims, i), x, d.open ? "between" : "from", d.low,
                            d.open ? "and" : "to", d.high));
        }
    }

    static std::string index_text(const hdf5::Dims& dims, std::size_t flat) {
        std::vector<std::size_t> index(dims.size());
        for (std::size_t axis = dims.size(); axis-- > 0;) {
            index[axis] = flat % dims[axis];
            flat /= dims[axis];
        }
        return fmt::format("[{}]", fmt::join(index, "]["));
    }

    void hash_sizes(const Dataset& d, const std::array<int, 4>& sizes) {
        hash_.update(d.name);
        for (const int size : sizes) hash_.update_value(static_cast<double>(size));
    }

    void read_term(const Dataset& d, MeasuredTerm<double>& term) {
        if (has(d)) term.values = read_values(d, term);
    }

    void read_cells(const Dataset& d, MeasuredTerm<std::int8_t>& term, double& step) {
        if (!has(d)) return;
        SteppedValues held = in_steps(read_values(d, term));
        term.values = std::move(held.q);
        step = held.step;
    }

    void check_edges(const MeasuredTerm<double>& inl) const {
        const auto n = static_cast<unsigned>(inl.width);
        if (!inl.any() || (n < (1U << 14) && (n & (n + 1)) == 0)) return;
        fail(
            fmt::format("adc_inl_lsb has {} edges, but an ADC of B bits has 2^B-1, for B from 1 "
                        "to 14. Give every edge once.",
                        n));
    }

    static double mean(const std::vector<double>& values) {
        double sum = 0.0;
        for (const double value : values) sum += value;
        return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
    }

    hdf5::Reader reader_;
    Sha256 hash_;
    Count chips_{"chips"}, arrays_{"arrays"};
};

}  // namespace

json read_chip_file(const std::filesystem::path& file, const std::string& written,
                    const ValuePlace& where) {
    MeasuredChip chip = load_for(where, [&] {
        expect_file(file);
        return ChipReader(file).read();
    });
    json value = {{"file", written}, {"sha256", chip.hash}};
    chip.file = written;
    chips_read().put(std::move(chip));
    return value;
}

std::shared_ptr<const MeasuredChip> chip_file(const json& value) {
    return chips_read().take(value);
}

}  // namespace acim
