#include "region/objects/body.hpp"

#include "base/base64.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/checksum_headers.hpp"
#include "wire/s3/errors.hpp"
#include "wire/sigv4/chunks.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>

namespace cloudshelf::objects {
namespace {

constexpr std::uint64_t body_bytes_max = std::uint64_t{5} << 30;

/// What the request says of its body before it comes.
struct Announced {
    std::optional<std::uint64_t> length;  // of the object's bytes
    std::optional<std::string> sha256;    // that was signed
    std::optional<std::string> md5;       // raw
    std::optional<s3::BodyChecksum> checksum;
    bool in_chunks = false;  // of aws-chunked
};

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_chunked(sigv4::Payload payload) {
    return payload != sigv4::Payload::digest && payload != sigv4::Payload::unsigned_body;
}

Result<Announced> read_announcement(const Call& call) {
    Announced announced;
    announced.in_chunks = is_chunked(call.caller.verified.payload);
    const auto length = call.header(announced.in_chunks ? "x-amz-decoded-content-length" : "content-length");
    if (!length.empty()) {
        announced.length = number(length);
        if (!announced.length) return fail(s3::errors::invalid_argument("The length is no number"));
    }
    if (!announced.length) return fail(s3::errors::missing_content_length());
    if (*announced.length > body_bytes_max) return fail(s3::errors::entity_too_large());
    if (!call.caller.anonymous() && call.caller.verified.payload == sigv4::Payload::digest)
        announced.sha256 = std::string(call.header("x-amz-content-sha256"));
    auto md5 = s3::content_md5(call.request.headers);
    if (!md5) return fail(md5.error());
    announced.md5 = std::move(*md5);
    auto checksum = s3::body_checksum(call.request.headers);
    if (!checksum) return fail(checksum.error());
    announced.checksum = std::move(*checksum);
    return announced;
}

/// The errors of what carries a body, as S3 has them.
Error outward(const Error& error) {
    if (error.code == "io.timeout") return s3::errors::named("RequestTimeout");
    if (error.code == "io.body-too-large") return s3::errors::entity_too_large();
    if (error.code.starts_with("io.")) return s3::errors::incomplete_body();
    if (error.code == "contents.mismatch") return s3::errors::content_sha256_mismatch();
    if (error.code == "InvalidSignatureException") return s3::errors::signature_does_not_match();
    if (error.code == "IncompleteSignatureException") return s3::errors::incomplete_body();
    return error;
}

/// Takes the bytes as they come. On one thread of the pool at a time.
class Intake {
public:
    Intake(contents::Writer writer, Announced announced, const BodyWanted& wanted)
        : writer_(std::move(writer)), announced_(std::move(announced)) {
        const auto brought = announced_.checksum ? std::optional(announced_.checksum->algorithm) : std::nullopt;
        const auto algorithm = brought ? brought : wanted.checksum;
        if (algorithm) checksum_.emplace(*algorithm);
        besides_is_checksum_ = wanted.besides && wanted.besides == algorithm;
        if (wanted.besides && !besides_is_checksum_) besides_.emplace(*wanted.besides);
    }

    /// The body's chunks, each signed or not.
    void expect_chunks(const sigv4::Verified& verified, const sigv4::Mac& key) { chunks_.emplace(verified, key); }

    /// One piece, as it came.
    Result<void> take(std::string_view piece) {
        if (!chunks_) return keep(piece);
        std::string plain;
        if (auto fed = chunks_->feed(piece, plain); !fed) return fed;
        return keep(plain);
    }

