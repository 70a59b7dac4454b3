#include "twin/network.hpp"

#include "base/digest.hpp"
#include "io/connect_proxy.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"
#include "twin/call.hpp"
#include "twin/twin.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <map>

namespace cloudshelf::twin {
namespace {

namespace json = boost::json;

std::int64_t ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// The ports at which other sites call on one.
std::vector<std::uint16_t> ports_of(const Site& site) {
    std::vector<std::uint16_t> ports = {Ports::agent, Ports::controller, Ports::etcd, Ports::etcd_peer};
    if (site.kind == SiteKind::region)
        ports.insert(ports.end(), {Ports::gateway, Ports::postgres, Ports::tables, Ports::objects});
    return ports;
}

using Way = std::pair<std::string, std::string>;

/// The relays, and the ways that they share.
class Network {
public:
    Network(io::Executor executor, const json::value& config) : token_digest_(sha256_hex(token(config))) {
        std::uint64_t seed = 1;
        for (const auto& link : config.at("links").as_array()) {
            const auto from = json::value_to<std::string>(link.at("from"));
            const auto to = json::value_to<std::string>(link.at("to"));
            const auto there = way({from, to});
            const auto back = way({to, from});
            for (const auto& port : link.at("ports").as_array()) {
                const auto number = json::value_to<std::uint16_t>(port);
                relays_.push_back(std::make_unique<io::Relay>(
                    executor,
                    io::Relay::Options{
                        .listen = {json::value_to<std::string>(link.at("road")), number},
                        .to = {json::value_to<std::string>(link.at("address")), number},
                        .there = there,
                        .back = back,
                        .seed = seed++,
                    }
                ));
            }
        }
        for (const auto& proxy : config.at("proxies").as_array()) {
            const auto listen = io::Endpoint::parse(json::value_to<std::string>(proxy.at("listen")));
            if (!listen) throw std::runtime_error(listen.error().message);
            io::ConnectProxy::Options options{
                .listen = *listen, .hosts = json::value_to<std::map<std::string, std::string>>(proxy.at("hosts"))
            };
            proxies_.push_back(std::make_unique<io::ConnectProxy>(executor, std::move(options)));
        }
    }

    Result<void> start() {
        for (const auto& relay : relays_) {
            if (const auto started = relay->start(); !started) return started;
        }
        for (const auto& proxy : proxies_) {
            if (const auto started = proxy->start(); !started) return started;
        }
        return {};
    }

    io::Task<io::HttpResponse> answer(io::HttpRequest request) {
        if (sha256_hex(request.header("Authorization")) != token_digest_)
            co_return io::HttpResponse::error(401, "no-token", "expected the operator's bearer token");
        if (request.path() != "/v1/links") co_return io::HttpResponse::error(404, "no-such-call", request.target);
        if (request.method == "GET") co_return io::HttpResponse::json(200, json::serialize(show()));
        if (request.method != "PUT") co_return io::HttpResponse::error(405, "bad-method", request.method);
        co_return change(request.body);
    }

private:
    static std::string token(const json::value& config) {
        const auto secret = io::read_file(json::value_to<std::string>(config.at("token_file")));
        if (!secret) throw std::runtime_error(secret.error().message);
        return "Bearer " + *secret;
    }

    std::shared_ptr<io::LinkWay> way(const Way& name) {
        auto& found = ways_[name];
        if (!found) found = std::make_shared<io::LinkWay>();
        return found;
    }

    json::value show() const {
        json::array all;
        for (const auto& [name, way] : ways_) {
            all.push_back({
                {"from", name.first},
                {"to", name.second},
                {"cut", way->weather.cut},
                {"delay_ms", ms(way->weather.delay)},
                {"jitter_ms", ms(way->weather.jitter)},
                {"bytes_passed", way->bytes_passed},
                {"bytes_held", way->bytes_held},
            });
        }
        return all;
    }

