// SPDX-License-Identifier: Apache-2.0
// read_npy and to_doubles: files of every type written byte by byte, the example's files, every kind of damage.
#include <dyad/io/npy.hpp>

#include <doctest/doctest.h>

#include "io/damaged_files.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::io::npy_array;
using dyad::io::read_npy;
using dyad::io::to_doubles;

/// A file: magic, version, length and text of the header, data.
std::string npy_file(int version, const std::string& header, const std::string& data) {
    const std::string size = version == 1 ? little_endian(static_cast<std::uint16_t>(header.size()))
                                          : little_endian(static_cast<std::uint32_t>(header.size()));
    return "\x93NUMPY" + std::string(1, static_cast<char>(version)) + std::string(1, '\0') + size + header + data;
}
/// The dictionary as NumPy writes it, filled with blanks up to a line feed: the data begins at a multiple of 64.
std::string dictionary(int version, const std::string& descr, const std::string& shape) {
    std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
    const std::size_t before = version == 1 ? 10 : 12;
    text.append(63 - (before + text.size()) % 64, ' ');
    return text + "\n";
}
std::string good_file(const std::string& descr, const std::string& shape, const std::string& data, int version = 1) {
    return npy_file(version, dictionary(version, descr, shape), data);
}

class reader {
public:
    npy_array read(const std::string& bytes) { return read_npy(write_file(name_, bytes)); }
    std::string fault(const std::string& bytes) {
        write_file(name_, bytes);
        return fault_of(name_, bytes.size(), [&] {
            const npy_array array = read_npy(name_);
            if (array.data.size() != array.size() * dyad::io::npy_rules::item_size(array.descr))
                FAIL("size and data differ");
            static_cast<void>(to_doubles(array));
        });
    }

private:
    temporary_folder folder_;
    std::string name_ = folder_ / "file.npy";
};

template <class T, class Word>
void check_type(reader& files, const std::string& descr, const std::vector<T>& values) {
    CAPTURE(descr);
    std::string data;
    std::vector<double> expected;
    for (const T v : values) {
        data += little_endian(std::bit_cast<Word>(v));
        expected.push_back(static_cast<double>(v));
    }
    const std::string shape = "(" + std::to_string(values.size()) + ",)";
    for (const int version : {1, 2, 3}) {
        const npy_array array = files.read(good_file(descr, shape, data, version));
        CHECK(array.descr == descr);
        CHECK(array.shape == std::vector<std::size_t>{values.size()});
        const std::vector<double> got = to_doubles(array);
        REQUIRE(got.size() == expected.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            CHECK(std::bit_cast<std::uint64_t>(got[i]) == std::bit_cast<std::uint64_t>(expected[i]));
        }
    }
}
template <class T>
std::vector<T> extremes() {
    using limits = std::numeric_limits<T>;
    return {limits::min(), limits::max(), T{0}, T{1}, T{77}, static_cast<T>(limits::max() - 1)};
}
template <class T>
std::vector<T> float_extremes() {
    using limits = std::numeric_limits<T>;
    return {limits::min(),        limits::max(),      limits::lowest(),    T(0),  -T(0),
            limits::denorm_min(), limits::infinity(), -limits::infinity(), T(0.1)};
}

TEST_CASE("npy: every type, in every version") {
    reader files;
    check_type<std::uint8_t, std::uint8_t>(files, "|u1", extremes<std::uint8_t>());
    check_type<std::int8_t, std::uint8_t>(files, "|i1", extremes<std::int8_t>());
    check_type<std::uint16_t, std::uint16_t>(files, "<u2", extremes<std::uint16_t>());
    check_type<std::int16_t, std::uint16_t>(files, "<i2", extremes<std::int16_t>());
    check_type<std::uint32_t, std::uint32_t>(files, "<u4", extremes<std::uint32_t>());
    check_type<std::int32_t, std::uint32_t>(files, "<i4", extremes<std::int32_t>());
    check_type<std::uint64_t, std::uint64_t>(files, "<u8", extremes<std::uint64_t>());
    check_type<std::int64_t, std::uint64_t>(files, "<i8", extremes<std::int64_t>());
    check_type<float, std::uint32_t>(files, "<f4", float_extremes<float>());
    check_type<double, std::uint64_t>(files, "<f8", float_extremes<double>());
    check_type<dyad::float16, std::uint16_t>(files, "<f2", float_extremes<dyad::float16>());
    const npy_array nan = files.read(good_file("<f4", "(1,)", little_endian(std::uint32_t{0x7FC00001})));
    CHECK(std::isnan(to_doubles(nan)[0]));
}

