#pragma once

#include "base/result.hpp"
#include "region/log/batch.hpp"
#include "region/objects/storage.hpp"
#include "region/objects/upload.hpp"
#include "region/objects/version_store.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

/// Multipart uploads in storage. Everything that belongs to one (its parts, their references) is changed here and
/// nowhere else.
namespace cloudshelf::objects {

/// Nothing: there is no such upload. Errors: those of View::get, "objects.bad-record".
Result<std::optional<Upload>> find_upload(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, std::string_view key, std::string_view id
);

/// Parts of an upload in the order of their numbers, those behind `after`, `parts_max` at the most.
Result<std::vector<UploadedPart>> parts_of(
    const changelog::View& view,
    const Storage& storage,
    std::string_view upload,
    std::uint16_t after = 0,
    std::size_t parts_max = 10'000
);

/// Within a decision: an upload begins.
void add_upload(changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Upload& upload);

/// Within a decision: a part that takes the place of the one with its number, whose content is free then.
Result<void> add_part(
    changelog::Batch& batch, const Storage& storage, std::string_view upload, const UploadedPart& part, Freed& freed
);

/// Within a decision: an upload that is there goes, with its parts; what they referred to is free.
Result<void> remove_upload(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Upload& upload, Freed& freed
);

}  // namespace cloudshelf::objects
