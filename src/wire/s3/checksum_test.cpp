#include "wire/s3/checksum.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "wire/s3/checksum_headers.hpp"
#include "wire/s3/crc.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/value_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {
namespace {

using enum ChecksumAlgorithm;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::array all{crc32, crc32c, crc64nvme, sha1, sha256, md5};

std::string random_bytes(Random& random, std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    return bytes;
}

// Goal: each algorithm is the one of its name. Method: the check value of the CRC catalogues, and FIPS's and RFC
// 1321's.
TEST(Checksum, CheckValues) {
    const auto of = [](ChecksumAlgorithm algorithm, std::string_view bytes) {
        return hex(Digest::of(algorithm, bytes));
    };
    EXPECT_EQ(of(crc32, "123456789"), "cbf43926");
    EXPECT_EQ(of(crc32c, "123456789"), "e3069283");
    EXPECT_EQ(of(crc64nvme, "123456789"), "ae8b14860a799888");
    EXPECT_EQ(of(sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(of(sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(of(md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(of(crc32, ""), "00000000");
    EXPECT_EQ(of(crc64nvme, ""), "0000000000000000");
    EXPECT_EQ(of(md5, ""), "d41d8cd98f00b204e9800998ecf8427e");
    // NVM Express Base Specification 2.0, "64b CRC test cases": 4096 bytes of zero, of ones, counting up and down.
    std::string up;
    for (int i = 0; i < 4096; ++i) up += static_cast<char>(i & 0xff);
    EXPECT_EQ(s3::crc64nvme(std::string(4096, '\0')), 0x6482d367eb22b64eU);
    EXPECT_EQ(s3::crc64nvme(std::string(4096, '\xff')), 0xc0ddba7302eca3acU);
    EXPECT_EQ(s3::crc64nvme(up), 0x3e729f5f6750449cU);
    EXPECT_EQ(s3::crc64nvme(std::string(up.rbegin(), up.rend())), 0x9a2df64b8e9e517eU);
}

/// Bit by bit, as the polynomial is written down.
std::uint64_t slow_crc64(std::string_view bytes) {
    std::uint64_t state = ~std::uint64_t{0};
    for (const char byte : bytes) {
        state ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) state = (state & 1) != 0 ? state >> 1 ^ 0x9a6c9329ac4bc9b5 : state >> 1;
    }
    return ~state;
}

// Goal: no size, alignment or division into pieces changes the result. Method: random ones, against one bit at a time.
TEST(Checksum, PiecesMakeTheWhole) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (int round = 0; round < 300; ++round) {
        const std::string buffer = random_bytes(random, random.below(2000));
        const std::string_view bytes =
            std::string_view(buffer).substr(buffer.empty() ? 0 : random.below(buffer.size()));
        EXPECT_EQ(s3::crc64nvme(bytes), slow_crc64(bytes)) << bytes.size();
        for (const ChecksumAlgorithm algorithm : all) {
            Digest digest(algorithm);
            for (std::string_view rest = bytes; !rest.empty();) {
                const auto size = random.below(rest.size() + 1);
                digest.update(rest.substr(0, size));
                rest.remove_prefix(size);
            }
            EXPECT_EQ(digest.finish(), Digest::of(algorithm, bytes)) << checksum_name(algorithm);
        }
    }
}

// Goal: the checksum of a whole object comes from its parts alone. Method: random parts, empty ones among them.
TEST(Checksum, CombinesCrcs) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (const ChecksumAlgorithm algorithm : all) {
        EXPECT_EQ(can_combine(algorithm), algorithm == crc32 || algorithm == crc32c || algorithm == crc64nvme);
        if (!can_combine(algorithm)) continue;
        for (int round = 0; round < 100; ++round) {
            std::string whole;
            std::vector<PartChecksum> parts;
            for (auto count = random.below(5); count > 0; --count) {
                const std::string part = random_bytes(random, random.below(3) == 0 ? 0 : random.below(700));
                parts.push_back({.raw = Digest::of(algorithm, part), .size = part.size()});
                whole += part;
            }
            EXPECT_EQ(full_object_checksum(algorithm, parts), Digest::of(algorithm, whole)) << checksum_name(algorithm);
        }
    }
    // Sizes beyond 32 bits, and beyond a shift of 64: five TiB in one step and in two come to the same.
    constexpr std::uint64_t tebi = std::uint64_t{1} << 40;
    for (const CrcKind kind : {CrcKind::crc32, CrcKind::crc32c, CrcKind::crc64nvme}) {
        EXPECT_EQ(
            combined_crc(kind, combined_crc(kind, 0x12345678, 0, 2 * tebi), 0, 3 * tebi),
            combined_crc(kind, 0x12345678, 0, 5 * tebi)
        );
        EXPECT_NE(combined_crc(kind, 1, 0, std::uint64_t{1} << 63), combined_crc(kind, 1, 0, 0));
    }
}

TEST(Checksum, CompositeIsOfThePartsChecksums) {
    const std::vector<PartChecksum> parts{{Digest::of(sha256, "one"), 3}, {Digest::of(sha256, "two"), 3}};
    EXPECT_EQ(composite_checksum(sha256, parts), base64(Digest::of(sha256, parts[0].raw + parts[1].raw)) + "-2");
    const std::vector<PartChecksum> crcs{{Digest::of(crc32c, "one"), 3}};
    EXPECT_EQ(composite_checksum(crc32c, crcs), base64(Digest::of(crc32c, crcs[0].raw)) + "-1");
}

TEST(Checksum, NamesAndTypes) {
    EXPECT_EQ(checksum_header(crc64nvme), "x-amz-checksum-crc64nvme");
    for (const ChecksumAlgorithm algorithm : {crc32, crc32c, crc64nvme, sha1, sha256}) {
        EXPECT_EQ(parse_checksum_algorithm(checksum_name(algorithm)).value(), algorithm);
        EXPECT_EQ(algorithm_of_header(checksum_header(algorithm)), algorithm);
        EXPECT_EQ(Digest::of(algorithm, "x").size(), checksum_size(algorithm));
    }
    EXPECT_EQ(algorithm_of_header("X-Amz-Checksum-SHA256"), sha256);
    EXPECT_EQ(algorithm_of_header("x-amz-checksum-mode"), std::nullopt);
    EXPECT_EQ(parse_checksum_algorithm("MD5").error().code, "InvalidRequest");
    EXPECT_EQ(parse_checksum_type("FULL").error().code, "InvalidRequest");

    const auto type = [](ChecksumAlgorithm algorithm, std::optional<ChecksumType> asked) {
        const auto given = multipart_checksum_type(algorithm, asked);
        return given ? std::string(checksum_type_name(*given)) : given.error().message;
    };
    EXPECT_EQ(type(crc32, std::nullopt), "COMPOSITE");
    EXPECT_EQ(type(crc32c, ChecksumType::full_object), "FULL_OBJECT");
    EXPECT_EQ(type(crc64nvme, std::nullopt), "FULL_OBJECT");
    EXPECT_EQ(type(sha1, std::nullopt), "COMPOSITE");
    EXPECT_EQ(
        type(sha256, ChecksumType::full_object),
        "The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm."
    );
    EXPECT_EQ(
        type(crc64nvme, ChecksumType::composite),
        "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm."
    );
}

TEST(Checksum, ReadsValuesOfTheRightSizeOnly) {
    EXPECT_EQ(parse_checksum(crc32, "y/Q5Jg==").value(), Digest::of(crc32, "123456789"));
    for (const std::string_view bad : {"", "y/Q5Jg", "y/Q5", "y/Q5Jg==-2", "y/Q5Jgo=", "y/Q5Jh=="}) {
        const auto read = parse_checksum(crc32, bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code, "InvalidRequest");
        EXPECT_EQ(read.error().message, "Value for x-amz-checksum-crc32 header is invalid.");
    }
    EXPECT_EQ(parse_checksum(md5, "YWJj").error().code, "InvalidDigest");
}

TEST(Checksum, OfABody) {
    const auto of = [](const Pairs& headers) -> std::string {
        const auto found = body_checksum(headers);
        if (!found) return found.error().code + ": " + found.error().message;
        if (!*found) return "none";
        return std::string(checksum_name((*found)->algorithm)) + ((*found)->in_trailer ? " in trailer" : "");
    };
    EXPECT_EQ(of({}), "none");
    EXPECT_EQ(of({{"X-Amz-Checksum-Crc32", " y/Q5Jg== "}}), "CRC32");
    EXPECT_EQ(of({{"x-amz-trailer", "x-amz-checksum-sha256"}}), "SHA256 in trailer");
    EXPECT_EQ(of({{"x-amz-sdk-checksum-algorithm", "CRC32"}, {"x-amz-checksum-crc32", "y/Q5Jg=="}}), "CRC32");
    EXPECT_TRUE(of({{"x-amz-trailer", "x-something"}}).starts_with("InvalidRequest: The value specified in the x-amz-")
    );
    EXPECT_TRUE(of({{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-checksum-crc32c", "y/Q5Jg=="}})
                    .starts_with("InvalidRequest: Expecting a single"));
    EXPECT_TRUE(of({{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-trailer", "x-amz-checksum-crc32"}})
                    .starts_with("InvalidRequest: Expecting a single"));
    EXPECT_TRUE(of({{"x-amz-sdk-checksum-algorithm", "CRC32"}}).contains("no corresponding"));
    EXPECT_EQ(
        of({{"x-amz-sdk-checksum-algorithm", "SHA1"}, {"x-amz-checksum-crc32", "y/Q5Jg=="}}),
        "InvalidRequest: Value for x-amz-sdk-checksum-algorithm header is invalid."
    );
    EXPECT_EQ(content_md5(Pairs{{"Content-MD5", "kAFQmDzST7DWlj99KOF/cg=="}}).value(), Digest::of(md5, "abc"));
    EXPECT_EQ(content_md5(Pairs{{"Content-MD5", "kAFQ"}}).error().code, "InvalidDigest");
    EXPECT_EQ(content_md5(Pairs{}).value(), std::nullopt);
}

TEST(Checksum, OfAnUpload) {
    const auto whole =
        upload_checksum(Pairs{{"x-amz-checksum-algorithm", "CRC32C"}, {"x-amz-checksum-type", "FULL_OBJECT"}});
    ASSERT_TRUE(whole && *whole);
    EXPECT_EQ((*whole)->algorithm, crc32c);
    EXPECT_EQ((*whole)->type, ChecksumType::full_object);
    const auto parts = upload_checksum(Pairs{{"x-amz-checksum-algorithm", "SHA1"}});
    ASSERT_TRUE(parts && *parts);
    EXPECT_EQ((*parts)->type, ChecksumType::composite);
    EXPECT_EQ(upload_checksum(Pairs{}).value(), std::nullopt);
    EXPECT_FALSE(upload_checksum(Pairs{{"x-amz-checksum-type", "COMPOSITE"}}));
    EXPECT_FALSE(upload_checksum(Pairs{{"x-amz-checksum-algorithm", "SHA1"}, {"x-amz-checksum-type", "FULL_OBJECT"}}));
}

TEST(ETag, OfSimpleAndMultipartObjects) {
    EXPECT_EQ(simple_etag(Digest::of(md5, "")), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    const std::vector<std::string> parts{Digest::of(md5, "one"), Digest::of(md5, "two")};
    EXPECT_EQ(multipart_etag(parts), "\"" + hex(Digest::of(md5, parts[0] + parts[1])) + "-2\"");
    EXPECT_EQ(unquoted_etag("\"abc\""), "abc");
    EXPECT_EQ(unquoted_etag("abc"), "abc");
    EXPECT_EQ(unquoted_etag("\""), "\"");
    EXPECT_EQ(md5_of_etag("\"d41d8cd98f00b204e9800998ecf8427e\""), Digest::of(md5, ""));
    EXPECT_EQ(md5_of_etag("D41D8CD98F00B204E9800998ECF8427E"), Digest::of(md5, ""));
    EXPECT_EQ(md5_of_etag("\"d41d8cd98f00b204e9800998ecf8427e-1\""), std::nullopt);
    EXPECT_EQ(md5_of_etag("d41d"), std::nullopt);
}

}  // namespace
}  // namespace cloudshelf::s3