    io::HttpResponse change(const std::string& body) {
        boost::system::error_code bad;
        const json::value wanted = json::parse(body, bad);
        try {
            const Way name{
                json::value_to<std::string>(wanted.at("from")), json::value_to<std::string>(wanted.at("to"))
            };
            const auto found = ways_.find(name);
            if (found == ways_.end())
                return io::HttpResponse::error(404, "no-link", fmt::format("{} to {}", name.first, name.second));
            const auto milliseconds = [&](const char* key) {
                return std::chrono::milliseconds(
                    std::clamp<std::int64_t>(wanted.at(key).to_number<std::int64_t>(), 0, 60'000)
                );
            };
            found->second->weather = {
                .cut = wanted.at("cut").as_bool(),
                .delay = milliseconds("delay_ms"),
                .jitter = milliseconds("jitter_ms"),
            };
            io::log(
                io::Level::warning,
                "network.weather",
                {{"from", name.first},
                 {"to", name.second},
                 {"cut", found->second->weather.cut ? "yes" : "no"},
                 {"delay_ms", std::to_string(ms(found->second->weather.delay))}}
            );
        } catch (const std::exception& problem) {
            return io::HttpResponse::error(400, "bad-request", problem.what());
        }
        return io::HttpResponse::json(200, "{}");
    }

    std::string token_digest_;
    std::map<Way, std::shared_ptr<io::LinkWay>> ways_;
    std::vector<std::unique_ptr<io::Relay>> relays_;
    std::vector<std::unique_ptr<io::ConnectProxy>> proxies_;
};

io::Task<int> serve(json::value config) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto listen = io::Endpoint::parse(json::value_to<std::string>(config.at("listen")));
    if (!listen) co_return 65;
    Network network(executor, config);
    io::HttpServer server(executor, {.listen = *listen, .body_bytes_max = 4096}, [&](io::HttpRequest request) {
        return network.answer(std::move(request));
    });
    auto started = network.start();
    if (started) started = server.start();
    if (!started) {
        io::log(io::Level::error, "network.start-failed", {{"why", started.error().message}});
        co_return 73;
    }
    co_await io::asked_to_end();
    std::_Exit(0);  // the relays' coroutines end with the process
}

}  // namespace

json::object network_config(const Layout& layout) {
    json::array links;
    json::array proxies;
    for (const Site& from : layout.linked()) {
        json::object hosts;
        for (const Site& to : layout.linked()) {
            if (from.number != to.number) hosts[io::site_host_name(to.name.value())] = layout.road(from, to);
        }
        // etcd gives each member one address for all others: a name, which means another road at each site.
        const std::string listen = fmt::format("{}:{}", layout.proxy(from), Ports::etcd_peer);
        proxies.push_back({{"listen", listen}, {"hosts", std::move(hosts)}});
    }
    for (const Site& from : layout.linked()) {
        for (const Site& to : layout.linked()) {
            if (from.number == to.number) continue;
            links.push_back({
                {"from", from.name.value()},
                {"to", to.name.value()},
                {"road", layout.road(from, to)},
                {"address", to.address},
                {"ports", json::value_from(ports_of(to))},
            });
        }
    }
    return {
        {"listen", fmt::format("{}:{}", layout.world.address, Ports::network)},
        {"token_file", (layout.secrets() / "operator.token").string()},
        {"links", std::move(links)},
        {"proxies", std::move(proxies)},
    };
}

int run_network(const std::filesystem::path& path) {
    const auto text = io::read_file(path);
    if (!text) {
        fmt::print(stderr, "twin-network: {}\n", text.error().message);
        return 66;
    }
    io::log_identity({{"program", "twin-network"}});
    boost::system::error_code bad;
    json::value config = json::parse(*text, bad);
    if (bad) {
        fmt::print(stderr, "twin-network: {}: {}\n", path.string(), bad.message());
        return 65;
    }
    return io::run_program(serve(std::move(config)));
}

Result<void> set_weather(
    const Layout& layout, const std::string& from, const std::string& to, const io::LinkWeather& weather
) {
    for (const auto& name : {from, to}) {
        if (const auto site = layout.site(name); !site) return fail(site.error());
    }
    const auto token = operator_token(layout);
    if (!token) return fail(token.error());
    const auto changed = call({
        .to = {.endpoint = {layout.world.address, Ports::network}},
        .method = "PUT",
        .target = "/v1/links",
        .token = *token,
        .body =
            json::object{
                {"from", from},
                {"to", to},
                {"cut", weather.cut},
                {"delay_ms", ms(weather.delay)},
                {"jitter_ms", ms(weather.jitter)},
            },
    });
    if (!changed) return fail(changed.error());
    return {};
}

Result<json::value> links(const Layout& layout) {
    const auto token = operator_token(layout);
    if (!token) return fail(token.error());
    return call({.to = {.endpoint = {layout.world.address, Ports::network}}, .target = "/v1/links", .token = *token});
}

}  // namespace cloudshelf::twin
