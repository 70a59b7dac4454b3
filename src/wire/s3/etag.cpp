#include "wire/s3/etag.hpp"

#include "base/assert.hpp"
#include "base/hex.hpp"
#include "wire/s3/checksum.hpp"
#include "wire/s3/value_text.hpp"

namespace cloudshelf::s3 {

std::string simple_etag(std::string_view md5) {
    CLOUDSHELF_ASSERT(md5.size() == checksum_size(ChecksumAlgorithm::md5));
    return "\"" + hex(md5) + "\"";
}

std::string multipart_etag(std::span<const std::string> md5s) {
    Digest digest(ChecksumAlgorithm::md5);
    for (const std::string& md5 : md5s) {
        CLOUDSHELF_ASSERT(md5.size() == checksum_size(ChecksumAlgorithm::md5));
        digest.update(md5);
    }
    return "\"" + hex(digest.finish()) + "-" + std::to_string(md5s.size()) + "\"";
}

std::string in_quotes(std::string_view etag) {
    std::string text = "\"";
    return text.append(etag).append("\"");
}

std::string_view unquoted_etag(std::string_view etag) {
    const bool quoted = etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"');
    return quoted ? etag.substr(1, etag.size() - 2) : etag;
}

std::optional<std::string> md5_of_etag(std::string_view etag) {
    auto bytes = text::from_hex(unquoted_etag(etag));
    if (!bytes || bytes->size() != checksum_size(ChecksumAlgorithm::md5)) return std::nullopt;
    return bytes;
}

}  // namespace cloudshelf::s3