TEST_CASE("npy: shapes, in C order") {
    reader files;
    const std::string six("\x01\x02\x03\x04\x05\x06", 6);
    const auto shape_of = [&](const std::string& shape, const std::string& data) {
        return files.read(good_file("|u1", shape, data)).shape;
    };
    using shape = std::vector<std::size_t>;
    CHECK(shape_of("()", "x").empty());
    CHECK(shape_of("(6,)", six) == shape{6});
    CHECK(shape_of("(2, 3)", six) == shape{2, 3});
    CHECK(shape_of("(1, 2, 3, 1)", six) == shape{1, 2, 3, 1});
    CHECK(shape_of("(0,)", "") == shape{0});
    CHECK(shape_of("(4, 0, 7)", "") == shape{4, 0, 7});
    CHECK(to_doubles(files.read(good_file("|u1", "(2, 3)", six))) == std::vector<double>{1, 2, 3, 4, 5, 6});
    CHECK(files.read(good_file("|u1", "()", "x")).size() == 1);
    // Keys in another order, other blanks, no comma at the end.
    const npy_array other = files.read(npy_file(1, "{'shape':(2,3),'fortran_order' :  False,'descr':'|u1'}", six));
    CHECK(other.shape == shape{2, 3});
}

TEST_CASE("npy: the example's files") {
    const std::string folder = DYAD_SOURCE_FOLDER "/examples/digits/";
    using shape = std::vector<std::size_t>;
    const npy_array images = read_npy(folder + "digits_images.npy");
    CHECK(images.descr == "|u1");
    CHECK(images.shape == shape{1797, 8, 8});
    const std::vector<double> pixels = to_doubles(images);
    CHECK(*std::max_element(pixels.begin(), pixels.end()) == 16);
    // The first row of the first image, as every description of the data set shows it.
    CHECK(std::vector<double>(pixels.begin(), pixels.begin() + 8) == std::vector<double>{0, 0, 5, 13, 9, 1, 0, 0});
    const npy_array labels = read_npy(folder + "digits_labels.npy");
    CHECK(labels.descr == "|u1");
    CHECK(labels.shape == shape{1797});
    const std::vector<double> digits = to_doubles(labels);
    CHECK(std::vector<double>(digits.begin(), digits.begin() + 10) ==
          std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    const npy_array logits = read_npy(folder + "reference_logits.npy");
    CHECK(logits.descr == "<f4");
    CHECK(logits.shape == shape{450, 10});
}

TEST_CASE("npy: a file that ends early is told, wherever it ends") {
    reader files;
    for (const int version : {1, 2, 3}) {
        const std::string whole = good_file("<f4", "(2, 3)", std::string(24, 'x'), version);
        CHECK(files.fault(whole).empty());
        for (std::size_t n = 0; n < whole.size(); ++n) {
            CAPTURE(n);
            CHECK(!files.fault(whole.substr(0, n)).empty());
        }
        CHECK(files.fault(whole.substr(0, 5)) == "is not a .npy file");
        CHECK(files.fault(whole.substr(0, 60)) == "ends within its header");
        CHECK(files.fault(whole.substr(0, whole.size() - 1)) == "should have 24 bytes of data and has 23");
        CHECK(files.fault(whole + "y") == "should have 24 bytes of data and has 25");
    }
}

TEST_CASE("npy: every kind of damage has its sentence") {
    reader files;
    const std::string four = "abcd";
    const auto header = [&](const std::string& text) { return files.fault(npy_file(1, text, four)); };
    const std::string good = good_file("|u1", "(4,)", four);
    CHECK(files.fault(good).empty());

    std::string bad_magic = good;
    bad_magic[0] = 'N';
    CHECK(files.fault(bad_magic) == "is not a .npy file");
    CHECK(files.fault("") == "is not a .npy file");
    for (const int version : {0, 4, 9, 255}) {
        CHECK(files.fault(npy_file(version, "{}", four)) ==
              "has .npy version " + std::to_string(version) + ", known are 1 to 3");
    }
    // Lengths of headers beyond the file.
    CHECK(files.fault(good.substr(0, 8) + "\xff\xff" + good.substr(10)) == "ends within its header");
    const std::string second = good_file("|u1", "(4,)", four, 2);
    CHECK(files.fault(second.substr(0, 8) + "\xff\xff\xff\xff" + second.substr(12)) == "ends within its header");
    CHECK(files.fault(std::string("\x93NUMPY\x02\x00", 8) + "ab") == "ends within its header");

    CHECK(header("") == "the header is no dictionary: it lacks a '{'");
    CHECK(header("{}") == "the header has no element type");
    CHECK(header("{'descr': ") == "the header has no element type");
    CHECK(header("{'descr': '<f4") == "the header has an unfinished string");
    CHECK(header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }") ==
          "the header has no element type");
    for (const std::string descr : {"|O", ">f4", "|b1", "<c8", "|S1", "<U1", "<f16", "f4", "<f44", "", "|u1 "}) {
        CAPTURE(descr);
        CHECK(header("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (1,), }") ==
              "has elements of type '" + descr + "', which this reader does not know");
    }
    const std::string fortran = "is not in C order (fortran_order must be False)";
    CHECK(header("{'descr': '|u1', 'fortran_order': True, 'shape': (4,), }") == fortran);
    CHECK(header("{'descr': '|u1', 'fortran_order': 0, 'shape': (4,), }") == fortran);
    CHECK(header("{'descr': '|u1', 'shape': (4,), }") == fortran);

    const auto shape = [&](const std::string& text) {
        return header("{'descr': '|u1', 'fortran_order': False, 'shape': " + text);
    };
    const std::string no_shape = "the header has no shape in parentheses";
    const std::string no_numbers = "the header's shape is not a list of numbers";
    CHECK(shape("(4,), }").empty());
    CHECK(header("{'descr': '|u1', 'fortran_order': False, }") == no_shape);
    CHECK(shape("") == no_shape);
    CHECK(shape("4, }") == no_shape);
    CHECK(shape("[4], }") == no_shape);
    CHECK(shape("(4, }") == no_shape);
    CHECK(shape("(-4,), }") == no_numbers);
    CHECK(shape("(four,), }") == no_numbers);
    CHECK(shape("(4.0,), }") == no_numbers);
    CHECK(shape("(4L,), }") == no_numbers);
    CHECK(!shape("((4,),), }").empty());
    CHECK(shape("(99999999999999999999,), }") == no_numbers);
    CHECK(shape("(5,), }") == "should have 5 bytes of data and has 4");
    CHECK(shape("(2, 1), }") == "should have 2 bytes of data and has 4");
    CHECK(shape("(0,), }") == "should have 0 bytes of data and has 4");
}

