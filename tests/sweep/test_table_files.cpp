// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <limits>

#include <gmock/gmock.h>

#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;

class TableFileTest : public SweepTest {
protected:
    void csv(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    void h5(const std::string& name, const std::function<void(hdf5::ImageWriter&)>& fill) const {
        hdf5::ImageWriter out;
        fill(out);
        write_file_atomically(folder_ / name, out.image());
    }
    std::string edge_error(const std::string& text) const {
        csv("t.csv", text);
        return sweep_error("macro: {adc.bits: 2, adc_errors.table: t.csv}\n");
    }
    std::string measured_error(const std::string& text) const {
        csv("t.csv", text);
        return sweep_error("macro.measured.file: t.csv\n");
    }
};

TEST_F(TableFileTest, CsvAndHdf5HoldTheSameEdges) {
    csv("one.csv", "# measured\r\nedge, inl_lsb\r\n1, 0.5\r\n2,-0.25\r\n\r\n3, -0\r\n");
    csv("two.csv", "edge,adc0,adc1\n1,0.5,1\n2,-0.25,2\n3,0,3\n");
    h5("one.h5", [](hdf5::ImageWriter& out) {
        out.write("/inl_lsb", std::vector<float>{0.5F, -0.25F, 0.0F});
    });
    h5("two.h5", [](hdf5::ImageWriter& out) {
        out.write("/inl_lsb", std::vector<double>{0.5, -0.25, 0, 1, 2, 3}, {2, 3});
    });
    const auto read = [&](const std::string& name) {
        return sweep("macro: {adc.bits: 2, adc_errors: {table: " + name + "}}\n")
            .base.macro.adc_errors.table;
    };
    const auto one = read("one.csv");
    const auto two = read("two.csv");
    EXPECT_EQ(one->adcs, 1);
    EXPECT_EQ(one->edges, 3);
    EXPECT_EQ(one->inl, (std::vector<double>{0.5, -0.25, 0.0}));
    EXPECT_FALSE(std::signbit(one->inl[2]));
    EXPECT_EQ(two->adcs, 2);
    EXPECT_EQ(two->inl, (std::vector<double>{0.5, -0.25, 0, 1, 2, 3}));
    EXPECT_NE(one->hash, two->hash);
    EXPECT_EQ(read("one.h5"), one);  // the same content is the same table
    EXPECT_EQ(read("two.h5"), two);
}

TEST_F(TableFileTest, CsvAndHdf5HoldTheSameErrors) {
    csv("t.csv", "sum,mean_lsb,sigma_lsb\n0,0,0.1\n100,-0.5,0.2\n255,1,0\n");
    h5("t.h5", [](hdf5::ImageWriter& out) {
        out.write("/sum", std::vector<std::int32_t>{0, 100, 255});
        out.write("/mean_lsb", std::vector<double>{0, -0.5, 1});
        out.write("/sigma_lsb", std::vector<double>{0.1, 0.2, 0});
    });
    const auto all = points("grid: {macro.measured.file: [t.csv, null]}\n");
    const auto& table = all[0].macro.measured.table;
    EXPECT_EQ(table->sum, (std::vector<double>{0, 100, 255}));
    EXPECT_EQ(table->mean, (std::vector<double>{0, -0.5, 1}));
    EXPECT_EQ(table->sigma, (std::vector<double>{0.1, 0.2, 0}));
    EXPECT_EQ(all[1].macro.measured.table, nullptr);
    EXPECT_EQ(all[0].parameters.front().second, "t.csv");
    const auto layers = resolve_layers(
        sweep("layers: [{match: a, macro.measured: {file: t.h5, scope: chip}}]\n").base,
        std::vector<std::string>{"a"});
    EXPECT_EQ(layers[0].macro.measured.table, table);
    EXPECT_EQ(layers[0].macro.measured.scope, ErrorScope::chip);
    EXPECT_THAT(sweep_error("grid: {macro.measured.file: [t.csv, t.h5]}\n"),
                HasSubstr("are the same configuration"));
}

TEST_F(TableFileTest, TheIdentityHoldsTheContentOnly) {
    csv("a.csv", "sum,mean_lsb,sigma_lsb\n0,0,0\n255,1,0\n");
    csv("b.csv", "# other text\nsum,mean_lsb,sigma_lsb\n0.0,0,0\n255,1.0,-0\n");
    csv("c.csv", "sum,mean_lsb,sigma_lsb\n0,0,0\n255,1,0.5\n");
    const auto text = [&](const std::string& name) {
        return sweep("macro.measured.file: " + name + "\n").base.canonical()["macro"]["measured"];
    };
    EXPECT_EQ(text("a.csv"), text((folder_ / "b.csv").string()));
    EXPECT_NE(text("a.csv"), text("c.csv"));
    // sha256 of the doubles 2 (rows); 0, 255; 0, 1; 0, 0 as Python's struct packs them.
    EXPECT_EQ(text("a.csv")["file"],
              "9583df4632b6191d46b64ae3b2bba3dcf59b1ad128a6ad235689e4aac5c2533d");
    EXPECT_EQ(sweep("layers: [{match: x, macro.measured.file: a.csv}]\n")
                  .base.canonical()["layers"][0]["macro"]["measured"],
              text("a.csv"));
}

TEST_F(TableFileTest, ATableIsReadOnce) {
    csv("t.csv", "sum,mean_lsb,sigma_lsb\n0,0,0\n255,1,0\n");
    const SweepSpec spec = sweep("macro.rows: 64\ngrid: {macro.measured.file: [t.csv]}\n");
    csv("t.csv", "sum,mean_lsb,sigma_lsb\n0,0,0\n255,2,0\n");
    EXPECT_EQ(expand(spec)[0].macro.measured.table->mean[1], 1.0);
    EXPECT_EQ(sweep("macro.measured.file: t.csv\n").base.macro.measured.table->mean[1], 2.0);
}

TEST_F(TableFileTest, MistakesInATextTable) {
    const std::string start = "s.yaml:5: key 'macro.adc_errors.table': t.csv";
    EXPECT_EQ(edge_error(""), start + ": holds no values. Give a header line and rows of numbers.");
    EXPECT_EQ(edge_error("edge,inl_lsb\n"),
              start + ": holds no values. Give a header line and rows of numbers.");
    EXPECT_EQ(edge_error("1,2\n"),
              start + ":1: column 1 is '1', but the first line must name the columns.");
    EXPECT_EQ(edge_error("edge,inl\n1,0\n2,0\n3,0\n"),
              start +
                  ": has the columns edge, inl, but must have edge, inl_lsb or, for several "
                  "ADCs, edge, adc0, adc1, and so on.");
    EXPECT_EQ(edge_error("edge,inl_lsb\n1,0\n3,0\n2,0\n"),
              start + ":3: edge is 3, but must be 2: edges run from 1 upwards.");
    EXPECT_EQ(edge_error("edge,inl_lsb\n1,0\n2,0\n"),
              start +
                  ": has 2 edges, but an ADC of B bits has 2^B-1, for B from 1 to 14. Give "
                  "every edge once.");
    EXPECT_EQ(edge_error("edge,inl_lsb\n1,0\n2,zero\n"),
              start + ":3: inl_lsb is 'zero', but must be a finite number.");
    EXPECT_EQ(edge_error("edge,inl_lsb\n1,0\n2,.nan\n"),
              start + ":3: inl_lsb is '.nan', but must be a finite number.");
    EXPECT_EQ(edge_error("edge,inl_lsb\n1,0\n2\n"),
              start + ":3: has 1 values, but the header names 2 columns.");
    EXPECT_EQ(edge_error(std::string("edge,inl_lsb\n1,\0\n", 16)),
              start + ":2: is not a line of numbers. Give a CSV or HDF5 file.");
    EXPECT_EQ(edge_error("edge,inl_lsb\n1,0\n"),
              "s.yaml:5: key 'macro.adc_errors.table' is t.csv, but its ADCs have 1 edges and "
              "macro.adc.bits is 2, which has 3. Take the bits "
              "of the measured ADC.");
    EXPECT_THAT(edge_error("edge,inl_lsb\n1,0\n2,0\n3,0\n"), "");
    EXPECT_THAT(
        sweep_error("macro: {adc.bits: 2, adc_errors: {table: t.csv, dnl_lsb: 0.1}}\n"),
        HasSubstr("key 'macro.adc_errors.dnl_lsb' is 0.1, but macro.adc_errors.table gives the "
                  "edges already. Remove one of the two."));
}

TEST_F(TableFileTest, MistakesInMeasuredErrors) {
    const std::string start = "s.yaml:5: key 'macro.measured.file': t.csv";
    const std::string head = "sum,mean_lsb,sigma_lsb\n";
    EXPECT_EQ(
        measured_error("sum,mean,sigma\n0,0,0\n"),
        start + ": has the columns sum, mean, sigma, but must have sum, mean_lsb, sigma_lsb.");
    EXPECT_EQ(measured_error(head + "1,0,0\n"),
              start + ": sum starts at 1, but must start at 0, the empty sum. Add that row.");
    EXPECT_EQ(measured_error(head + "0,0,0\n5,0,0\n5,0,0\n"),
              start + ": sum is 5 after 5, but must ascend. Sort the rows and give each sum once.");
    EXPECT_EQ(measured_error(head + "0,0,0\n5,0,-0.5\n"),
              start + ": sigma_lsb is -0.5 at sum 5, but must not be negative.");
    std::string many = head;
    for (int i = 0; i < 333'334; ++i) many += std::to_string(i) + ",0,0\n";
    EXPECT_EQ(measured_error(many),
              start + ":333335: is beyond 1000000 values. Thin the table out.");
    EXPECT_EQ(sweep_error("macro.measured.file: none.csv\n"),
              "s.yaml:5: key 'macro.measured.file': none.csv: there is no such file. Check the "
              "path.");
    EXPECT_THAT(sweep_error("macro.measured.file: [a]\n"),
                HasSubstr("is a list, but must be a path"));
    csv("t.csv", head + "0,0,0\n5,0,0\n");
    EXPECT_THAT(sweep_error("macro: {weight_parallel: true, measured.file: t.csv}\n"),
                HasSubstr("but macro.weight_parallel is true"));
    EXPECT_EQ(mac_error("macro.measured.file: t.csv\n"), "");
    csv("t.csv", head + "0,0,0\n5,0,1\n");
    EXPECT_THAT(mac_error("macro.measured.file: t.csv\n"), HasSubstr("key 'seed' is missing"));
}

TEST_F(TableFileTest, MistakesInHdf5Tables) {
    const auto error = [&](const std::function<void(hdf5::ImageWriter&)>& fill) {
        h5("t.h5", fill);
        return sweep_error("macro: {adc.bits: 2, adc_errors.table: t.h5}\n");
    };
    const std::string start = "s.yaml:5: key 'macro.adc_errors.table': t.h5: ";
    EXPECT_EQ(error([](hdf5::ImageWriter&) {}), start + "has no dataset 'inl_lsb'. Add it.");
    EXPECT_EQ(error([](hdf5::ImageWriter& out) {
                  out.write("/inl_lsb",
                            std::vector<double>{0, std::numeric_limits<double>::infinity(), 0});
              }),
              start + "inl_lsb: value 1 is inf, but must be finite.");
    EXPECT_EQ(error([](hdf5::ImageWriter& out) {
                  out.write("/inl_lsb", std::vector<double>(12), {2, 2, 3});
              }),
              start + "inl_lsb must be [edges] or [adcs][edges] with at least one value.");
    EXPECT_THAT(
        error([](hdf5::ImageWriter& out) { out.write("/inl_lsb", std::vector<std::string>{"a"}); }),
        HasSubstr(start));
    EXPECT_THAT(
        error([](hdf5::ImageWriter& out) { out.write("/inl_lsb", std::vector<float>(1'000'001)); }),
        HasSubstr(start));
    h5("m.h5", [](hdf5::ImageWriter& out) {
        out.write("/sum", std::vector<double>{0, 1});
        out.write("/mean_lsb", std::vector<double>{0, 1});
        out.write("/sigma_lsb", std::vector<double>{0});
    });
    EXPECT_EQ(
        sweep_error("macro.measured.file: m.h5\n"),
        "s.yaml:5: key 'macro.measured.file': m.h5: sum, mean_lsb and sigma_lsb have 2, 2 and "
        "1 values, but must have equally many.");
}

}  // namespace
}  // namespace acim
