// SPDX-License-Identifier: Apache-2.0
#include "tests/data/data_fixture.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string small = npy_bytes(npy_dictionary("|u1", {3, 2, 2}), "abcdefghijkl");

class Npz : public DataFixture {
protected:
    DataSpec spec(const std::string& bytes) const {
        DataSpec out;
        out.format = DataFormat::npz;
        out.images = write("x.npz", bytes);
        return out;
    }
    std::string error(const std::string& bytes) const { return open_error(spec(bytes)); }
};

TEST_F(Npz, LabelsMayBeAbsent) {
    const auto data = open_data(spec(zip_bytes({{"images.npy", small, true}})));
    EXPECT_EQ(data->count(), 3U);
    EXPECT_EQ(data->label(2), -1);
    EXPECT_THAT(pixels(*data, 2, 1), ElementsAre('i', 'j', 'k', 'l'));
    EXPECT_THAT(error_of([&] { check_labels(*data, 10); }), HasSubstr("data.labels: missing"));
}

TEST_F(Npz, NamesWhatIsWrong) {
    EXPECT_THAT(error(""), AllOf(HasSubstr("x.npz"), HasSubstr("is not an NPZ file")));
    EXPECT_THAT(error(small), HasSubstr("is not an NPZ file"));
    EXPECT_THAT(error(zip_bytes({{"arr_0.npy", small}})), HasSubstr("has no array 'images'"));
    EXPECT_THAT(error(zip_bytes({{"images.npy", small}, {"images.npy", small}})),
                HasSubstr("two members have one name"));
    EXPECT_THAT(error(zip_bytes({{"images.npy", "text"}})),
                AllOf(HasSubstr("x.npz, array images"), HasSubstr("is not an NPY file")));
    EXPECT_THAT(error(zip_bytes({{"images.npy", small.substr(0, 135), true}})),
                HasSubstr("is truncated"));
    std::string bytes = zip_bytes({{"images.npy", small}});
    std::string encrypted = bytes;
    encrypted[bytes.rfind("PK\1\2") + 8] = 1;
    EXPECT_THAT(error(encrypted), HasSubstr("is encrypted"));
    std::string method = bytes;
    method[bytes.rfind("PK\1\2") + 10] = 12;
    EXPECT_THAT(error(method), HasSubstr("method 12"));
    for (const bool deflated : {false, true}) {
        std::string flipped = zip_bytes({{"images.npy", small, deflated}});
        flipped[flipped.rfind("PK\1\2") + 16] ^= 1;  // the checksum
        EXPECT_THAT(error(flipped), ::testing::AnyOf(HasSubstr("checksum"), HasSubstr("damaged")));
    }
}

TEST_F(Npz, BombsDoNotGoOff) {
    // 64 MiB of zeros deflate to 64 kB; the archive admits to 140 bytes.
    const std::string zeros(std::size_t{64} << 20, '\0');
    EXPECT_THAT(error(zip_bytes({{"images.npy", small + zeros, true, false, small.size()}})),
                HasSubstr("damaged"));
    // It claims 1 TiB, or 1 GiB that its few bytes cannot hold.
    EXPECT_THAT(error(zip_bytes({{"images.npy", small, true, true, 1ULL << 40}})),
                HasSubstr("kept in memory"));
    EXPECT_THAT(error(zip_bytes({{"images.npy", small, true, true, 1ULL << 30}})),
                HasSubstr("damaged"));
    // Stored, it points beyond the file.
    EXPECT_THAT(error(zip_bytes({{"images.npy", small, false, true, 1ULL << 40}})),
                HasSubstr("damaged"));
    // A directory that claims to be large, or to lie outside.
    std::string far = zip_bytes({{"images.npy", small}});
    far[far.size() - 7] = '\x7f';  // highest byte of the directory's size
    EXPECT_THAT(error(far), HasSubstr("x.npz"));
    std::string beyond = zip_bytes({{"images.npy", small}});
    beyond[beyond.size() - 3] = '\x7f';  // highest byte of its place
    EXPECT_THAT(error(beyond), HasSubstr("beyond its end"));
}

}  // namespace
}  // namespace acim
