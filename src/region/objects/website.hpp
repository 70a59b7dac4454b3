#pragma once

#include "io/http.hpp"
#include "io/task.hpp"
#include "region/objects/operation.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Buckets as websites (Amazon S3 User Guide, "Hosting a static website using Amazon S3"): GET and HEAD of whoever
/// comes, HTML for people, errors as pages.
namespace cloudshelf::objects {

/// The bucket whose website a Host header names: `<bucket>.s3-website.<region>.<domain>`,
/// `<bucket>.s3-website-<region>.<domain>` or `<bucket>.s3-website.<domain>`, with or without a port. `domains`: as in
/// ServiceOptions; of one that begins with "s3." the rest counts as well, so that `s3.cloudshelf.com` has its websites
/// below cloudshelf.com as S3 has them. Nothing: it is no website's, or another region's.
std::optional<std::string> website_bucket(
    std::string_view host, std::span<const std::string> domains, std::string_view region
);

struct WebsiteCall {
    Service& service;
    io::HttpRequest& request;
    const Operations& operations;  // what the API would carry out
    std::string bucket;
    Connection connection;
    std::string request_id;
};

/// The page, or where to go instead, or what is wrong: always an answer. Index documents stand for "/" and folders;
/// folders without their slash are sent on with 302. Asks for permission as an anonymous GetObject does.
io::Task<io::HttpResponse> answer_website(WebsiteCall call);

}  // namespace cloudshelf::objects
