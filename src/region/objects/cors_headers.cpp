#include "region/objects/cors_headers.hpp"

namespace cloudshelf::objects {

void append_cors_headers(io::Headers& to, const io::HttpRequest& request, const Settings& settings) {
    const std::string_view origin = request.header("Origin");
    if (origin.empty() || !settings.cors) return;
    const auto allowed = s3::match(*settings.cors, origin, request.method);
    if (!allowed) return;
    to.emplace_back("Access-Control-Allow-Origin", allowed->allow_origin);
    to.emplace_back("Access-Control-Allow-Methods", allowed->allow_methods);
    if (!allowed->expose_headers.empty()) to.emplace_back("Access-Control-Expose-Headers", allowed->expose_headers);
    if (allowed->max_age_seconds) to.emplace_back("Access-Control-Max-Age", std::to_string(*allowed->max_age_seconds));
    if (allowed->allow_credentials) to.emplace_back("Access-Control-Allow-Credentials", "true");
    to.emplace_back("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

}  // namespace cloudshelf::objects
