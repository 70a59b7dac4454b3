#include "region/objects/listing.hpp"

#include "region/objects/version_store.hpp"

#include <algorithm>
#include <functional>

namespace cloudshelf::objects {
namespace {

/// What a key is rolled up to; nothing: it stands for itself.
std::optional<std::string> rolled_up(const ListQuery& query, std::string_view key) {
    if (query.delimiter.empty()) return std::nullopt;
    const auto at = key.find(query.delimiter, query.prefix.size());
    if (at == std::string_view::npos) return std::nullopt;
    return std::string(key.substr(0, at + query.delimiter.size()));
}

/// What is common to all pages: walks a family from the page's beginning, rolls up, counts and knows when to stop.
class Walk {
public:
    /// Takes an item in its place; false: it is not to be shown, and not counted.
    using Take = std::function<Result<bool>(const PlaceParts& place, std::string_view value)>;

    Walk(const changelog::View& view, changelog::Family family, BucketNumber bucket, const ListQuery& query)
        : view_(view), family_(family), bucket_(bucket), query_(query) {}

    /// From `from` on. Errors: those of View::scan and of `take`.
    Result<void> run(std::string from, const Take& take) {
        const std::string until = behind_all(key_prefix(bucket_, query_.prefix));
        if (query_.items_max == 0) return {};
        bool more = true;
        while (more) {
            more = false;
            std::string next;
            Result<void> taken;
            const auto visit = [&](std::string_view place, std::string_view value) {
                const auto parts = read_place(place);
                if (!parts) {
                    taken = fail(parts.error());
                    return false;
                }
                if (auto prefix = rolled_up(query_, parts->key)) {
                    next = behind_all(key_prefix(bucket_, *prefix));
                    more = !next.empty();
                    if (*prefix <= query_.after) return false;
                    if (is_full()) return more = false;
                    last = *prefix;
                    last_id.clear();
                    prefixes.push_back(std::move(*prefix));
                    return false;
                }
                if (is_full()) return false;
                const auto shown = take(*parts, value);
                if (!shown) {
                    taken = fail(shown.error());
                    return false;
                }
                if (*shown) {
                    ++items_;
                    last = parts->key;
                }
                return true;
            };
            auto scanned = view_.scan(family_, {.from = from, .until = until}, visit);
            if (!scanned) return scanned;
            if (!taken) return taken;
            from = std::move(next);
        }
        return {};
    }

    std::vector<std::string> prefixes;
    bool truncated = false;
    std::string last;
    std::string last_id;

private:
    /// Whether there is no room for another item, of which there is one.
    bool is_full() {
        if (items_ + prefixes.size() < query_.items_max) return false;
        return truncated = true;
    }

    const changelog::View& view_;
    changelog::Family family_;
    BucketNumber bucket_;
    const ListQuery& query_;
    std::size_t items_ = 0;
};

/// Where a page begins: at the prefix, or behind a key with all that belongs to it.
std::string first_place(BucketNumber bucket, const ListQuery& query) {
    std::string from = key_prefix(bucket, query.prefix);
    if (query.after.empty()) return from;
    return std::max(from, behind_all(object_place(bucket, query.after)));
}

}  // namespace

Version as_listed(Version version) {
    version.pieces = std::vector<Piece>();  // not what `{}` would leave of its memory
    version.parts = std::vector<Part>();
    return version;
}

Result<ObjectPage> list_objects(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, const ListQuery& query
) {
    ObjectPage page;
    Walk walk(view, storage.data, bucket, query);
    const auto take = [&page](const PlaceParts&, std::string_view value) -> Result<bool> {
        auto version = decode_version(value);
        if (!version) return fail(version.error());
        page.objects.push_back(as_listed(std::move(*version)));
        return true;
    };
    if (auto walked = walk.run(first_place(bucket, query), take); !walked) return fail(walked.error());
    page.prefixes = std::move(walk.prefixes);
    page.truncated = walk.truncated;
    page.last = std::move(walk.last);
    return page;
}

Result<VersionPage> list_versions(
    const changelog::View& view,
    const Storage& storage,
    BucketNumber bucket,
    const ListQuery& query,
    std::string_view after_id
) {
    VersionPage page;
    std::string from = first_place(bucket, query);
    std::string key;  // of the version before
    if (!after_id.empty()) {
        const auto marker = find_version(view, storage, bucket, query.after, after_id);
        if (!marker) return fail(marker.error());
        auto stamp = stamp_of(after_id);
        if (*marker) stamp = (*marker)->stamp;
        // Of a version that is gone by now we still know where it was; of the null version we do not.
        if (stamp) {
            from = behind_all(version_place(bucket, query.after, *stamp));
            key = query.after;
        }
    }
    Walk walk(view, storage.versions, bucket, query);
    const auto take = [&](const PlaceParts&, std::string_view value) -> Result<bool> {
        auto version = decode_version(value);
        if (!version) return fail(version.error());
        const bool latest = version->key != key;
        key = version->key;
        walk.last_id = version->id;
        page.versions.push_back({.version = as_listed(std::move(*version)), .latest = latest});
        return true;
    };
    if (auto walked = walk.run(std::move(from), take); !walked) return fail(walked.error());
    page.prefixes = std::move(walk.prefixes);
    page.truncated = walk.truncated;
    page.last = std::move(walk.last);
    page.last_id = std::move(walk.last_id);
    return page;
}

Result<UploadPage> list_uploads(
    const changelog::View& view,
    const Storage& storage,
    BucketNumber bucket,
    const ListQuery& query,
    std::string_view after_id
) {
    UploadPage page;
    std::string from = first_place(bucket, query);
    if (!after_id.empty()) from = behind_all(upload_place(bucket, query.after, after_id));
    Walk walk(view, storage.uploads, bucket, query);
    const auto take = [&](const PlaceParts&, std::string_view value) -> Result<bool> {
        auto upload = decode_upload(value);
        if (!upload) return fail(upload.error());
        walk.last_id = upload->id;
        page.uploads.push_back(std::move(*upload));
        return true;
    };
    if (auto walked = walk.run(std::move(from), take); !walked) return fail(walked.error());
    page.prefixes = std::move(walk.prefixes);
    page.truncated = walk.truncated;
    page.last = std::move(walk.last);
    page.last_id = std::move(walk.last_id);
    return page;
}

}  // namespace cloudshelf::objects
