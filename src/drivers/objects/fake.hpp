#pragma once

#include "base/digest.hpp"
#include "drivers/objects/calls.hpp"
#include "io/http.hpp"
#include "wire/s3/error_document.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/listing.hpp"
#include "wire/s3/object_answers.hpp"
#include "wire/sigv4/canonical.hpp"
#include "wire/sigv4/verify.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::objects_client {

/// As much of the S3 API as this folder's contract names, in memory, for tests of what stands on the client: it takes
/// the answers' place behind HTTP. Signatures are checked as the real one does. No versions.
class FakeObjects {
public:
    struct Kept {
        std::string body;
        Pairs headers;  // Content-Type, Cache-Control, x-amz-meta-…
    };
    using Bucket = std::map<std::string, Kept>;

    sigv4::Credentials key{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "a-secret-of-this-test"};
    std::string region = "us-east-1";
    bool refuse_all = false;  // 503 to everything
    std::size_t page_size = 2;
    std::map<std::string, Bucket> buckets;
    std::vector<std::string> log;  // "PUT bucket/key", in order, of what was answered with success

    io::HttpResponse answer(const io::HttpRequest& request) {
        if (refuse_all) return refuse(s3::errors::service_unavailable());
        const auto body_sha256 = sha256_hex(request.body);
        const sigv4::Request signed_request{
            .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = body_sha256
        };
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const sigv4::Keyring keyring{{key.access_key_id, key}};
        const sigv4::Expected expected{.region = region, .service = "s3", .dialect = sigv4::Dialect::s3};
        const auto verified = sigv4::verify(signed_request, keyring, expected, now, keys_);
        if (!verified) return refuse(s3::errors::signature_does_not_match());
        const auto path = sigv4::decode(request.path().substr(1));
        const auto slash = path.find('/');
        const auto bucket = path.substr(0, slash);
        const auto name = slash == std::string::npos ? "" : path.substr(slash + 1);
        auto response = name.empty() ? of_bucket(request, bucket) : of_object(request, bucket, name);
        if (response.status < 300) log.push_back(request.method + " " + path);
        if (request.method == "HEAD") response.body.clear();
        return response;
    }

private:
    static io::HttpResponse xml(std::string body) {
        return {.status = 200, .headers = {{"Content-Type", "application/xml"}}, .body = std::move(body), .stream = {}};
    }
    static io::HttpResponse refuse(const Error& error) {
        auto response = xml(s3::print(s3::ErrorDocument{.code = error.code, .message = error.message}));
        response.status = s3::http_status(error.code);
        return response;
    }

    io::HttpResponse of_bucket(const io::HttpRequest& request, const std::string& name) {
        const auto mark = request.target.find('?');
        const auto query = mark == std::string::npos ? std::string() : request.target.substr(mark + 1);
        const auto found = buckets.find(name);
        if (query.empty() && request.method == "PUT") {
            if (found != buckets.end()) return refuse(s3::errors::bucket_already_owned_by_you());
            buckets[name];
            return {};
        }
        if (found == buckets.end()) return refuse(s3::errors::no_such_bucket());
        if (query.contains("list-type=2")) return list(request, name, found->second);
        auto& documents = documents_[name];
        if (request.method == "PUT") {
            if (request.header("Content-MD5") != content_md5(request.body)) return refuse(s3::errors::bad_digest());
            documents[query] = request.body;
            return {};
        }
        if (documents.contains(query)) return xml(documents[query]);
        for (const auto each :
             {Subresource::replication, Subresource::website, Subresource::policy, Subresource::lifecycle}) {
            if (to_string(each) == query) return refuse(s3::errors::named(missing_code(each)));
        }
        return xml("<VersioningConfiguration/>");
    }

    io::HttpResponse list(const io::HttpRequest& request, const std::string& name, const Bucket& bucket) const {
        s3::ListObjectsV2Result result{.name = name, .prefix = request.query("prefix"), .max_keys = int(page_size)};
        result.encoding = s3::KeyEncoding::url;
        const auto after = request.query("continuation-token");
        for (const auto& [key_here, kept] : bucket) {
            if (!key_here.starts_with(result.prefix) || (!after.empty() && key_here <= after)) continue;
            if (result.objects.size() == page_size) {
                result.truncated = true;
                result.next_continuation_token = result.objects.back().key;
                break;
            }
            result.objects.push_back(
                {.key = key_here, .etag = etag_of(kept.body), .size = static_cast<std::int64_t>(kept.body.size())}
            );
        }
        return xml(s3::print(result));
    }

    io::HttpResponse of_object(
        const io::HttpRequest& request, const std::string& bucket_name, const std::string& name
    ) {
        const auto found = buckets.find(bucket_name);
        if (found == buckets.end()) return refuse(s3::errors::no_such_bucket());
        auto& bucket = found->second;
        const auto object = bucket.find(name);
        const bool exists = object != bucket.end();
        if (request.method == "DELETE") {
            if (exists) bucket.erase(object);
            return {.status = 204, .headers = {}, .body = {}, .stream = {}};
        }
        if (request.method == "PUT") return put(request, bucket, name);
        if (!exists) return refuse(s3::errors::no_such_key());
        io::HttpResponse response{.status = 200, .headers = {}, .body = object->second.body, .stream = {}};
        response.headers = object->second.headers;
        response.headers.emplace_back("ETag", s3::in_quotes(etag_of(response.body)));
        return response;
    }

    io::HttpResponse put(const io::HttpRequest& request, Bucket& bucket, const std::string& name) {
        const auto object = bucket.find(name);
        if (request.header("If-None-Match") == "*" && object != bucket.end()) {
            return refuse(s3::errors::precondition_failed());
        }
        const auto if_match = request.header("If-Match");
        if (!if_match.empty() &&
            (object == bucket.end() || s3::unquoted_etag(if_match) != etag_of(object->second.body))) {
            return refuse(s3::errors::precondition_failed());
        }
        const auto source = sigv4::decode(request.header("x-amz-copy-source"));
        if (!source.empty()) {
            const auto slash = source.find('/', 1);
            const auto& from = buckets[source.substr(1, slash - 1)];
            const auto found = from.find(source.substr(slash + 1));
            if (found == from.end()) return refuse(s3::errors::no_such_key());
            const auto kept = found->second;
            bucket[name] = kept;
            return xml(s3::print(s3::CopyObjectResult{.etag = etag_of(kept.body)}));
        }
        Kept kept{.body = request.body, .headers = {}};
        for (const auto& header : request.headers) {
            const bool meta = header.first.starts_with("x-amz-meta-");
            if (meta || header.first == "Content-Type" || header.first == "Cache-Control")
                kept.headers.push_back(header);
        }
        bucket[name] = std::move(kept);
        io::HttpResponse response;
        response.headers.emplace_back("ETag", s3::in_quotes(etag_of(request.body)));
        return response;
    }

    std::map<std::string, std::map<std::string, std::string>> documents_;
    sigv4::SigningKeys keys_;
};

}  // namespace cloudshelf::objects_client
