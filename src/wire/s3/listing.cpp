#include "wire/s3/listing.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/xml.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <system_error>

namespace cloudshelf::s3 {
namespace {

void write_prefixes(XmlWriter& writer, const std::vector<std::string>& prefixes, KeyEncoding encoding) {
    for (const auto& prefix : prefixes) {
        writer.open("CommonPrefixes");
        writer.element("Prefix", encoded_key(prefix, encoding));
        writer.close();
    }
}

void write_encoding(XmlWriter& writer, KeyEncoding encoding) {
    if (encoding == KeyEncoding::url) writer.element("EncodingType", "url");
}

void write_content(XmlWriter& writer, const ObjectEntry& object) {
    writer.element("ETag", in_quotes(object.etag));
    for (const auto& algorithm : object.checksum_algorithms) writer.element("ChecksumAlgorithm", algorithm);
    writer.element("ChecksumType", object.checksum_type);
    writer.element("Size", object.size);
}

void write_contents(XmlWriter& writer, const std::vector<ObjectEntry>& objects, KeyEncoding encoding) {
    for (const auto& object : objects) {
        writer.open("Contents");
        writer.element("Key", encoded_key(object.key, encoding));
        writer.element("LastModified", print_timestamp(object.modified_ms));
        write_content(writer, object);
        if (object.owner) write_owner(writer, "Owner", *object.owner);
        writer.element("StorageClass", object.storage_class);
        writer.close();
    }
}

/// Reads answers of other servers: leniently, since they may know more than we do.
class Lenient {
public:
    explicit Lenient(const XmlElement& element) : element_(element) {}

