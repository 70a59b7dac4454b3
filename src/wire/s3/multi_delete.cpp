#include "wire/s3/multi_delete.hpp"

#include "wire/s3/etag.hpp"
#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

namespace cloudshelf::s3 {

Result<Delete> parse_delete(std::string_view body) {
    const auto read = [](Fields& root, Delete& request) {
        request.quiet = root.flag("Quiet").value_or(false);
        root.each("Object", [&](Fields& fields) {
            ObjectToDelete object{.key = fields.need_text("Key")};
            if (object.key.empty()) fields.complain(errors::user_key_must_be_specified());
            object.version_id = fields.text("VersionId");
            object.etag = fields.text("ETag");
            if (object.etag) object.etag = std::string(unquoted_etag(*object.etag));
            if (fields.text("LastModifiedTime") || fields.text("Size"))
                fields.complain(errors::not_implemented("Deletes on condition of time or size are not implemented"));
            request.objects.push_back(std::move(object));
        });
        if (request.objects.empty() || request.objects.size() > delete_objects_max) root.malformed();
    };
    constexpr std::size_t bytes_max = std::size_t{4} << 20;
    return read_document<Delete>(body, "Delete", read, {}, bytes_max);
}

std::string print(const Delete& request) {
    XmlWriter writer("Delete");
    for (const auto& object : request.objects) {
        writer.open("Object");
        writer.element("Key", object.key);
        writer.element("VersionId", object.version_id);
        if (object.etag) writer.element("ETag", in_quotes(*object.etag));
        writer.close();
    }
    if (request.quiet) writer.element("Quiet", true);
    return writer.finish();
}

std::string print(const DeleteResult& result) {
    XmlWriter writer("DeleteResult");
    for (const auto& outcome : result.outcomes) {
        const bool deleted = outcome.error_code.empty();
        writer.open(deleted ? "Deleted" : "Error");
        writer.element("Key", outcome.key);
        writer.element("VersionId", outcome.version_id);
        if (deleted) {
            if (outcome.delete_marker) writer.element("DeleteMarker", true);
            writer.element("DeleteMarkerVersionId", outcome.delete_marker_version_id);
        } else {
            writer.element("Code", outcome.error_code);
            writer.element("Message", outcome.error_message);
        }
        writer.close();
    }
    return writer.finish();
}

}  // namespace cloudshelf::s3
