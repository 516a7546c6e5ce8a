// SPDX-License-Identifier: Apache-2.0
#include "tests/data/data_fixture.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Npy : public DataFixture {
protected:
    std::string error(const std::string& bytes) const {
        DataSpec spec;
        spec.format = DataFormat::npy;
        spec.images = write("x.npy", bytes);
        const std::string text = open_error(spec);
        EXPECT_THAT(text, ::testing::AnyOf(HasSubstr("x.npy"), "no error"));
        return text;
    }
    std::string header_error(const std::string& dictionary, std::size_t bytes = 12) const {
        return error(npy_bytes(dictionary, std::string(bytes, '\1')));
    }
};

TEST_F(Npy, ReadsWhateverPythonWouldWrite) {
    for (const char* text : {
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }",
             "{'shape': (3, 2, 2), 'fortran_order': False, 'descr': '|u1'}",
             "{\"descr\":\"|u1\",\"fortran_order\":False,\"shape\":(3L,2L,2L)}",
             "  { 'descr' : '|u1' ,'fortran_order' : False ,\n 'shape' :( 3 ,2 , 2 ,) , } ",
         })
        EXPECT_EQ(header_error(text), "no error") << text;
}

TEST_F(Npy, TheHeaderIsParsedAndNeverEvaluated) {
    for (const char* text : {
             "__import__('os').system('touch /tmp/acim')",
             "{'descr': __import__('os'), 'fortran_order': False, 'shape': (3, 2, 2)}",
             "{'descr': '|u1', 'fortran_order': 1 == 2, 'shape': (3, 2, 2)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 1 + 1)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, -2)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2.0)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 99999999999999999999)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': [3, 2, 2]}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2)",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2)} x",
             "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), 'more': 'x'}",
             "{'descr': '\\x7cu1', 'fortran_order': False, 'shape': (3, 2, 2)}",
             "{'descr': '|u1', 'fortran_order': False}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,12)}",
             "{}",
             "",
             "{",
             "{'descr",
             "{'descr'",
             "((((((((",
         })
        EXPECT_THAT(header_error(text), HasSubstr("not the dictionary")) << text;
}

TEST_F(Npy, NamesWhatItDoesNotRead) {
    EXPECT_THAT(header_error("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 2, 2)}"),
                AllOf(HasSubstr("big-endian (>f4)"), HasSubstr("astype('<f4')")));
    EXPECT_THAT(header_error("{'descr': '|O', 'fortran_order': False, 'shape': (3, 2, 2)}"),
                HasSubstr("never loaded"));
    EXPECT_THAT(header_error("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}"),
                HasSubstr("several fields"));
    EXPECT_THAT(header_error("{'descr': '<c8', 'fortran_order': False, 'shape': (3, 2, 2)}"),
                HasSubstr("'<c8' are not read"));
    EXPECT_THAT(header_error("{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2, 2)}"),
                HasSubstr("Fortran order"));
    EXPECT_THAT(error("PK\3\4"), HasSubstr("is not an NPY file"));
    EXPECT_THAT(error(""), HasSubstr("is not an NPY file"));
    EXPECT_THAT(error(npy_bytes(npy_dictionary("|u1", {3, 2, 2}), std::string(12, 'x'), 4)),
                HasSubstr("version 4.0"));
}

TEST_F(Npy, SizesAreExact) {
    const auto shape = npy_dictionary("<f4", {3, 2, 2});
    EXPECT_EQ(error(npy_bytes(shape, std::string(48, '\0'))), "no error");
    EXPECT_THAT(error(npy_bytes(shape, std::string(47, '\0'))),
                HasSubstr("is truncated (47 bytes of values, the header promises 48)"));
    EXPECT_THAT(error(npy_bytes(shape, std::string(49, '\0'))), HasSubstr("is longer"));
    EXPECT_THAT(error(npy_bytes(npy_dictionary("|u1", {0, 2, 2}), "")), HasSubstr("length 0"));
    EXPECT_THAT(error(npy_bytes(npy_dictionary("|u1", {}), "x")), HasSubstr("no axis"));
    EXPECT_THAT(error(npy_bytes(npy_dictionary("|u1", {12}), std::string(12, 'x'))),
                HasSubstr("Is this the labels file?"));
    // Products beyond 64 bits, and headers that promise what is not there.
    const std::uint64_t huge = std::uint64_t{1} << 63;
    for (const auto& dims : {std::vector<std::uint64_t>{huge, 4, 1},
                             {3, huge, huge},
                             {4294967296, 4294967296, 1},
                             {1000000, 1000, 1000}})
        EXPECT_THAT(error(npy_bytes(npy_dictionary("|u1", dims), std::string(12, 'x'))),
                    HasSubstr("is truncated (12 bytes"));
    std::string lie = npy_bytes(shape, std::string(48, '\0'), 2);
    lie[11] = '\x7f';  // a header of 2 GiB
    EXPECT_THAT(error(lie), HasSubstr("promises 21"));
    const std::string whole = npy_bytes(shape, "");
    for (std::size_t n : {7U, 9U, 11U, 60U})
        EXPECT_THAT(error(whole.substr(0, n)), HasSubstr("ends inside its header")) << n;
}

}  // namespace
}  // namespace acim
