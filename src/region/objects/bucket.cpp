#include "region/objects/bucket.hpp"

#include <boost/json.hpp>

#include <utility>

namespace cloudshelf::objects {
namespace {

namespace json = boost::json;

constexpr int format = 1;

}  // namespace

std::string_view Bucket::document(std::string_view subresource) const {
    const auto found = documents.find(subresource);
    return found == documents.end() ? std::string_view() : std::string_view(found->second);
}

std::string encode_bucket(const Bucket& bucket) {
    json::object documents;
    for (const auto& [name, text] : bucket.documents) documents[name] = text;
    return json::serialize(json::object{
        {"format", format},
        {"name", bucket.name},
        {"number", bucket.number.value()},
        {"owner", bucket.owner},
        {"created_ms", bucket.created_ms},
        {"versioning", std::to_underlying(bucket.versioning)},
        {"object_lock", bucket.object_lock},
        {"documents", std::move(documents)},
    });
}

Result<Bucket> decode_bucket(std::string_view text) {
    Bucket bucket;
    try {
        const json::value record = json::parse({text.data(), text.size()});
        if (record.at("format").to_number<int>() > format)
            return fail("objects.bad-record", "a bucket's record is of a newer release");
        bucket.name = record.at("name").as_string();
        bucket.number = BucketNumber(record.at("number").to_number<std::uint32_t>());
        bucket.owner = record.at("owner").as_string();
        bucket.created_ms = record.at("created_ms").to_number<std::int64_t>();
        const auto versioning = record.at("versioning").to_number<int>();
        if (versioning < 0 || versioning > std::to_underlying(Versioning::suspended))
            return fail("objects.bad-record", "a bucket's versioning is unknown");
        bucket.versioning = static_cast<Versioning>(versioning);
        bucket.object_lock = record.at("object_lock").as_bool();
        for (const auto& [name, document] : record.at("documents").as_object())
            bucket.documents[name] = document.as_string();
    } catch (const std::exception& bad) {
        return fail("objects.bad-record", std::string("a bucket's record cannot be read: ") + bad.what());
    }
    return bucket;
}

}  // namespace cloudshelf::objects
