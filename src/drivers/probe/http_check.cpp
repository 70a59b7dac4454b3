#include "drivers/probe/http_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::probe {

using core::CheckType;
using core::Observation;

namespace {

/// A longer body is not read to its end: another connection is cheaper.
constexpr std::size_t drained_bytes_max = 64 << 10;
constexpr std::size_t payload_bytes_max = 64 << 10;

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

bool is_function_name(std::string_view text) {
    return !text.empty() && text.size() <= 170 && std::ranges::all_of(text, [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
               c == ':' || c == '.' || c == '$';
    });
}

std::unexpected<Error> bad(std::string why) {
    return fail("probe.bad-target", std::move(why));
}

/// The headers that every request has; ends before the empty line.
std::string head(const Target& target, std::string_view method, std::string_view path) {
    const bool secured = target.type == CheckType::https || target.secured == Secured::yes;
    std::string host = target.host.empty() ? target.endpoint.address : target.host;
    if (target.endpoint.port != (secured ? 443 : 80)) host += ":" + std::to_string(target.endpoint.port);
    return fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cloudshelf-probe\r\nAccept-Encoding: identity\r\n{}",
        method,
        path,
        host,
        target.connections == Connections::fresh ? "Connection: close\r\n" : ""
    );
}

std::size_t body_wanted(const Target& target) {
    if (target.connections == Connections::kept) return drained_bytes_max;
    return target.search.empty() ? 0 : core::search_bytes_max;
}

}  // namespace

Result<Script> http_script(const Target& target) {
    if (!target.path.starts_with('/') || target.path.size() > 255 || !is_visible(target.path))
        return bad("the path has to begin with / and to have at most 255 visible ASCII characters");
    if (target.host.size() > 255 || !is_visible(target.host)) return bad("the host is no name");
    if (target.search.size() > 255) return bad("the text to search for has more than 255 bytes");
    return Script{
        .type = target.type,
        .words = head(target, "GET", target.path) + "\r\n",
        .expected = target.search,
        .body_wanted = body_wanted(target),
    };
}

Result<Script> function_script(const Target& target) {
    const FunctionCall& call = target.function;
    if (!is_function_name(call.name)) return bad(fmt::format("\"{}\" is no function's name", call.name));
    if (call.payload.size() > payload_bytes_max)
        return bad(fmt::format("the payload has more than {} bytes", payload_bytes_max));
    if (target.host.size() > 255 || !is_visible(target.host)) return bad("the host is no name");
    const std::string path = fmt::format("/2015-03-31/functions/{}/invocations", call.name);
    return Script{
        .type = target.type,
        .words = fmt::format(
            "{}X-Amz-Invocation-Type: RequestResponse\r\nContent-Type: application/json\r\nContent-Length: "
            "{}\r\n\r\n{}",
            head(target, "POST", path),
            call.payload.size(),
            call.payload
        ),
        .body_wanted = target.connections == Connections::kept ? drained_bytes_max : 0,
    };
}

void HttpConversation::begin(const Script& script) {
    script_ = &script;
    verdict_ = Observation::not_made;
    status_ = 0;
    answer_.reset(script.body_wanted);
}

Turn HttpConversation::heard(std::string_view bytes) {
    const auto progress = answer_.feed(bytes);
    if (progress == HttpAnswer::Progress::more) return Turn::listen;
    if (progress == HttpAnswer::Progress::bad) {
        verdict_ = Observation::bad_answer;
    } else {
        judge();
    }
    return Turn::over;
}

void HttpConversation::ended() {
    if (answer_.end() == HttpAnswer::Progress::bad) {
        verdict_ = Observation::closed;
    } else {
        judge();
    }
}

void HttpConversation::judge() {
    status_ = answer_.status();
    if (script_->type == CheckType::function) {
        verdict_ = core::judge_function(status_, answer_.function_error());
        return;
    }
    verdict_ = core::judge_http(status_, answer_.body(), script_->expected);
    // What was searched was the packed body.
    const bool searched = verdict_ == Observation::passed && !script_->expected.empty();
    if (searched && answer_.encoded()) verdict_ = Observation::search_missing;
}

}  // namespace cloudshelf::probe
