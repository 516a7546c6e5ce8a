// SPDX-License-Identifier: Apache-2.0
#include "host/store/segment_file.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/hdf5/reader.hpp"
#include "host/store/sealed_file.hpp"

namespace acim {

namespace {

constexpr const char* segment_schema = "acimsweep-segment";
constexpr std::int64_t segment_version = 1;

// The 32-bit and 64-bit columns of a trial by name, for writing and reading alike.
template <class Trial, class Visit>
void visit_trial(Trial& result, const Visit& visit) {
    visit("chip", result.unit.chip);
    visit("repeat", result.unit.repeat);
    visit("first_image", result.unit.first_image);
    visit("images", result.unit.images);
    visit("correct", result.correct);
    visit("agree", result.agree);
}

template <class Sums, class Visit>
void visit_low(Sums& sums, const Visit& visit) {
    visit("outputs", sums.outputs);
    visit("conversions", sums.conversions);
    visit("y_low", sums.y.low);
    visit("e_low", sums.e.low);
    visit("ee_low", sums.ee.low);
    visit("yy_low", sums.yy.low);
    visit("ye_low", sums.ye.low);
}

template <class Sums, class Visit>
void visit_high(Sums& sums, const Visit& visit) {
    visit("y_high", sums.y.high);
    visit("e_high", sums.e.high);
    visit("ee_high", sums.ee.high);
    visit("yy_high", sums.yy.high);
    visit("ye_high", sums.ye.high);
}

// Columns in the order of their first visit.
template <class T>
struct Columns {
    std::vector<std::pair<std::string, std::vector<T>>> list;

