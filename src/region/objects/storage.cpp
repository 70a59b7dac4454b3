#include "region/objects/storage.hpp"

#include "region/log/bytes.hpp"

#include <array>

namespace cloudshelf::objects {
namespace {

using changelog::ByteWriter;

constexpr std::string_view escaped_zero("\0\xff", 2);
constexpr std::string_view end_of_key("\0\x01", 2);
constexpr std::size_t number_bytes = sizeof(std::uint32_t);

void append_escaped(std::string& to, std::string_view key) {
    for (const char byte : key) {
        if (byte == '\0') {
            to += escaped_zero;
        } else {
            to += byte;
        }
    }
}

/// Newest first: every bit turned over.
std::string turned(const core::HybridStamp& stamp) {
    std::string bytes = stamp.encode();
    for (char& byte : bytes) byte = static_cast<char>(~byte);
    return bytes;
}

}  // namespace

std::vector<std::string> Storage::names() {
    return {"versions", "nulls", "uploads", "parts", "references", "catalogue", "failures"};
}

Result<Storage> Storage::of(const changelog::ChangeLog& log) {
    Storage storage{.data = log.data()};
    const std::array<std::pair<std::string_view, changelog::Family*>, 7> wanted{{
        {"versions", &storage.versions},
        {"nulls", &storage.nulls},
        {"uploads", &storage.uploads},
        {"parts", &storage.parts},
        {"references", &storage.references},
        {"catalogue", &storage.catalogue},
        {"failures", &storage.failures},
    }};
    for (const auto& [name, family] : wanted) {
        const auto found = log.family(name);
        if (!found) return fail(found.error());
        *family = *found;
    }
    return storage;
}

std::string bucket_prefix(BucketNumber bucket) {
    return ByteWriter().number(bucket.value()).take();
}

std::string key_prefix(BucketNumber bucket, std::string_view prefix) {
    std::string place = bucket_prefix(bucket);
    append_escaped(place, prefix);
    return place;
}

std::string object_place(BucketNumber bucket, std::string_view key) {
    return key_prefix(bucket, key).append(end_of_key);
}

std::string version_place(BucketNumber bucket, std::string_view key, const core::HybridStamp& stamp) {
    return object_place(bucket, key) + turned(stamp);
}

std::string upload_place(BucketNumber bucket, std::string_view key, std::string_view upload) {
    return object_place(bucket, key).append(upload);
}

std::string parts_prefix(std::string_view upload) {
    return std::string(upload) + '/';
}

std::string part_place(std::string_view upload, std::uint16_t number) {
    return ByteWriter().raw(parts_prefix(upload)).number(number).take();
}

Result<PlaceParts> read_place(std::string_view place) {
    PlaceParts parts;
    for (std::size_t i = number_bytes; i + 1 < place.size(); ++i) {
        if (place[i] != '\0') {
            parts.key += place[i];
            continue;
        }
        const std::string_view mark = place.substr(i, 2);
        if (mark == end_of_key) {
            parts.rest = place.substr(i + 2);
            return parts;
        }
        if (mark != escaped_zero) break;
        parts.key += '\0';
        ++i;
    }
    return fail("objects.bad-record", "a place in storage cannot be read");
}

std::string reference_prefix(const contents::ContentName& content) {
    return content.sha256 + '.' + content.key + '/';
}

std::string reference_place(const contents::ContentName& content, char kind, std::string_view place) {
    return (reference_prefix(content) + kind).append(place);
}

std::string behind_all(std::string_view prefix) {
    std::string next(prefix);
    while (!next.empty() && next.back() == '\xff') next.pop_back();
    if (!next.empty()) next.back() = static_cast<char>(next.back() + 1);
    return next;
}

}  // namespace cloudshelf::objects