    std::string_view text(std::string_view name) const {
        for (const auto& child : element_.children) {
            if (child.name == name) return child.text;
        }
        return {};
    }
    std::optional<std::int64_t> number(std::string_view name) const {
        const auto digits = text(name);
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        return value;
    }

private:
    const XmlElement& element_;
};

std::optional<ObjectEntry> read_contents(const XmlElement& element, KeyEncoding encoding) {
    const Lenient fields(element);
    const auto size = fields.number("Size");
    const auto modified_ms = parse_timestamp(fields.text("LastModified"));
    if (!size || *size < 0 || !modified_ms) return std::nullopt;
    ObjectEntry object{
        .key = decoded_key(fields.text("Key"), encoding),
        .modified_ms = *modified_ms,
        .etag = std::string(unquoted_etag(fields.text("ETag"))),
        .size = *size,
        .storage_class = std::string(fields.text("StorageClass")),
    };
    for (const auto& child : element.children) {
        if (child.name == "ChecksumAlgorithm") object.checksum_algorithms.push_back(child.text);
        if (child.name == "ChecksumType") object.checksum_type = child.text;
        if (child.name == "Owner") {
            const Lenient owner(child);
            object.owner = Owner{
                .id = std::string(owner.text("ID")),
                .display_name = std::string(owner.text("DisplayName")),
            };
        }
    }
    return object;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::string encoded_key(std::string_view key, KeyEncoding encoding) {
    if (encoding == KeyEncoding::none) return std::string(key);
    std::string text;
    for (const char c : key) {
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (letter || c == '-' || c == '_' || c == '.' || c == '~' || c == '/') {
            text += c;
        } else {
            fmt::format_to(std::back_inserter(text), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return text;
}

std::string decoded_key(std::string_view text, KeyEncoding encoding) {
    if (encoding == KeyEncoding::none) return std::string(text);
    std::string key;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size();
        const int high = escape ? hex_digit(text[i + 1]) : -1;
        const int low = escape ? hex_digit(text[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            key += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            key += text[i] == '+' ? ' ' : text[i];  // S3 encodes as forms do
        }
    }
    return key;
}

std::string print(const ListAllMyBucketsResult& result) {
    XmlWriter writer("ListAllMyBucketsResult");
    write_owner(writer, "Owner", result.owner);
    writer.open("Buckets");
    for (const auto& bucket : result.buckets) {
        writer.open("Bucket");
        writer.element("Name", bucket.name);
        writer.element("CreationDate", print_timestamp(bucket.created_ms));
        writer.element_if_some("BucketRegion", bucket.region);
        writer.close();
    }
    writer.close();
    writer.element_if_some("Prefix", result.prefix);
    writer.element_if_some("ContinuationToken", result.continuation_token);
    return writer.finish();
}

std::string print(const ListObjectsResult& result) {
    XmlWriter writer("ListBucketResult");
    const auto key = [&](std::string_view text) { return encoded_key(text, result.encoding); };
    writer.element("Name", result.name);
    writer.element("Prefix", key(result.prefix));
    writer.element("Marker", key(result.marker));
    writer.element_if_some("NextMarker", key(result.next_marker));
    writer.element("MaxKeys", result.max_keys);
    writer.element_if_some("Delimiter", key(result.delimiter));
    write_encoding(writer, result.encoding);
    writer.element("IsTruncated", result.truncated);
    write_contents(writer, result.objects, result.encoding);
    write_prefixes(writer, result.common_prefixes, result.encoding);
    return writer.finish();
}

std::string print(const ListObjectsV2Result& result) {
    XmlWriter writer("ListBucketResult");
    const auto key = [&](std::string_view text) { return encoded_key(text, result.encoding); };
    writer.element("Name", result.name);
    writer.element("Prefix", key(result.prefix));
    writer.element_if_some("StartAfter", key(result.start_after));
    writer.element_if_some("ContinuationToken", result.continuation_token);
    writer.element_if_some("NextContinuationToken", result.next_continuation_token);
    writer.element("KeyCount", result.objects.size() + result.common_prefixes.size());
    writer.element("MaxKeys", result.max_keys);
    writer.element_if_some("Delimiter", key(result.delimiter));
    write_encoding(writer, result.encoding);
    writer.element("IsTruncated", result.truncated);
    write_contents(writer, result.objects, result.encoding);
    write_prefixes(writer, result.common_prefixes, result.encoding);
    return writer.finish();
}

Result<ListObjectsV2Result> parse_list_objects_v2(std::string_view body) {
    constexpr std::size_t bytes_max = std::size_t{8} << 20;  // 1000 keys of 1024 bytes, percent-encoded, and the rest
    const auto root = read_xml(body, bytes_max);
    if (!root) return fail(root.error());
    if (root->name != "ListBucketResult") return fail(errors::malformed_xml());
    const Lenient fields(*root);
    const auto encoding = fields.text("EncodingType") == "url" ? KeyEncoding::url : KeyEncoding::none;
    const auto key = [&](std::string_view name) { return decoded_key(fields.text(name), encoding); };
    const auto max_keys = fields.number("MaxKeys").value_or(1000);
    if (max_keys < 0 || max_keys > 1'000'000) return fail(errors::malformed_xml());
    ListObjectsV2Result result{
        .name = std::string(fields.text("Name")),
        .prefix = key("Prefix"),
        .delimiter = key("Delimiter"),
        .start_after = key("StartAfter"),
        .continuation_token = std::string(fields.text("ContinuationToken")),
        .next_continuation_token = std::string(fields.text("NextContinuationToken")),
        .max_keys = static_cast<int>(max_keys),
        .truncated = fields.text("IsTruncated") == "true",
        .encoding = encoding,
        .objects = {},
        .common_prefixes = {},
    };
    for (const auto& child : root->children) {
        if (child.name == "Contents") {
            auto object = read_contents(child, encoding);
            if (!object) return fail(errors::malformed_xml());
            result.objects.push_back(std::move(*object));
        } else if (child.name == "CommonPrefixes") {
            for (const auto& prefix : child.children) {
                if (prefix.name == "Prefix") result.common_prefixes.push_back(decoded_key(prefix.text, encoding));
            }
        }
    }
    // A page that promises more without saying where would be read for ever.
    if (result.truncated && result.next_continuation_token.empty()) return fail(errors::malformed_xml());
    return result;
}

std::string print(const ListVersionsResult& result) {
    XmlWriter writer("ListVersionsResult");
    const auto key = [&](std::string_view text) { return encoded_key(text, result.encoding); };
    writer.element("Name", result.name);
    writer.element("Prefix", key(result.prefix));
    writer.element("KeyMarker", key(result.key_marker));
    writer.element("VersionIdMarker", result.version_id_marker);
    writer.element_if_some("NextKeyMarker", key(result.next_key_marker));
    writer.element_if_some("NextVersionIdMarker", result.next_version_id_marker);
    writer.element("MaxKeys", result.max_keys);
    writer.element_if_some("Delimiter", key(result.delimiter));
    write_encoding(writer, result.encoding);
    writer.element("IsTruncated", result.truncated);
    for (const auto& version : result.versions) {
        writer.open(version.delete_marker ? "DeleteMarker" : "Version");
        writer.element("Key", key(version.object.key));
        writer.element("VersionId", version.version_id);
        writer.element("IsLatest", version.latest);
        writer.element("LastModified", print_timestamp(version.object.modified_ms));
        if (!version.delete_marker) write_content(writer, version.object);
        if (version.object.owner) write_owner(writer, "Owner", *version.object.owner);
        if (!version.delete_marker) writer.element("StorageClass", version.object.storage_class);
        writer.close();
    }
    write_prefixes(writer, result.common_prefixes, result.encoding);
    return writer.finish();
}

}  // namespace cloudshelf::s3
