#include "wire/s3/object_answers.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/xml.hpp"

#include <string_view>

namespace cloudshelf::s3 {
namespace {

template <class Result>
std::string print_copy(std::string_view root, const Result& result) {
    XmlWriter writer(root);
    writer.element("LastModified", print_timestamp(result.modified_ms));
    writer.element("ETag", in_quotes(result.etag));
    write_checksums(writer, result.checksums);
    return writer.finish();
}

}  // namespace

std::string print(const CopyObjectResult& result) {
    return print_copy("CopyObjectResult", result);
}

std::string print(const CopyPartResult& result) {
    return print_copy("CopyPartResult", result);
}

std::string print(const ObjectAttributes& attributes) {
    XmlWriter writer("GetObjectAttributesResponse");
    writer.element("ETag", attributes.etag);
    if (attributes.checksums) {
        writer.open("Checksum");
        write_checksums(writer, *attributes.checksums);
        writer.close();
    }
    if (attributes.parts) {
        const auto& parts = *attributes.parts;
        writer.open("ObjectParts");
        writer.element("PartsCount", parts.total);
        if (!parts.parts.empty()) {
            writer.element("PartNumberMarker", parts.part_number_marker);
            writer.element("NextPartNumberMarker", parts.next_part_number_marker);
            writer.element("MaxParts", parts.max_parts);
            writer.element("IsTruncated", parts.truncated);
        }
        for (const auto& part : parts.parts) {
            writer.open("Part");
            writer.element("PartNumber", part.number);
            writer.element("Size", part.size);
            write_checksums(writer, part.checksums);
            writer.close();
        }
        writer.close();
    }
    writer.element("StorageClass", attributes.storage_class);
    writer.element("ObjectSize", attributes.size);
    return writer.finish();
}

}  // namespace cloudshelf::s3
