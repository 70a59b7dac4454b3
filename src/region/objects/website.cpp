#include "region/objects/website.hpp"

#include "region/objects/cors_headers.hpp"
#include "region/objects/service.hpp"
#include "region/objects/website_page.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"
#include "wire/s3/website.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;

constexpr std::string_view redirect_header = "x-amz-website-redirect-location";

std::string_view without_port(std::string_view host) {
    return host.substr(0, host.find(':'));
}

/// A path as it may stand in a Location: escaped, but for its slashes.
std::string escaped(std::string_view path) {
    std::string out;
    while (true) {
        const auto slash = path.find('/');
        out += s3::text::percent_encoded(path.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        out += '/';
        path.remove_prefix(slash + 1);
    }
}

io::HttpResponse redirect(int status, std::string location) {
    io::HttpResponse answer{.status = status};
    answer.headers.emplace_back("Location", std::move(location));
    return answer;
}

io::HttpResponse redirect(const s3::RedirectTarget& to) {
    return redirect(to.status, fmt::format("{}://{}/{}", to.protocol, to.host, escaped(to.key)));
}

/// One visit, with what all its steps need. Lives until the answer.
class Visit {
public:
    Visit(WebsiteCall* call, KnownBucketPtr bucket, std::string path)
        : call_(*call),
          bucket_(std::move(bucket)),
          site_(*bucket_->settings.website),
          seen_{
              .protocol = call_.connection.secure ? "https" : "http",
              .host = std::string(call_.request.header("Host")),
              .path = std::move(path)
          } {}

    io::Task<io::HttpResponse> answer() {
        if (const auto to = s3::redirect_for(site_, seen_, std::nullopt)) co_return redirect(*to);
        const std::string key = s3::website_key(site_, seen_.path);
        auto found = co_await get(key, &call_.request);
        if (found) co_return shown(std::move(*found));
        const bool missing = found.error().error.code == "NoSuchKey" || found.error().error.code == "AccessDenied";
        if (missing && !seen_.path.ends_with('/')) {
            // A folder, whose index document may be there.
            auto asked = bare("HEAD");
            const auto index = co_await get(key + '/' + site_.index_suffix, &asked);
            if (index) co_return redirect(302, escaped(seen_.path) + '/');
        }
        auto page = co_await refusal(std::move(found.error()));
        co_return page;
    }

private:
    static io::HttpRequest bare(std::string method) {
        io::HttpRequest asked;
        asked.method = std::move(method);
        return asked;
    }

    /// As anybody gets it over the API. Of the request its method and conditions count.
    io::Task<Answer> get(std::string key, io::HttpRequest* request) {
        const s3::Target target{.bucket = bucket_->name, .key = std::move(key), .query = {}};
        const Caller anybody;
        const Call asked{
            .service = call_.service,
            .request = *request,
            .target = target,
            .caller = anybody,
            .bucket = bucket_,
            .connection = call_.connection,
        };
        const auto permitted =
            permit(asked, "s3:GetObject", sigv4::Permission::read, Operation::On::object, target.key);
        if (!permitted) {
            const auto may_list = permit(asked, "s3:ListBucket", sigv4::Permission::read, Operation::On::bucket, {});
            if (!may_list) co_return std::unexpected(permitted.error());
        }
        const auto& operation = call_.operations.find(request->method == "HEAD" ? "HeadObject" : "GetObject")->second;
        auto answered = co_await operation.handler(asked);
        // Whoever may list, but not read, is told what is missing, and nothing of what is there.
        if (answered && !permitted) co_return std::unexpected(permitted.error());
        co_return answered;
    }

    /// The object, unless it says where to go instead.
    static io::HttpResponse shown(io::HttpResponse object) {
        const std::string location(object.header(redirect_header));
        if (location.empty()) return object;
        return redirect(301, location);
    }

    /// By a rule to somewhere else, or the bucket's error document, or a page of ours; with the error's status.
    io::Task<io::HttpResponse> refusal(Refusal why) {
        const int status = s3::http_status(why.error.code);
        if (status == 304) co_return io::HttpResponse{.status = status, .headers = std::move(why.headers)};
        if (const auto to = s3::redirect_for(site_, seen_, status)) co_return redirect(*to);
        WebsiteError error{.status = status, .error = std::move(why.error), .request_id = call_.request_id};
        error.details = std::move(why.details);
        if (error.error.code == "NoSuchKey") error.details.emplace_back("Key", s3::website_key(site_, seen_.path));
        if (site_.error_key.empty()) co_return error_page(error);
        auto asked = bare(call_.request.method);
        auto document = co_await get(site_.error_key, &asked);
        if (!document) {
            error.of_document = document.error().error;
            co_return error_page(error);
        }
        if (const auto location = document->header(redirect_header); !location.empty())
            co_return redirect(301, std::string(location));
        document->status = status;
        co_return std::move(*document);
    }

    WebsiteCall& call_;
    KnownBucketPtr bucket_;
    const s3::WebsiteConfiguration& site_;
    s3::WebsiteRequest seen_;
};

}  // namespace

std::optional<std::string> website_bucket(
    std::string_view host, std::span<const std::string> domains, std::string_view region
) {
    constexpr std::string_view api = "s3.";
    const std::string name = s3::text::lower(without_port(host));
    const auto below = [&](std::string_view domain) -> std::optional<std::string> {
        for (const auto& suffix : {
                 fmt::format(".s3-website.{}.{}", region, domain),
                 fmt::format(".s3-website-{}.{}", region, domain),
                 fmt::format(".s3-website.{}", domain),
             }) {
            if (name.size() > suffix.size() && name.ends_with(suffix))
                return name.substr(0, name.size() - suffix.size());
        }
        return std::nullopt;
    };
    for (const std::string_view domain : domains) {
        if (auto bucket = below(domain)) return bucket;
        if (!domain.starts_with(api)) continue;
        if (auto bucket = below(domain.substr(api.size()))) return bucket;
    }
    return std::nullopt;
}

io::Task<io::HttpResponse> answer_website(WebsiteCall call) {
    WebsiteError error{.request_id = call.request_id};
    const auto refuse = [&error](Error why) {
        error.status = s3::http_status(why.code);
        error.error = std::move(why);
        return error_page(error);
    };
    if (call.request.method != "GET" && call.request.method != "HEAD") {
        error.details = {{"Method", call.request.method}};
        auto page = refuse(errors::method_not_allowed());
        page.headers.emplace_back("Allow", "GET, HEAD");
        co_return page;
    }
    const auto bucket = call.service.buckets().find(call.bucket);
    error.details = {{"BucketName", call.bucket}};
    if (!bucket) co_return refuse(errors::no_such_bucket());
    if (!bucket->settings.website) co_return refuse(errors::no_such_website_configuration());
    auto path = s3::text::percent_decoded(call.request.path(), s3::text::Plus::stays);
    if (!path || !path->starts_with('/')) co_return refuse(errors::invalid_uri());
    Visit visit(&call, bucket, std::move(*path));
    auto answer = co_await visit.answer();
    append_cors_headers(answer.headers, call.request, bucket->settings);
    co_return answer;
}

}  // namespace cloudshelf::objects
