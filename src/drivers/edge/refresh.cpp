#include "drivers/edge/refresh.hpp"

#include "drivers/edge/errors.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::edge {

Result<std::string> read_refresh_secret(const std::filesystem::path& file) {
    auto text = io::read_file(file, 4096);
    if (!text) return fail(text.error());
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    // nginx compares without regard to case: lower case alone, so that none of the secret's strength is lost.
    const bool good = text->size() >= 32 && text->size() <= 128 && std::ranges::all_of(*text, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                      });
    if (!good) {
        return fail(errors::bad_option(fmt::format("{}: expected 32 to 128 characters of a-z and 0-9", file.string())));
    }
    return *text;
}

io::Task<Result<Refreshed>> refresh(
    io::HttpClient* client,
    io::Endpoint edge,
    std::string host,
    std::string path,
    std::string secret,
    io::Deadline deadline
) {
    io::HttpRequest request{.method = "GET", .target = path, .headers = {}, .body = {}};
    request.headers = {{"Host", std::move(host)}, {std::string(refresh_header), std::move(secret)}};
    const auto answer = co_await client->send(edge, std::move(request), deadline);
    if (!answer) co_return fail(errors::unavailable(edge.text(), answer.error()));
    const auto cache = answer->header("X-Cache");
    // An edge without a copy says MISS to a customer and BYPASS to us: only the latter proves that it knew the secret.
    if (cache != "BYPASS") co_return fail(errors::not_refreshed(edge.text(), path, cache.empty() ? "(none)" : cache));
    if (answer->status >= 500) co_return fail(errors::no_origin(edge.text(), path, answer->status));
    co_return Refreshed{.status = answer->status, .origin = std::string(answer->header("X-Origin"))};
}

}  // namespace cloudshelf::edge
