#include "drivers/edge/refresh.hpp"

#include "drivers/edge/errors.hpp"

namespace cloudshelf::edge {

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
