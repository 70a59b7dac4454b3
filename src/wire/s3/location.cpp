#include "wire/s3/location.hpp"

#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

namespace cloudshelf::s3 {

Result<CreateBucketConfiguration> parse_create_bucket_configuration(std::string_view body) {
    if (body.empty()) return CreateBucketConfiguration{};
    const auto read = [](Fields& root, CreateBucketConfiguration& configuration) {
        if (root.has("Location") || root.has("Bucket"))
            root.complain(errors::not_implemented("Directory buckets are not implemented"));
        configuration.location_constraint = root.text("LocationConstraint").value_or("");
        root.inside("Tags", [&](Fields& tags) { configuration.tags = read_tags(tags, bucket_tags_max); });
    };
    return read_document<CreateBucketConfiguration>(body, "CreateBucketConfiguration", read);
}

std::string print(const CreateBucketConfiguration& configuration) {
    XmlWriter writer("CreateBucketConfiguration");
    writer.element_if_some("LocationConstraint", configuration.location_constraint);
    if (!configuration.tags.empty()) {
        writer.open("Tags");
        write_tags(writer, configuration.tags);
        writer.close();
    }
    return writer.finish();
}

std::string print_location_constraint(std::string_view region) {
    XmlWriter writer("LocationConstraint");
    if (region != "us-east-1") writer.text(region);
    return writer.finish();
}

}  // namespace cloudshelf::s3
