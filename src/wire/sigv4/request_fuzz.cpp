#include "base/assert.hpp"
#include "base/digest.hpp"
#include "wire/sigv4/chunks.hpp"
#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/verify.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Any bytes as a request: a line of method and target, headers, and after an empty line a body in chunks; as a
/// credentials file too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf;
    using namespace cloudshelf::sigv4;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    static_cast<void>(read_credentials(input));

    std::string_view rest = input;
    const auto line = [&] {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view taken = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return taken;
    };
    const std::string_view first = line();
    const auto blank = std::min(first.find(' '), first.size());
    Headers headers;
    for (std::string_view header = line(); !header.empty(); header = line()) {
        const auto colon = std::min(header.find(':'), header.size());
        headers.emplace_back(header.substr(0, colon), header.substr(std::min(colon + 1, header.size())));
    }
    const std::string digest = sha256_hex(rest);
    const Request request{
        .method = first.substr(0, blank),
        .target = first.substr(std::min(blank + 1, first.size())),
        .headers = headers,
        .body_sha256 = digest,
    };
    static const Keyring keyring{{"AKID", {"AKID", "secret", "", Permission::admin, "p"}}};
    constexpr Time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
    SigningKeys keys;
    for (const Dialect dialect : {Dialect::plain, Dialect::s3}) {
        const Expected expected{.region = "us-east-1", .service = "s3", .dialect = dialect};
        const auto answer = verify(request, keyring, expected, now, keys);
        CLOUDSHELF_ASSERT(answer ? answer->credentials->access_key_id == "AKID" : !answer.error().code.empty());
    }
    for (const Payload payload : {Payload::signed_chunks, Payload::signed_chunks_trailer, Payload::unsigned_trailer}) {
        Verified verified;
        verified.payload = payload;
        std::string whole;
        ChunkReader reader(verified, {});
        const bool good = reader.feed(rest, whole).has_value();
        // In two pieces the same comes out.
        std::string pieces;
        ChunkReader second(verified, {});
        const bool again =
            second.feed(rest.substr(0, rest.size() / 2), pieces) && second.feed(rest.substr(rest.size() / 2), pieces);
        CLOUDSHELF_ASSERT(!good || (again && whole == pieces && reader.finished() == second.finished()));
    }
    return 0;
}