    void add(const char* name, T value) {
        const auto found = std::find_if(list.begin(), list.end(),
                                        [&](const auto& column) { return column.first == name; });
        (found == list.end() ? list.emplace_back(name, std::vector<T>{}) : *found)
            .second.push_back(value);
    }
};

void write_points(hdf5::ImageWriter& out, std::span<const StoredTrial> trials) {
    std::map<std::string, std::uint32_t> index;
    std::vector<std::string> ids;
    std::vector<std::uint32_t> point;
    for (const StoredTrial& trial : trials) {
        const auto [found, added] =
            index.emplace(trial.point_id, static_cast<std::uint32_t>(ids.size()));
        if (added) {
            ids.push_back(trial.point_id);
        }
        point.push_back(found->second);
    }
    out.write("/point_id", ids);
    out.group("/trials");
    out.write("/trials/point", point);
}

void write_trials(hdf5::ImageWriter& out, std::span<const StoredTrial> trials) {
    Columns<std::uint32_t> columns;
    std::vector<std::int64_t> cross_entropy;
    std::vector<std::uint32_t> layer_count;
    std::size_t bytes = 0;
    for (const StoredTrial& trial : trials) {
        visit_trial(trial.result,
                    [&](const char* name, std::uint32_t value) { columns.add(name, value); });
        cross_entropy.push_back(trial.result.cross_entropy);
        layer_count.push_back(static_cast<std::uint32_t>(trial.result.layers.size()));
        bytes = std::max(bytes, trial.result.correct_bits.size());
    }
    std::vector<std::uint8_t> bits(trials.size() * bytes);
    for (std::size_t i = 0; i < trials.size(); ++i) {
        std::copy(trials[i].result.correct_bits.begin(), trials[i].result.correct_bits.end(),
                  bits.begin() + static_cast<std::ptrdiff_t>(i * bytes));
    }
    for (const auto& [name, values] : columns.list) {
        out.write("/trials/" + name, values);
    }
    out.write("/trials/cross_entropy", cross_entropy);
    out.write("/trials/layer_count", layer_count);
    out.write("/trials/correct_bits", bits, {trials.size(), bytes});
}

void write_predictions(hdf5::ImageWriter& out, std::span<const StoredTrial> trials) {
    std::size_t width = 0;
    for (const StoredTrial& trial : trials) {
        width = std::max(width, trial.result.predictions.size());
    }
    std::vector<std::uint16_t> values(trials.size() * width);
    for (std::size_t i = 0; i < trials.size(); ++i) {
        const auto& own = trials[i].result.predictions;
        std::copy(own.begin(), own.end(), values.begin() + static_cast<std::ptrdiff_t>(i * width));
    }
    out.write("/trials/predictions", values, {trials.size(), width});
}

void write_layers(hdf5::ImageWriter& out, std::span<const StoredTrial> trials) {
    std::size_t layers = 0;
    for (const StoredTrial& trial : trials) {
        layers = std::max(layers, trial.result.layers.size());
    }
    Columns<std::uint64_t> low;
    Columns<std::int64_t> high;
    for (const StoredTrial& trial : trials) {
        for (std::size_t l = 0; l < layers; ++l) {
            const LayerSums sums =
                l < trial.result.layers.size() ? trial.result.layers[l] : LayerSums{};
            visit_low(sums, [&](const char* n, std::uint64_t value) { low.add(n, value); });
            visit_high(sums, [&](const char* n, std::int64_t value) { high.add(n, value); });
        }
    }
    out.group("/layers");
    for (const auto& [name, values] : low.list) {
        out.write("/layers/" + name, values, {trials.size(), layers});
    }
    for (const auto& [name, values] : high.list) {
        out.write("/layers/" + name, values, {trials.size(), layers});
    }
}

// Says what the seal does not: that the columns fit each other. read_segment() adds the file.
void expect(bool condition, const std::string& column, const char* problem) {
    if (!condition) {
        throw InputError(column + " " + problem);
    }
}

// Values of one column, one a trial.
template <class T>
std::vector<T> read_column(const hdf5::Reader& in, const std::string& path, std::size_t length) {
    std::vector<T> values = in.read<T>(path);
    expect(values.size() == length, path, "has another length");
    return values;
}

// The second of two axes.
std::size_t width_of(const hdf5::Reader& in, const std::string& path) {
    const hdf5::Dims dims = in.dims(path);
    expect(dims.size() == 2 && dims[1] < std::uint64_t{1} << 32, path, "has not two axes");
    return dims[1];
}

std::vector<StoredTrial> read_trials(const hdf5::Reader& in, std::size_t layers,
                                     std::uint32_t positions) {
    const auto point = in.read<std::uint32_t>("/trials/point");
    std::vector<StoredTrial> trials(point.size());
    const auto column = [&](const char* name) {
        return read_column<std::uint32_t>(in, std::string("/trials/") + name, trials.size());
    };
    const auto ids = in.read_strings("/point_id");
    const auto layer_count = column("layer_count");
    const auto cross_entropy =
        read_column<std::int64_t>(in, "/trials/cross_entropy", trials.size());
    const std::size_t width = width_of(in, "/trials/correct_bits");
    const auto bits = read_column<std::uint8_t>(in, "/trials/correct_bits", trials.size() * width);
    std::map<std::string, std::vector<std::uint32_t>> columns;
    TrialResult probe;
    visit_trial(probe, [&](const char* name, std::uint32_t) { columns[name] = column(name); });
    for (std::size_t i = 0; i < trials.size(); ++i) {
        TrialResult& result = trials[i].result;
        expect(point[i] < ids.size(), "/trials/point", "names no point");
        trials[i].point_id = ids[point[i]];
        visit_trial(result, [&](const char* n, std::uint32_t& value) { value = columns[n][i]; });
        result.cross_entropy = cross_entropy[i];
        const std::size_t items = std::size_t{result.unit.images} * positions;
        const std::size_t bytes = (items + 7) / 8;
        expect(bytes <= width, "/trials/correct_bits", "is too narrow");
        const auto begin = bits.begin() + static_cast<std::ptrdiff_t>(i * width);
        result.correct_bits.assign(begin, begin + static_cast<std::ptrdiff_t>(bytes));
        expect(counts_fit(result, items), "/trials/correct",
               "or /trials/agree is not what /trials/correct_bits holds");
        expect(layer_count[i] <= layers, "/trials/layer_count", "is more than /layers holds");
        result.layers.resize(layer_count[i]);
    }
    return trials;
}

void read_predictions(const hdf5::Reader& in, std::uint32_t positions,
                      std::vector<StoredTrial>& trials) {
    const std::string path = "/trials/predictions";
    const std::size_t width = width_of(in, path);
    const auto values = read_column<std::uint16_t>(in, path, trials.size() * width);
    for (std::size_t i = 0; i < trials.size(); ++i) {
        TrialResult& result = trials[i].result;
        const std::size_t items = std::size_t{result.unit.images} * positions;
        expect(items <= width, path, "is too narrow");
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * width);
        result.predictions.assign(begin, begin + static_cast<std::ptrdiff_t>(items));
    }
}

void read_layers(const hdf5::Reader& in, std::size_t layers, std::vector<StoredTrial>& trials) {
    std::map<std::string, std::vector<std::uint64_t>> low;
    std::map<std::string, std::vector<std::int64_t>> high;
    LayerSums probe;
    visit_low(probe, [&](const char* n, std::uint64_t) {
        low[n] =
            read_column<std::uint64_t>(in, std::string("/layers/") + n, trials.size() * layers);
    });
    visit_high(probe, [&](const char* n, std::int64_t) {
        high[n] =
            read_column<std::int64_t>(in, std::string("/layers/") + n, trials.size() * layers);
    });
    for (std::size_t i = 0; i < trials.size(); ++i) {
        for (std::size_t l = 0; l < trials[i].result.layers.size(); ++l) {
            LayerSums& sums = trials[i].result.layers[l];
            const std::size_t at = i * layers + l;
            visit_low(sums, [&](const char* n, std::uint64_t& value) { value = low[n][at]; });
            visit_high(sums, [&](const char* n, std::int64_t& value) { value = high[n][at]; });
        }
    }
}

Segment read_content(const hdf5::Reader& in) {
    Segment segment;
    segment.origin.seed = in.attribute<std::uint64_t>("/", "seed");
    segment.origin.model_version = in.attribute<std::int64_t>("/", "model_version");
    segment.origin.data_hash = in.attribute_text("/", "data_hash");
    if (in.has_attribute("/", "positions")) {
        segment.origin.positions = in.attribute<std::uint32_t>("/", "positions");
    }
    const bool has_layers = in.exists("/layers/outputs");
    const std::size_t layers = has_layers ? width_of(in, "/layers/outputs") : 0;
    segment.trials = read_trials(in, layers, segment.origin.positions);
    if (has_layers) {
        read_layers(in, layers, segment.trials);
    }
    segment.origin.predictions = in.exists("/trials/predictions");
    if (segment.origin.predictions) {
        read_predictions(in, segment.origin.positions, segment.trials);
    }
    return segment;
}

}  // namespace

