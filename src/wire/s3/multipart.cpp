#include "wire/s3/multipart.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

#include <algorithm>
#include <functional>

namespace cloudshelf::s3 {
Result<CompleteMultipartUpload> parse_complete_multipart_upload(std::string_view body) {
    const auto read = [](Fields& root, CompleteMultipartUpload& upload) {
        root.each("Part", [&](Fields& fields) {
            CompletedPart part;
            const auto number = fields.need_number("PartNumber");
            if (number < 1 || number > part_number_max) {
                fields.complain(errors::invalid_argument("PartNumber must be >= 1"));
            } else {
                part.number = static_cast<int>(number);
            }
            part.etag = unquoted_etag(fields.need_text("ETag"));
            part.checksums = read_checksums(fields);
            upload.parts.push_back(std::move(part));
        });
        if (upload.parts.empty()) root.malformed();
        const auto out_of_order =
            std::ranges::adjacent_find(upload.parts, std::ranges::greater_equal{}, &CompletedPart::number);
        if (out_of_order != upload.parts.end()) root.complain(errors::invalid_part_order());
    };
    constexpr std::size_t bytes_max = std::size_t{4} << 20;
    return read_document<CompleteMultipartUpload>(body, "CompleteMultipartUpload", read, {}, bytes_max);
}

std::string print(const CompleteMultipartUpload& upload) {
    XmlWriter writer("CompleteMultipartUpload");
    for (const auto& part : upload.parts) {
        writer.open("Part");
        writer.element("PartNumber", part.number);
        writer.element("ETag", in_quotes(part.etag));
        write_checksums(writer, part.checksums);
        writer.close();
    }
    return writer.finish();
}

std::string print(const InitiateMultipartUploadResult& result) {
    XmlWriter writer("InitiateMultipartUploadResult");
    writer.element("Bucket", result.bucket);
    writer.element("Key", result.key);
    writer.element("UploadId", result.upload_id);
    return writer.finish();
}

std::string print(const CompleteMultipartUploadResult& result) {
    XmlWriter writer("CompleteMultipartUploadResult");
    writer.element("Location", result.location);
    writer.element("Bucket", result.bucket);
    writer.element("Key", result.key);
    writer.element("ETag", in_quotes(result.etag));
    write_checksums(writer, result.checksums);
    return writer.finish();
}

std::string print(const ListPartsResult& result) {
    XmlWriter writer("ListPartsResult");
    writer.element("Bucket", result.bucket);
    if (result.encoding == KeyEncoding::url) writer.element("EncodingType", "url");
    writer.element("Key", encoded_key(result.key, result.encoding));
    writer.element("UploadId", result.upload_id);
    write_owner(writer, "Initiator", result.initiator);
    write_owner(writer, "Owner", result.owner);
    writer.element("StorageClass", result.storage_class);
    writer.element("PartNumberMarker", result.part_number_marker);
    if (result.next_part_number_marker > 0) writer.element("NextPartNumberMarker", result.next_part_number_marker);
    writer.element("MaxParts", result.max_parts);
    writer.element("IsTruncated", result.truncated);
    writer.element("ChecksumAlgorithm", result.checksum_algorithm);
    writer.element("ChecksumType", result.checksum_type);
    for (const auto& part : result.parts) {
        writer.open("Part");
        writer.element("PartNumber", part.number);
        writer.element("LastModified", print_timestamp(part.modified_ms));
        writer.element("ETag", in_quotes(part.etag));
        writer.element("Size", part.size);
        write_checksums(writer, part.checksums);
        writer.close();
    }
    return writer.finish();
}

std::string print(const ListMultipartUploadsResult& result) {
    XmlWriter writer("ListMultipartUploadsResult");
    const auto key = [&](std::string_view text) { return encoded_key(text, result.encoding); };
    writer.element("Bucket", result.bucket);
    writer.element("KeyMarker", key(result.key_marker));
    writer.element("UploadIdMarker", result.upload_id_marker);
    writer.element_if_some("NextKeyMarker", key(result.next_key_marker));
    writer.element_if_some("NextUploadIdMarker", result.next_upload_id_marker);
    writer.element_if_some("Prefix", key(result.prefix));
    writer.element_if_some("Delimiter", key(result.delimiter));
    if (result.encoding == KeyEncoding::url) writer.element("EncodingType", "url");
    writer.element("MaxUploads", result.max_uploads);
    writer.element("IsTruncated", result.truncated);
    for (const auto& upload : result.uploads) {
        writer.open("Upload");
        writer.element("Key", key(upload.key));
        writer.element("UploadId", upload.upload_id);
        write_owner(writer, "Initiator", upload.initiator);
        write_owner(writer, "Owner", upload.owner);
        writer.element("StorageClass", upload.storage_class);
        writer.element("Initiated", print_timestamp(upload.initiated_ms));
        writer.element("ChecksumAlgorithm", upload.checksum_algorithm);
        writer.element("ChecksumType", upload.checksum_type);
        writer.close();
    }
    for (const auto& prefix : result.common_prefixes) {
        writer.open("CommonPrefixes");
        writer.element("Prefix", key(prefix));
        writer.close();
    }
    return writer.finish();
}

}  // namespace cloudshelf::s3
