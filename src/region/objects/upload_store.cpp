#include "region/objects/upload_store.hpp"

namespace cloudshelf::objects {
namespace {

/// The reference of a part to its content; one without bytes has none.
void drop_reference(
    changelog::Batch& batch, const Storage& storage, std::string_view place, const UploadedPart& part, Freed& freed
) {
    if (part.piece.length == 0) return;
    batch.erase(storage.references, reference_place(part.piece.content, part_reference, place));
    freed.push_back(part.piece.content);
}

}  // namespace

Result<std::optional<Upload>> find_upload(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, std::string_view key, std::string_view id
) {
    const auto record = view.get(storage.uploads, upload_place(bucket, key, id));
    if (!record) return fail(record.error());
    if (!*record) return std::optional<Upload>();
    auto upload = decode_upload(**record);
    if (!upload) return fail(upload.error());
    return std::optional(std::move(*upload));
}

Result<std::vector<UploadedPart>> parts_of(
    const changelog::View& view,
    const Storage& storage,
    std::string_view upload,
    std::uint16_t after,
    std::size_t parts_max
) {
    std::vector<UploadedPart> parts;
    Result<void> all_good;
    auto range = changelog::KeyRange::prefix(parts_prefix(upload));
    range.from = behind_all(part_place(upload, after));
    const auto take = [&](std::string_view, std::string_view value) {
        if (parts.size() == parts_max) return false;
        auto part = decode_part(value);
        if (!part) {
            all_good = fail(part.error());
            return false;
        }
        parts.push_back(std::move(*part));
        return true;
    };
    if (auto scanned = view.scan(storage.parts, range, take); !scanned) return fail(scanned.error());
    if (!all_good) return fail(all_good.error());
    return parts;
}

void add_upload(changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Upload& upload) {
    batch.put(storage.uploads, upload_place(bucket, upload.draft.key, upload.id), encode_upload(upload));
}

Result<void> add_part(
    changelog::Batch& batch, const Storage& storage, std::string_view upload, const UploadedPart& part, Freed& freed
) {
    const std::string place = part_place(upload, part.number);
    const auto before = batch.get(storage.parts, place);
    if (!before) return fail(before.error());
    if (*before) {
        const auto replaced = decode_part(**before);
        if (!replaced) return fail(replaced.error());
        drop_reference(batch, storage, place, *replaced, freed);
    }
    batch.put(storage.parts, place, encode_part(part));
    if (part.piece.length > 0)
        batch.put(storage.references, reference_place(part.piece.content, part_reference, place), "");
    return {};
}

Result<void> remove_upload(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Upload& upload, Freed& freed
) {
    const auto parts = parts_of(batch, storage, upload.id);
    if (!parts) return fail(parts.error());
    for (const auto& part : *parts) {
        const std::string place = part_place(upload.id, part.number);
        drop_reference(batch, storage, place, part, freed);
        batch.erase(storage.parts, place);
    }
    batch.erase(storage.uploads, upload_place(bucket, upload.draft.key, upload.id));
    return {};
}

}  // namespace cloudshelf::objects