SegmentOrigin origin_of(const PlanRecord& plan) {
    return {plan.seed, plan.model_version, plan.data_hash, plan.positions,
            plan.keeps_predictions()};
}

bool counts_fit(const TrialResult& result, std::uint64_t items) {
    std::uint64_t ones = 0;
    for (const std::uint8_t byte : result.correct_bits) {
        ones += static_cast<std::uint64_t>(std::popcount(byte));
    }
    const bool rest = items % 8 != 0 && result.correct_bits.back() >> (items % 8) != 0;
    return ones == result.correct && !rest && result.agree <= items;
}

std::vector<std::byte> encode_segment(const SegmentOrigin& origin,
                                      std::span<const StoredTrial> trials) {
    ACIM_EXPECT(!trials.empty());
    hdf5::ImageWriter out;
    out.attribute("/", "schema_name", segment_schema);
    out.attribute("/", "schema_version", segment_version);
    out.attribute("/", "seed", origin.seed);
    out.attribute("/", "model_version", origin.model_version);
    out.attribute("/", "data_hash", origin.data_hash);
    if (origin.positions != 1) {
        out.attribute("/", "positions", std::int64_t{origin.positions});
    }
    write_points(out, trials);
    write_trials(out, trials);
    if (origin.predictions) {
        write_predictions(out, trials);
    }
    write_layers(out, trials);
    std::vector<std::byte> image = out.image();
    seal(image);
    return image;
}

Segment read_segment(const std::filesystem::path& path) {
    const std::vector<std::byte> file = read_whole_file(path);
    const SealedImage sealed = check_seal(file);
    if (sealed.state != SealState::good) {
        throw DamagedFile(fmt::format(
            "{}: damaged segment ({}). Its trials will be run again; remove the file",
            path.string(),
            sealed.state == SealState::missing ? "no seal at its end" : "SHA-256 differs"));
    }
    const auto in = hdf5::Reader::from_bytes(sealed.image, path.string(), hdf5::default_read_cap,
                                             hdf5::Origin::sealed);
    const std::int64_t version = in.attribute<std::int64_t>("/", "schema_version");
    if (in.attribute_text("/", "schema_name") != segment_schema || version != segment_version) {
        throw InputError(
            fmt::format("{}: a segment of version {} (this program reads {}). Use the "
                        "program that wrote it or another directory",
                        path.string(), version, segment_version));
    }
    try {
        return read_content(in);
    } catch (const InputError& error) {
        std::string reason = error.what();
        if (reason.starts_with(path.string() + ": ")) {
            reason.erase(0, path.string().size() + 2);
        }
        throw DamagedFile(
            fmt::format("{}: damaged segment ({}). Its trials will be run again; remove the file",
                        path.string(), reason));
    }
}

}  // namespace acim
