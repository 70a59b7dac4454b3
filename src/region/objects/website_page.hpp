#pragma once

#include "base/result.hpp"
#include "io/http.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::objects {

/// What a website's visitor is told when there is no document of the bucket's own for it.
struct WebsiteError {
    int status = 500;
    Error error = {};
    std::vector<std::pair<std::string, std::string>> details = {};  // Key, BucketName, …
    std::string request_id;
    std::optional<Error> of_document = {};  // the bucket has one, which could not be shown either
};

/// A page in HTML that names the status, the code and the message, as S3's do; with x-amz-error-code and -message, so
/// that programs (and answers to HEAD, which have no body) can tell too.
io::HttpResponse error_page(const WebsiteError& error);

}  // namespace cloudshelf::objects
