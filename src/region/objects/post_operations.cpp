// PostObject: a browser's form (S3 API, "POST Object").
#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/hex.hpp"
#include "region/objects/checksums.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/checksum_headers.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/form.hpp"
#include "wire/s3/listing.hpp"
#include "wire/s3/post_policy.hpp"
#include "wire/s3/tag_header.hpp"
#include "wire/s3/tagging.hpp"
#include "wire/s3/value_text.hpp"
#include "wire/s3/xml.hpp"
#include "wire/sigv4/signing_key.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace cloudshelf::objects {
namespace {

constexpr std::uint64_t file_bytes_max = std::uint64_t{5} << 30;

/// The policy that allows the form, and whose it is. A form without one is anonymous.
struct SignedForm {
    Caller caller;
    std::optional<s3::PostPolicy> policy;
};

/// "AKIA…/20261130/us-east-1/s3/aws4_request"
struct Credential {
    std::string key;
    sigv4::Scope scope;
};
std::optional<Credential> read_credential(std::string_view text) {
    Credential credential{.key = std::string(s3::text::take_until(text, '/')), .scope = {}};
    credential.scope.date = s3::text::take_until(text, '/');
    credential.scope.region = s3::text::take_until(text, '/');
    credential.scope.service = s3::text::take_until(text, '/');
    if (text != "aws4_request") return std::nullopt;
    return credential;
}

/// Of the policy's base64, with the key that the credential names (S3 API, "Authenticating requests: browser-based
/// uploads using POST").
Result<Caller> check_signature(const Call& call, const s3::FormReader& form, std::string_view policy) {
    const auto text = [&form](std::string_view name) { return form.field(name).value_or(""); };
    if (text("x-amz-signature").empty() || text("x-amz-credential").empty())
        return fail(s3::errors::named("AccessDenied", "Bucket POST must contain a field named 'X-Amz-Signature'."));
    if (text("x-amz-algorithm") != "AWS4-HMAC-SHA256")
        return fail(s3::errors::invalid_argument("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
    const auto credential = read_credential(text("x-amz-credential"));
    const bool ours = credential && credential->scope.region == call.service.region().value() &&
                      credential->scope.service == "s3" && text("x-amz-date").starts_with(credential->scope.date);
    if (!ours) return fail(s3::errors::invalid_argument("Invalid credential"));
    const auto& keyring = call.service.options().keyring;
    const auto known = keyring.find(credential->key);
    if (known == keyring.end()) return fail(s3::errors::invalid_access_key_id());
    const auto& credentials = known->second;
    if (text("x-amz-security-token") != credentials.session_token) return fail(s3::errors::invalid_token());
    const auto key = sigv4::signing_key(credentials.secret_access_key, credential->scope);
    const auto mac = sigv4::hmac({key.data(), key.size()}, policy);
    if (!equal_in_constant_time(hex({mac.data(), mac.size()}), text("x-amz-signature")))
        return fail(s3::errors::signature_does_not_match());
    return Caller{.account = &call.service.accounts().of(credentials), .credentials = &credentials, .verified = {}};
}

/// What the policy is about: the bucket is the one that the form was sent to, whatever a field of it says.
s3::FormFields fields_of(const Call& call, const s3::FormReader& form) {
    s3::FormFields fields = form.fields();
    std::erase_if(fields, [](const auto& field) { return field.first == "bucket"; });
    fields.emplace_back("bucket", call.target.bucket);
    return fields;
}

Result<SignedForm> check_form(const Call& call, const s3::FormReader& form) {
    const auto encoded = form.field("policy");
    if (!encoded) return SignedForm{};
    auto caller = check_signature(call, form, *encoded);
    if (!caller) return fail(caller.error());
    const auto document = from_base64(*encoded);
    if (!document) return fail(s3::errors::named("InvalidPolicyDocument", "Invalid Policy: Invalid Base64."));
    auto policy = s3::parse_post_policy(*document);
    if (!policy) return fail(policy.error());
    if (auto alive = s3::check_expiration(*policy, call.service.wall_ms()); !alive) return fail(alive.error());
    const auto fields = fields_of(call, form);
    if (auto allowed = s3::check_fields(*policy, fields); !allowed) return fail(allowed.error());
    return SignedForm{.caller = std::move(*caller), .policy = std::move(*policy)};
}

/// The fields as the headers that a PUT would have.
Result<io::Headers> headers_of(const s3::FormReader& form) {
    io::Headers headers;
    for (const auto& [name, value] : form.fields()) {
        if (name == "acl") {
            headers.emplace_back("x-amz-acl", value);
        } else if (name == "tagging") {
            const auto tagging = s3::parse_tagging(value, s3::object_tags_max);
            if (!tagging) return fail(tagging.error());
            s3::TagPairs tags;
            for (const auto& tag : tagging->tags) tags.emplace_back(tag.key, tag.value);
            headers.emplace_back("x-amz-tagging", s3::tag_header(tags));
        } else if (!name.starts_with("x-ignore-")) {
            headers.emplace_back(name, value);
        }
    }
    return headers;
}

Result<std::string> key_of(const s3::FormReader& form) {
    const auto field = form.field("key");
    if (!field || field->empty())
        return fail(s3::errors::invalid_argument(
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."
        ));
    constexpr std::string_view placeholder = "${filename}";
    std::string key(*field);
    if (const auto at = key.find(placeholder); at != std::string::npos)
        key.replace(at, placeholder.size(), form.file_name());
    return key;
}

/// The file's bytes on their way into a content. On one thread of the pool at a time.
class Intake {
public:
    Intake(contents::Writer writer, s3::ChecksumAlgorithm algorithm)
        : writer_(std::move(writer)), checksum_(algorithm) {}

    Result<void> take(std::string_view bytes) {
        if (writer_.length() + bytes.size() > file_bytes_max) return fail(s3::errors::entity_too_large());
        md5_.update(bytes);
        checksum_.update(bytes);
        return writer_.append(bytes);
    }
    std::uint64_t length() const { return writer_.length(); }

    struct Received {
        contents::Stored stored;
        std::string md5;
        std::string checksum;
    };
    Result<Received> finish() {
        auto stored = writer_.finish();
        if (!stored) return fail(stored.error());
        return Received{.stored = std::move(*stored), .md5 = md5_.finish(), .checksum = checksum_.finish()};
    }

private:
    contents::Writer writer_;
    s3::Digest md5_{s3::ChecksumAlgorithm::md5};
    s3::Digest checksum_;
};

/// A form that is read as it comes: what reads it and where it comes from.
struct Source {
    io::HttpRequest* request;
    s3::FormReader form;
    std::string file;  // of what was read last

    /// Reads on; false: nothing follows. Errors: those of FormReader, IncompleteBody.
    io::Task<Result<bool>> next() {
        file.clear();
        Result<std::string> piece = std::exchange(request->body, {});
        if (request->incoming) piece = co_await request->incoming->next();
        if (!piece) co_return fail(s3::errors::incomplete_body());
        if (piece->empty()) co_return false;
        if (auto fed = form.feed(*piece, file); !fed) co_return fail(fed.error());
        co_return true;
    }
};

io::Task<Result<Intake::Received>> receive_file(
    Service* service,
    Source* source,
    contents::Writer writer,
    s3::ChecksumAlgorithm algorithm,
    std::optional<s3::PostPolicy> policy
) {
    const auto intake = std::make_shared<Intake>(std::move(writer), algorithm);
    for (bool more = true; more;) {
        auto work = [intake, bytes = std::exchange(source->file, {})] { return intake->take(bytes); };
        const auto taken = co_await service->working().run(std::move(work));
        if (!taken) co_return fail(taken.error());
        if (source->form.finished()) break;
        const auto next = co_await source->next();
        if (!next) co_return fail(next.error());
        more = *next;
    }
    if (!source->form.finished()) co_return fail(s3::errors::incomplete_body());
    if (policy) {
        if (auto fitting = s3::check_length(*policy, intake->length()); !fitting) co_return fail(fitting.error());
    }
    auto work = [intake] { return intake->finish(); };
    auto received = co_await service->working().run(std::move(work));
    co_return received;
}

/// 204 where nothing else is asked for; 201 comes with a document.
io::HttpResponse success(const Call& call, const s3::FormReader& form, const Version& stored) {
    const std::string etag = '"' + stored.etag + '"';
    const std::string key = s3::encoded_key(stored.key, s3::KeyEncoding::url);
    const std::string location = fmt::format("http://{}/{}/{}", call.header("Host"), call.bucket->name, key);
    io::HttpResponse answer = empty_answer(204);
    auto redirect = form.field("success_action_redirect");
    if (!redirect) redirect = form.field("redirect");
    const auto status = form.field("success_action_status").value_or("204");
    if (redirect && (redirect->starts_with("http://") || redirect->starts_with("https://")) &&
        !s3::text::has_control(*redirect)) {
        answer.status = 303;
        answer.headers.emplace_back(
            "Location",
            fmt::format(
                "{}{}bucket={}&key={}&etag={}",
                *redirect,
                redirect->contains('?') ? '&' : '?',
                call.bucket->name,
                s3::text::percent_encoded(stored.key),
                s3::text::percent_encoded(etag)
            )
        );
    } else if (status == "201") {
        s3::XmlWriter writer("PostResponse", s3::XmlWriter::Namespace::none);
        writer.element("Location", location);
        writer.element("Bucket", call.bucket->name);
        writer.element("Key", stored.key);
        writer.element("ETag", etag);
        answer = xml_answer(writer.finish(), 201);
    } else if (status == "200") {
        answer.status = 200;
    }
    if (answer.status != 303) answer.headers.emplace_back("Location", location);
    answer.headers.emplace_back("ETag", etag);
    append_version_headers(answer.headers, stored, call.bucket->versioning);
    append_checksum_headers(answer.headers, stored.checksum);
    return answer;
}

/// The file as a new version, as the PUT that the form stands for.
io::Task<Answer> store_file(Call put, Source* source, std::optional<s3::PostPolicy> policy) {
    const auto permitted = permit(put, "s3:PutObject", sigv4::Permission::write, Operation::On::object, put.target.key);
    if (!permitted) co_return std::unexpected(permitted.error());
    auto draft = draft_version(put);
    if (!draft) co_return std::unexpected(draft.error());
    const auto key = content_key(draft->key_id);
    if (!key) co_return std::unexpected(key.error());
    const auto given = s3::body_checksum(put.request.headers);
    if (!given) co_return std::unexpected(given.error());
    const auto algorithm = *given ? (*given)->algorithm : s3::ChecksumAlgorithm::crc64nvme;
    auto writer = put.service.contents().begin(*key);
    if (!writer) co_return std::unexpected(writer.error());
    const auto received = co_await receive_file(&put.service, source, std::move(*writer), algorithm, std::move(policy));
    if (!received) co_return std::unexpected(received.error());
    const auto& name = received->stored.name;
    const bool altered = *given && (*given)->raw != received->checksum;
    draft->size = received->stored.length;
    if (altered || draft->size == 0) put.service.collect({name});  // nothing needs a file to be read from
    if (altered) co_return std::unexpected(s3::errors::bad_digest());
    if (draft->size > 0) draft->pieces.push_back({.content = name, .length = draft->size});
    draft->etag = s3::unquoted_etag(s3::simple_etag(received->md5));
    draft->checksum = full_checksum(algorithm, received->checksum);
    const auto stored = co_await store_version(put, std::move(*draft), {});
    if (!stored) co_return std::unexpected(stored.error());
    co_return success(put, source->form, *stored);
}

io::Task<Answer> post_object(Call call) {
    auto form = s3::FormReader::of(call.header("Content-Type"));
    if (!form) co_return std::unexpected(form.error());
    Source source{.request = &call.request, .form = std::move(*form), .file = {}};
    while (!source.form.has_fields()) {
        const auto next = co_await source.next();
        if (!next) co_return std::unexpected(next.error());
        if (!*next) co_return std::unexpected(s3::errors::malformed_post_request());
    }
    auto allowed = check_form(call, source.form);
    if (!allowed) co_return std::unexpected(allowed.error());
    auto key = key_of(source.form);
    if (!key) co_return std::unexpected(key.error());
    auto headers = headers_of(source.form);
    if (!headers) co_return std::unexpected(headers.error());
    headers->emplace_back("Host", call.header("Host"));
    const s3::Target target{.bucket = call.target.bucket, .key = std::move(*key), .query = {}};
    io::HttpRequest request{.method = "PUT", .target = call.request.target, .headers = std::move(*headers)};
    const Call put{
        .service = call.service,
        .request = request,
        .target = target,
        .caller = allowed->caller,
        .bucket = call.bucket,
        .connection = call.connection,
    };
    auto answer = co_await store_file(put, &source, std::move(allowed->policy));
    co_return answer;
}

}  // namespace

void add_post_operations(Operations& to) {
    to["PostObject"] = {.action = "", .handler = post_object};  // the form says who asks, and for which object
}

}  // namespace cloudshelf::objects
