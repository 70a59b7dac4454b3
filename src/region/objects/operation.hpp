#pragma once

#include "base/result.hpp"
#include "core/object_access.hpp"
#include "io/http.hpp"
#include "io/task.hpp"
#include "region/objects/accounts.hpp"
#include "region/objects/buckets.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/target.hpp"
#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/verify.hpp"

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::objects {

/// Who asks. Both null: nobody signed the request.
struct Caller {
    const Account* account = nullptr;
    const sigv4::Credentials* credentials = nullptr;
    sigv4::Verified verified;  // of a signed request
    bool anonymous() const { return account == nullptr; }
    /// The canonical id; empty for an anonymous one.
    std::string_view canonical_id() const { return account ? std::string_view(account->canonical_id) : ""; }
};

/// Why a request was not carried out, with what S3's error document and its answer carry besides.
struct Refusal {
    Error error;
    std::vector<std::pair<std::string, std::string>> details;  // elements of the document: BucketName, Key, …
    io::Headers headers;                                       // of the answer: x-amz-delete-marker, …

    Refusal(Error from) : error(std::move(from)) {}
};

/// `return std::unexpected(error)` works for an Error.
using Answer = std::expected<io::HttpResponse, Refusal>;

/// One request, its signature checked, its operation known. Lives until the answer.
struct Call {
    Service& service;
    io::HttpRequest& request;
    const s3::Target& target;
    const Caller& caller;
    KnownBucketPtr bucket;  // target.bucket, as it was when the request came; null: there is none, or it names none
    Connection connection = {};

    std::string_view header(std::string_view name) const { return request.header(name); }
    bool asks_for(std::string_view parameter) const { return target.query.has(parameter); }
    /// A query parameter's value, or an empty text.
    std::string_view parameter(std::string_view name) const { return target.query.get(name).value_or(""); }
};

using Handler = std::function<io::Task<Answer>(Call call)>;

struct Operation {
    std::string action;  // as in policies: "s3:GetObject"; empty: the handler asks itself
    sigv4::Permission permission = sigv4::Permission::read;
    /// On the bucket (or the service) or on the object: which resource policies speak of.
    enum class On : bool { bucket, object } on = On::bucket;
    Handler handler;
};

/// By S3's name of the operation: "GetObject".
using Operations = std::map<std::string, Operation, std::less<>>;

// Each in the file of that name.
void add_bucket_operations(Operations& to);           // bucket_operations.cpp: create, head, list, delete, location
void add_settings_operations(Operations& to);         // settings_operations.cpp: versioning, tagging, policy, CORS, …
void add_list_operations(Operations& to);             // list_operations.cpp: objects (v1, v2), versions
void add_read_operations(Operations& to);             // read_operations.cpp: GetObject, HeadObject
void add_attributes_operations(Operations& to);       // attributes_operations.cpp: GetObjectAttributes
void add_write_operations(Operations& to);            // write_operations.cpp: PutObject
void add_copy_operations(Operations& to);             // copy_operations.cpp: CopyObject, UploadPartCopy
void add_post_operations(Operations& to);             // post_operations.cpp: PostObject
void add_delete_operations(Operations& to);           // delete_operations.cpp: DeleteObject, DeleteObjects
void add_object_settings_operations(Operations& to);  // object_settings_operations.cpp: tags, retention, hold, ACL
void add_multipart_operations(Operations& to);        // multipart_operations.cpp: all but completion and copies
void add_complete_operations(Operations& to);         // complete_operations.cpp: CompleteMultipartUpload
Operations all_operations();

/// Whether the caller may do `action` on the target: policy, access control list and the key's own permission. Handlers
/// ask again for what an operation needs besides (a copy's source, an object's version). Errors: AccessDenied.
Result<void> permit(
    const Call& call, std::string_view action, sigv4::Permission needed, Operation::On on, std::string_view key
);

/// Whether the caller may do `action` on the object that the request makes: "s3:PutObjectTagging" beside
/// "s3:PutObject". Errors: AccessDenied.
Result<void> permit_for_new(const Call& call, std::string_view action);

/// An answer with an XML document.
io::HttpResponse xml_answer(std::string document, int status = 200);
/// An answer without a body.
io::HttpResponse empty_answer(int status = 200);

}  // namespace cloudshelf::objects
