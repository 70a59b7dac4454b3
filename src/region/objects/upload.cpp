#include "region/objects/upload.hpp"

#include "region/log/bytes.hpp"

namespace cloudshelf::objects {
namespace {

using changelog::ByteReader;
using changelog::ByteWriter;
using Length = std::uint32_t;

constexpr std::uint8_t format = 1;

}  // namespace

std::string encode_upload(const Upload& upload) {
    return ByteWriter().number(format).text<Length>(upload.id).text<Length>(encode_version(upload.draft)).take();
}

Result<Upload> decode_upload(std::string_view bytes) {
    ByteReader from(bytes);
    const bool known = from.number<std::uint8_t>() == format;
    Upload upload{.id = std::string(from.text<Length>()), .draft = {}};
    const auto draft = from.text<Length>();
    if (!known || !from.finished()) return fail("objects.bad-record", "an upload's record cannot be read");
    auto decoded = decode_version(draft);
    if (!decoded) return fail(decoded.error());
    upload.draft = std::move(*decoded);
    return upload;
}

std::string encode_part(const UploadedPart& part) {
    ByteWriter out;
    out.number(format).number(part.number).number(static_cast<std::uint64_t>(part.modified_ms));
    out.text<Length>(part.etag).text<Length>(part.piece.content.sha256).text<Length>(part.piece.content.key);
    out.number(part.piece.length).text<Length>(part.checksum.algorithm).text<Length>(part.checksum.type);
    return out.text<Length>(part.checksum.value).take();
}

Result<UploadedPart> decode_part(std::string_view bytes) {
    ByteReader from(bytes);
    const bool known = from.number<std::uint8_t>() == format;
    UploadedPart part;
    part.number = from.number<std::uint16_t>();
    part.modified_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    part.etag = from.text<Length>();
    part.piece.content.sha256 = from.text<Length>();
    part.piece.content.key = from.text<Length>();
    part.piece.length = from.number<std::uint64_t>();
    part.checksum.algorithm = from.text<Length>();
    part.checksum.type = from.text<Length>();
    part.checksum.value = from.text<Length>();
    if (!known || !from.finished()) return fail("objects.bad-record", "a part's record cannot be read");
    return part;
}

}  // namespace cloudshelf::objects
