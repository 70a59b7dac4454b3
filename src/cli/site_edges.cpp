#include "cli/site_edges.hpp"

#include "drivers/edge/refresh.hpp"
#include "io/clock.hpp"
#include "wire/sigv4/canonical.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

constexpr Duration patience = std::chrono::seconds(30);  // for one object or one page

io::Deadline soon() {
    return io::Deadline::after(patience);
}

/// Not by the secret, which may have been the wrong one the last time.
std::string key_of(const io::Endpoint& edge) {
    return fmt::format("{}{}.json", owed_prefix, edge.text());
}

std::string to_text(const std::vector<std::string>& addresses) {
    json::array list;
    for (const auto& address : addresses) list.emplace_back(address);
    return json::serialize(list);
}

Result<std::vector<std::string>> read_record(const std::string& key, const std::string& text) {
    boost::system::error_code bad;
    const auto value = json::parse(text, bad);
    auto addresses = bad ? boost::system::result<std::vector<std::string>>(bad)
                         : json::try_value_to<std::vector<std::string>>(value);
    if (addresses) return std::move(*addresses);
    return fail("site.bad-record", fmt::format("{} is no list of addresses: remove it and publish with --all", key));
}

}  // namespace

std::vector<std::string> addresses_of(const std::string& path) {
    constexpr std::string_view index = "index.html";
    const auto address = "/" + sigv4::encode(path, true);
    std::vector<std::string> addresses{address};
    if (path == index || path.ends_with("/index.html")) {
        addresses.push_back(address.substr(0, address.size() - index.size()));
    }
    return addresses;
}

io::Task<Result<std::vector<Owed>>> owed_to(
    objects_client::Client* objects,
    std::string bucket,
    SiteEdges edges,
    std::set<std::string> keys,
    std::vector<std::string> changed
) {
    std::vector<Owed> all;
    const std::set<std::string> again(changed.begin(), changed.end());
    for (const auto& edge : edges.endpoints) {
        Owed owed{.edge = edge, .key = key_of(edge), .addresses = {}};
        if (keys.contains(owed.key)) {
            const auto object = co_await objects->get(bucket, owed.key, soon());
            if (!object) co_return fail(object.error());
            const auto recorded = *object ? read_record(owed.key, (*object)->body) : std::vector<std::string>();
            if (!recorded) co_return fail(recorded.error());
            owed.addresses = *recorded;
        }
        std::erase_if(owed.addresses, [&](const auto& each) { return again.contains(each); });
        owed.addresses.insert(owed.addresses.end(), changed.begin(), changed.end());
        all.push_back(std::move(owed));
    }
    co_return all;
}

io::Task<Result<void>> record(objects_client::Client* objects, std::string bucket, Owed owed) {
    objects_client::Put put{
        .bucket = std::move(bucket),
        .key = std::move(owed.key),
        .body = to_text(owed.addresses),
        .content_type = "application/json",
        .cache_control = "no-store",
    };
    const auto stored = co_await objects->put(std::move(put), soon());
    if (!stored) co_return fail(stored.error());
    co_return Result<void>();
}

io::Task<Settled> settle(
    objects_client::Client* objects,
    io::HttpClient* client,
    std::string bucket,
    SiteEdges edges,
    Owed owed,
    std::function<void(const std::string& line)> say
) {
    Settled settled;
    bool from_replica = false;
    for (const auto& address : owed.addresses) {
        const auto done = co_await edge::refresh(client, owed.edge, edges.host, address, edges.refresh_secret, soon());
        if (!done) {
            settled.outcome = fail(done.error());
            co_return settled;
        }
        settled.refreshed.push_back(address);
        from_replica = from_replica || done->origin == "replica";
    }
    say(fmt::format("edge {}: {} pages refreshed", owed.edge.text(), owed.addresses.size()));
    if (from_replica) {
        say(fmt::format(
            "edge {}: the replica answered for the primary, perhaps with pages of the earlier release", owed.edge.text()
        ));
    }
    settled.outcome = co_await objects->remove(std::move(bucket), std::move(owed.key), soon());
    co_return settled;
}

}  // namespace cloudshelf::cli
