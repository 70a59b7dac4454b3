#include "region/objects/checksums.hpp"

#include "base/base64.hpp"

namespace cloudshelf::objects {
namespace {

using Element = std::optional<std::string> s3::ChecksumElements::*;

/// Null: documents do not carry it.
Element element(s3::ChecksumAlgorithm algorithm) {
    switch (algorithm) {
        case s3::ChecksumAlgorithm::crc32:
            return &s3::ChecksumElements::crc32;
        case s3::ChecksumAlgorithm::crc32c:
            return &s3::ChecksumElements::crc32c;
        case s3::ChecksumAlgorithm::crc64nvme:
            return &s3::ChecksumElements::crc64nvme;
        case s3::ChecksumAlgorithm::sha1:
            return &s3::ChecksumElements::sha1;
        case s3::ChecksumAlgorithm::sha256:
            return &s3::ChecksumElements::sha256;
        case s3::ChecksumAlgorithm::md5:
            break;
    }
    return nullptr;
}

}  // namespace

StoredChecksum full_checksum(s3::ChecksumAlgorithm algorithm, std::string_view raw) {
    return {
        .algorithm = std::string(s3::checksum_name(algorithm)),
        .type = std::string(s3::checksum_type_name(s3::ChecksumType::full_object)),
        .value = base64(raw),
    };
}

s3::ChecksumElements elements_of(const StoredChecksum& checksum) {
    s3::ChecksumElements elements;
    const auto algorithm = s3::parse_checksum_algorithm(checksum.algorithm);
    if (!algorithm || checksum.value.empty()) return elements;
    elements.*element(*algorithm) = checksum.value;
    if (!checksum.type.empty()) elements.type = checksum.type;
    return elements;
}

std::optional<std::string> value_in(const s3::ChecksumElements& elements, s3::ChecksumAlgorithm algorithm) {
    const Element wanted = element(algorithm);
    return wanted == nullptr ? std::nullopt : elements.*wanted;
}

}  // namespace cloudshelf::objects