TEST_CASE("npy: shapes whose size overflows") {
    reader files;
    for (const std::string shape : {"(4294967296, 4294967296)", "(18446744073709551615, 2)", "(9223372036854775808,)",
                                    "(4294967296, 1073741824, 4, 1)"}) {
        CAPTURE(shape);
        CHECK(files.fault(good_file("<u4", shape, "abcd")) == "has an impossible shape");
        CHECK(files.fault(good_file("<u4", shape, "")) == "has an impossible shape");
    }
    // Large, but possible: the file is too short.
    CHECK(files.fault(good_file("|u1", "(18446744073709551615,)", "abcd")) ==
          "should have 18446744073709551615 bytes of data and has 4");
    // Zero elements, however large the other extents.
    CHECK(files.fault(good_file("|u1", "(0, 18446744073709551615, 18446744073709551615)", "")).empty());
}

TEST_CASE("npy: a header that is no dictionary of three entries is refused") {
    reader files;
    const auto header = [&](const std::string& text) { return files.fault(npy_file(1, text, "abcd")); };
    const std::string good = "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }";
    CHECK(header(good + "  \n").empty());
    CHECK(!header(good + " garbage").empty());
    CHECK(!header("garbage" + good).empty());
    CHECK(!header("{'outer': " + good + "}").empty());
    CHECK(!header("'descr': '|u1', 'fortran_order': False, 'shape': (4,), ").empty());
    CHECK(!header("{'descr': '|u1', 'fortran_order': Falsehood, 'shape': (4,), }").empty());
    CHECK(!header("{'descr': '|u1', 'fortran_order': False, 'shape': (2 2), }").empty());
    CHECK(!header("{'descr': '|u1', 'fortran_order': False, 'shape': (2,,2), }").empty());
    CHECK(!header("{'descr' '|u1', 'fortran_order': False, 'shape': (4,), }").empty());
    CHECK(!header("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), 'shape': (2, 2), }").empty());
}

TEST_CASE("npy: random damage gives an array or a sentence") {
    reader files;
    std::mt19937_64 engine(20240607);
    const std::string good[] = {good_file("<f4", "(2, 3)", std::string(24, 'x')), good_file("|u1", "(5,)", "12345", 2),
                                good_file("<i8", "()", std::string(8, '\x80'), 3), good_file("<f8", "(0, 9)", "")};
    int read = 0;
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string bytes = mutated(good[i % 4], engine);
        (files.fault(bytes).empty() ? read : refused) += 1;
    }
    MESSAGE(read << " read, " << refused << " refused");
    CHECK(read > 100);
    CHECK(refused > 10000);
}

}  // namespace
}  // namespace dyad_test
