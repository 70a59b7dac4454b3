#pragma once

#include "base/result.hpp"
#include "region/log/view.hpp"
#include "region/objects/storage.hpp"
#include "region/objects/upload.hpp"
#include "region/objects/version.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Pages of what is in a bucket, in S3's order: keys bytewise, a key's versions newest first. What a delimiter rolls up
/// is passed over in one step, so that a page costs what it shows and not what lies between.
namespace cloudshelf::objects {

struct ListQuery {
    std::string prefix;
    std::string delimiter;  // empty: none
    std::string after;      // begins behind this key (or rolled up prefix); empty: at the first
    std::size_t items_max = 1000;
};

/// A version as pages have it: without the list of its bytes (pieces and parts), as a page of objects of 10,000 parts
/// would fill the memory, and nobody is shown them.
Version as_listed(Version version);

/// Objects and rolled up prefixes count alike.
struct ObjectPage {
    std::vector<Version> objects;
    std::vector<std::string> prefixes;
    bool truncated = false;
    std::string last;  // the last item; a page after it begins there
};
/// Errors: those of View::scan, "objects.bad-record".
Result<ObjectPage> list_objects(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, const ListQuery& query
);

struct ListedVersion {
    Version version;
    bool latest = false;
};
struct VersionPage {
    std::vector<ListedVersion> versions;  // delete markers among them
    std::vector<std::string> prefixes;
    bool truncated = false;
    std::string last;     // key or prefix of the last item
    std::string last_id;  // the id of the last item, if it is a version
};
/// `query.after` is S3's key-marker; `after_id` its version-id-marker: with it, the page begins behind that version of
/// the key, without it behind all of the key's.
Result<VersionPage> list_versions(
    const changelog::View& view,
    const Storage& storage,
    BucketNumber bucket,
    const ListQuery& query,
    std::string_view after_id
);

struct UploadPage {
    std::vector<Upload> uploads;
    std::vector<std::string> prefixes;
    bool truncated = false;
    std::string last;
    std::string last_id;
};
/// As list_versions, with S3's upload-id-marker.
Result<UploadPage> list_uploads(
    const changelog::View& view,
    const Storage& storage,
    BucketNumber bucket,
    const ListQuery& query,
    std::string_view after_id
);

}  // namespace cloudshelf::objects
