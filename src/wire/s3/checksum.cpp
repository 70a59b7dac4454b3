#include "wire/s3/checksum.hpp"

#include "base/assert.hpp"
#include "base/base64.hpp"
#include "base/crc32c.hpp"
#include "wire/s3/crc.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <array>

namespace cloudshelf::s3 {
namespace {

struct Properties {
    std::string_view name;
    std::string_view header;
    std::size_t size;
    bool composite;    // of a multipart upload
    bool full_object;  // the same
    const EVP_MD* (*digest)();
    CrcKind crc;
};

constexpr std::array<Properties, 6> properties{{
    {"CRC32", "x-amz-checksum-crc32", 4, true, true, nullptr, CrcKind::crc32},
    {"CRC32C", "x-amz-checksum-crc32c", 4, true, true, nullptr, CrcKind::crc32c},
    {"CRC64NVME", "x-amz-checksum-crc64nvme", 8, false, true, nullptr, CrcKind::crc64nvme},
    {"SHA1", "x-amz-checksum-sha1", 20, true, false, EVP_sha1, {}},
    {"SHA256", "x-amz-checksum-sha256", 32, true, false, EVP_sha256, {}},
    {"MD5", "content-md5", 16, false, false, EVP_md5, {}},
}};

constexpr std::array selectable{
    ChecksumAlgorithm::crc32,
    ChecksumAlgorithm::crc32c,
    ChecksumAlgorithm::crc64nvme,
    ChecksumAlgorithm::sha1,
    ChecksumAlgorithm::sha256,
};

const Properties& properties_of(ChecksumAlgorithm algorithm) {
    return properties.at(static_cast<std::size_t>(algorithm));
}

std::uint64_t number(std::string_view raw) {
    std::uint64_t value = 0;
    for (const char byte : raw) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

std::string raw(std::uint64_t value, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = size; i > 0; value >>= 8) bytes[--i] = static_cast<char>(value & 0xff);
    return bytes;
}

}  // namespace

std::string_view checksum_name(ChecksumAlgorithm algorithm) {
    return properties_of(algorithm).name;
}

std::string_view checksum_header(ChecksumAlgorithm algorithm) {
    return properties_of(algorithm).header;
}

std::optional<ChecksumAlgorithm> algorithm_of_header(std::string_view header) {
    for (const ChecksumAlgorithm each : selectable) {
        if (text::equal_ignoring_case(header, properties_of(each).header)) return each;
    }
    return std::nullopt;
}

Result<ChecksumAlgorithm> parse_checksum_algorithm(std::string_view name) {
    for (const ChecksumAlgorithm each : selectable) {
        if (text::equal_ignoring_case(name, properties_of(each).name)) return each;
    }
    return fail(errors::invalid_request(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
    ));
}

std::string_view checksum_type_name(ChecksumType type) {
    return type == ChecksumType::composite ? "COMPOSITE" : "FULL_OBJECT";
}

Result<ChecksumType> parse_checksum_type(std::string_view name) {
    if (name == "COMPOSITE") return ChecksumType::composite;
    if (name == "FULL_OBJECT") return ChecksumType::full_object;
    return fail(errors::invalid_header("x-amz-checksum-type"));
}

Result<ChecksumType> multipart_checksum_type(ChecksumAlgorithm algorithm, std::optional<ChecksumType> asked) {
    const Properties& its = properties_of(algorithm);
    if (!asked) return its.composite ? ChecksumType::composite : ChecksumType::full_object;
    if (*asked == ChecksumType::composite ? its.composite : its.full_object) return *asked;
    std::string message = "The ";
    message.append(checksum_type_name(*asked)).append(" checksum type cannot be used with the ");
    message.append(text::lower(its.name)).append(" checksum algorithm.");
    return fail(errors::invalid_request(std::move(message)));
}

std::size_t checksum_size(ChecksumAlgorithm algorithm) {
    return properties_of(algorithm).size;
}

Result<std::string> parse_checksum(ChecksumAlgorithm algorithm, std::string_view base64) {
    auto bytes = from_base64(base64);
    if (bytes && bytes->size() == properties_of(algorithm).size) return std::move(*bytes);
    if (algorithm == ChecksumAlgorithm::md5) return fail(errors::invalid_digest());
    return fail(errors::invalid_header(properties_of(algorithm).header));
}

Digest::Digest(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
    if (properties_of(algorithm).digest == nullptr) return;
    context_.reset(EVP_MD_CTX_new());
    CLOUDSHELF_ASSERT(context_ && EVP_DigestInit_ex(context_.get(), properties_of(algorithm).digest(), nullptr) == 1);
}

void Digest::update(std::string_view bytes) {
    CLOUDSHELF_ASSERT(!finished_);
    switch (algorithm_) {
        case ChecksumAlgorithm::crc32:
            crc_ = crc32(bytes, static_cast<std::uint32_t>(crc_));
            return;
        case ChecksumAlgorithm::crc32c:
            crc_ = crc32c(bytes, static_cast<std::uint32_t>(crc_));
            return;
        case ChecksumAlgorithm::crc64nvme:
            crc_ = crc64nvme(bytes, crc_);
            return;
        case ChecksumAlgorithm::sha1:
        case ChecksumAlgorithm::sha256:
        case ChecksumAlgorithm::md5:
            break;
    }
    CLOUDSHELF_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Digest::finish() {
    CLOUDSHELF_ASSERT(!finished_);
    finished_ = true;
    if (!context_) return raw(crc_, properties_of(algorithm_).size);
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    CLOUDSHELF_ASSERT(EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1);
    CLOUDSHELF_ASSERT(size == properties_of(algorithm_).size);
    return {reinterpret_cast<const char*>(bytes.data()), size};
}

std::string Digest::of(ChecksumAlgorithm algorithm, std::string_view bytes) {
    Digest digest(algorithm);
    digest.update(bytes);
    return digest.finish();
}

bool can_combine(ChecksumAlgorithm algorithm) {
    return properties_of(algorithm).digest == nullptr;
}

std::string full_object_checksum(ChecksumAlgorithm algorithm, std::span<const PartChecksum> parts) {
    CLOUDSHELF_ASSERT(can_combine(algorithm));
    const Properties& its = properties_of(algorithm);
    std::uint64_t whole = 0;  // the CRC of no bytes at all
    for (const PartChecksum& part : parts) {
        CLOUDSHELF_ASSERT(part.raw.size() == its.size);
        whole = combined_crc(its.crc, whole, number(part.raw), part.size);
    }
    return raw(whole, its.size);
}

std::string composite_checksum(ChecksumAlgorithm algorithm, std::span<const PartChecksum> parts) {
    Digest digest(algorithm);
    for (const PartChecksum& part : parts) {
        CLOUDSHELF_ASSERT(part.raw.size() == properties_of(algorithm).size);
        digest.update(part.raw);
    }
    return base64(digest.finish()) + "-" + std::to_string(parts.size());
}

}  // namespace cloudshelf::s3
