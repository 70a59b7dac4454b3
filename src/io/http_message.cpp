#include "io/http.hpp"

#include <boost/json.hpp>
#include <boost/url/parse_query.hpp>
#include <fmt/format.h>

#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <strings.h>

namespace cloudshelf::io {
namespace {

std::string_view find(const Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
    }
    return {};
}

}  // namespace

std::string Endpoint::text() const {
    return fmt::format("{}:{}", address, port);
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    Endpoint endpoint;
    in_addr parsed{};
    bool good = colon != std::string_view::npos;
    if (good) {
        endpoint.address = text.substr(0, colon);
        const auto digits = text.substr(colon + 1);
        const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
        good = bad == std::errc() && end == digits.data() + digits.size() && !digits.empty() &&
               ::inet_pton(AF_INET, endpoint.address.c_str(), &parsed) == 1;
    }
    if (good) return endpoint;
    return fail("io.bad-endpoint", fmt::format("\"{}\": expected an IPv4 address and a port, as 127.1.0.1:8080", text));
}

std::string_view HttpRequest::header(std::string_view name) const {
    return find(headers, name);
}
std::string_view HttpResponse::header(std::string_view name) const {
    return find(headers, name);
}

std::string_view HttpRequest::path() const {
    const std::string_view whole = target;
    return whole.substr(0, whole.find('?'));
}

std::string HttpRequest::query(std::string_view name) const {
    const auto mark = target.find('?');
    if (mark == std::string::npos) return {};
    const auto parameters = boost::urls::parse_query(std::string_view(target).substr(mark + 1));
    if (!parameters) return {};
    for (const auto parameter : *parameters) {
        if (parameter.key.decode() != name) continue;
        return parameter.value.decode({true, false, true});  // "+" is a space, as forms write it
    }
    return {};
}

HttpResponse HttpResponse::json(int status, std::string body) {
    return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

HttpResponse HttpResponse::text(int status, std::string body) {
    return {.status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

HttpResponse HttpResponse::error(int status, std::string_view code, std::string_view message) {
    return json(status, boost::json::serialize(boost::json::object{{"error", {{"code", code}, {"message", message}}}}));
}

}  // namespace cloudshelf::io
