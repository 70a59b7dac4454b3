#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::sigv4 {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What is signed of an HTTP request. Views: the request outlives it.
struct Request {
    std::string_view method;
    std::string_view target;  // path and query as on the wire
    std::span<const std::pair<std::string, std::string>> headers;
    std::string_view body_sha256;  // 64 hexadecimal digits, lower case; of the bytes that came as the body

    std::string_view path() const { return target.substr(0, target.find('?')); }
    std::string_view query() const {
        const auto mark = target.find('?');
        return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    }
    /// The value of the first header of that name (case does not matter), or an empty text.
    std::string_view header(std::string_view name) const;
};

/// Services differ in two things: S3 neither normalises paths nor encodes them twice, and takes bodies that are not
/// signed, or signed chunk by chunk.
enum class Dialect : bool { plain, s3 };

/// What a signature is good for.
struct Scope {
    std::string date;  // YYYYMMDD
    std::string region;
    std::string service;

    std::string text() const { return date + "/" + region + "/" + service + "/aws4_request"; }
    auto operator<=>(const Scope&) const = default;
};

using Time = std::chrono::sys_seconds;

/// "20130524T000000Z"
std::string iso_basic(Time time);

}  // namespace cloudshelf::sigv4
