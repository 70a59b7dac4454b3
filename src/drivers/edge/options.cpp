#include "drivers/edge/options.hpp"

#include "drivers/edge/errors.hpp"

#include <algorithm>
#include <string_view>

namespace cloudshelf::edge {
namespace {

constexpr std::size_t socket_path_max = 107;  // sun_path less its end (unix(7))

bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

/// May stand in quotes in nginx's language, and means itself there.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c != '$' && static_cast<unsigned char>(c) >= 0x20; });
}

/// May stand without quotes.
bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    });
}

}  // namespace

Result<void> check(const EdgeOptions& options) {
    const auto bad = [](std::string message) { return fail(errors::bad_option(std::move(message))); };
    const auto folder = options.folder.string();
    if (!options.folder.is_absolute() || !is_plain(folder)) return bad("the folder has to be an absolute path");
    const auto socket = (options.folder / "single.sock").string();
    if (socket.size() > socket_path_max) {
        return bad(fmt::format("the folder's path is too long for sockets in it: {}", folder));
    }
    if (!is_host(options.server_name)) return bad(fmt::format("\"{}\" is no host name", options.server_name));
    if (!is_word(options.address)) return bad(fmt::format("\"{}\" is no address", options.address));
    for (const auto* origin : {&options.primary, &options.replica}) {
        if (!is_host(origin->host)) return bad(fmt::format("\"{}\" is no host name of an origin", origin->host));
        if (!is_word(origin->endpoint.address))
            return bad(fmt::format("\"{}\" is no address", origin->endpoint.text()));
    }
    for (const int status : options.failover_statuses) {
        constexpr int known[] = {403, 404, 500, 502, 503, 504};
        if (std::ranges::find(known, status) == std::end(known))
            return bad(fmt::format("{} is no status to fail over for: 403, 404, 500, 502, 503, 504 are", status));
    }
    if (!is_plain(options.content_security_policy)) return bad("the content security policy has a $ or a line break");
    if (!is_word(options.cache_size)) return bad(fmt::format("\"{}\" is no size", options.cache_size));
    if (!options.worker_user.empty() && !is_word(options.worker_user))
        return bad(fmt::format("\"{}\" is no user", options.worker_user));
    if (options.certificate) {
        for (const auto& file : {options.certificate->certificate_file, options.certificate->key_file}) {
            if (!file.is_absolute() || !is_plain(file.string()))
                return bad(fmt::format("\"{}\" is no absolute path", file.string()));
        }
    }
    return {};
}

}  // namespace cloudshelf::edge
