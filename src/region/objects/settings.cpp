#include "region/objects/settings.hpp"

namespace cloudshelf::objects {
namespace {

/// Reads one document where the bucket has it.
template <class Document>
Result<void> read(
    const Bucket& bucket,
    std::string_view name,
    Result<Document> (*parse)(std::string_view),
    std::optional<Document>& to
) {
    const auto text = bucket.document(name);
    if (text.empty()) return {};
    auto parsed = parse(text);
    if (!parsed) return fail(parsed.error());
    to = std::move(*parsed);
    return {};
}

}  // namespace

Result<Settings> read_settings(const Bucket& bucket) {
    Settings settings;
    for (const auto& done : {
             read(bucket, document::encryption, s3::parse_server_side_encryption_configuration, settings.encryption),
             read(bucket, document::object_lock, s3::parse_object_lock_configuration, settings.object_lock),
             read(bucket, document::replication, s3::parse_replication_configuration, settings.replication),
         }) {
        if (!done) return fail(done.error());
    }
    return settings;
}

}  // namespace cloudshelf::objects
