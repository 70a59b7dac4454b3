#pragma once

#include "io/http.hpp"
#include "region/objects/settings.hpp"

/// What browsers are told of other origins (Amazon S3 User Guide, "Using cross-origin resource sharing (CORS)").
namespace cloudshelf::objects {

/// Adds Access-Control-Allow-Origin and its like to the answer to a request with an Origin, where the bucket's rules
/// allow that origin and method. Errors are answered with them too, else no script could read them.
void append_cors_headers(io::Headers& to, const io::HttpRequest& request, const Settings& settings);

}  // namespace cloudshelf::objects