    /// Nothing more comes.
    Result<ReceivedBody> finish() {
        if (chunks_ && !chunks_->finished()) return fail(s3::errors::incomplete_body());
        if (writer_.length() != *announced_.length) return fail(s3::errors::incomplete_body());
        ReceivedBody body{.stored = {}, .md5 = md5_.finish(), .algorithm = std::nullopt, .checksum = {}, .besides = {}};
        if (announced_.md5 && *announced_.md5 != body.md5) return fail(s3::errors::bad_digest());
        if (checksum_) {
            body.algorithm = checksum_->algorithm();
            body.checksum = checksum_->finish();
        }
        if (besides_) body.besides = besides_->finish();
        if (besides_is_checksum_) body.besides = body.checksum;
        if (auto checked = check(body.checksum); !checked) return fail(checked.error());
        auto stored = writer_.finish({.expected_sha256 = announced_.sha256});
        if (!stored) return fail(stored.error());
        body.stored = std::move(*stored);
        return body;
    }

    bool has_all() const { return !chunks_ && writer_.length() == *announced_.length; }

private:
    Result<void> keep(std::string_view plain) {
        if (writer_.length() + plain.size() > *announced_.length) return fail(s3::errors::incomplete_body());
        md5_.update(plain);
        if (checksum_) checksum_->update(plain);
        if (besides_) besides_->update(plain);
        return writer_.append(plain);
    }

    Result<void> check(const std::string& computed) const {
        if (!announced_.checksum) return {};
        std::string wanted = announced_.checksum->raw;
        if (announced_.checksum->in_trailer) {
            const auto name = s3::checksum_header(announced_.checksum->algorithm);
            const auto came = chunks_ ? s3::find_header(chunks_->trailer(), name) : std::nullopt;
            if (!came) return fail(s3::errors::incomplete_body());
            auto parsed = s3::parse_checksum(announced_.checksum->algorithm, *came);
            if (!parsed) return fail(parsed.error());
            wanted = std::move(*parsed);
        }
        if (wanted == computed) return {};
        return fail(s3::errors::bad_digest(fmt::format(
            "The {} you specified did not match the calculated checksum.",
            s3::checksum_name(announced_.checksum->algorithm)
        )));
    }

    contents::Writer writer_;
    Announced announced_;
    std::optional<sigv4::ChunkReader> chunks_;
    s3::Digest md5_{s3::ChecksumAlgorithm::md5};
    std::optional<s3::Digest> checksum_;
    std::optional<s3::Digest> besides_;
    bool besides_is_checksum_ = false;
};

using Outcome = Result<std::optional<ReceivedBody>>;

/// One piece, and the end with the last one: a body of one piece costs one turn of the pool.
Outcome step(Intake& intake, std::string_view piece) {
    if (!piece.empty()) {
        if (auto taken = intake.take(piece); !taken) return fail(taken.error());
        if (!intake.has_all()) return std::optional<ReceivedBody>();
    }
    auto finished = intake.finish();
    if (!finished) return fail(finished.error());
    return std::optional(std::move(*finished));
}

}  // namespace

io::Task<Result<ReceivedBody>> receive_body(Call call, BodyWanted wanted) {
    auto announced = read_announcement(call);
    if (!announced) co_return fail(announced.error());
    auto writer = call.service.contents().begin(wanted.key);
    if (!writer) co_return fail(writer.error());
    const auto intake = std::make_shared<Intake>(std::move(*writer), std::move(*announced), wanted);
    if (is_chunked(call.caller.verified.payload)) {
        const auto& verified = call.caller.verified;
        intake->expect_chunks(verified, sigv4::signing_key(verified.credentials->secret_access_key, verified.scope));
    }
    for (;;) {
        Result<std::string> piece = std::exchange(call.request.body, {});
        if (call.request.incoming) piece = co_await call.request.incoming->next();
        if (!piece) co_return fail(outward(piece.error()));
        auto work = [intake, bytes = std::move(*piece)] { return step(*intake, bytes); };
        auto outcome = co_await call.service.working().run(std::move(work));
        if (!outcome) co_return fail(outward(outcome.error()));
        if (*outcome) co_return std::move(**outcome);
    }
}

std::string shown_checksum(std::string_view raw) {
    return base64(raw);
}

}  // namespace cloudshelf::objects
