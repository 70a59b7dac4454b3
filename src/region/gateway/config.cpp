#include "region/gateway/config.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace cloudshelf::region {
namespace json = boost::json;

namespace {

/// Reads members of one object and remembers the first thing that is wrong.
class Members {
public:
    Members(const json::object& object, std::string where) : object_(object), where_(std::move(where)) {}

    std::string text(std::string_view name, bool required = true) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr && !required) return {};
        if (value != nullptr && value->is_string() && !value->as_string().empty())
            return std::string(value->as_string());
        complain(name, "a text that is not empty");
        return {};
    }
    std::int64_t number(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) return otherwise;
        if (value->is_int64() && value->as_int64() >= least && value->as_int64() <= most) return value->as_int64();
        complain(name, fmt::format("a whole number, {} to {}", least, most));
        return otherwise;
    }
    bool flag(std::string_view name, bool otherwise) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) return otherwise;
        if (value->is_bool()) return value->as_bool();
        complain(name, "true or false");
        return otherwise;
    }
    const json::array& list(std::string_view name) {
        static const json::array none;
        const auto* value = object_.if_contains(name);
        if (value != nullptr && value->is_array() && !value->as_array().empty()) return value->as_array();
        complain(name, "a list that is not empty");
        return none;
    }
    void only(std::initializer_list<std::string_view> names) {
        for (const auto& member : object_) {
            if (std::ranges::find(names, std::string_view(member.key())) == names.end()) {
                complain(member.key(), "nothing: there is no such member");
            }
        }
    }
    void complain(std::string_view name, std::string_view expected) {
        if (wrong.empty()) wrong = fmt::format("{}{}: expected {}", where_, name, expected);
    }

    std::string wrong;

private:
    const json::object& object_;
    std::string where_;
};

}  // namespace

Result<GatewayConfig> parse_gateway_config(std::string_view text) {
    const auto bad = [](std::string message) { return fail("gateway.bad-config", std::move(message)); };
    boost::system::error_code failed;
    const auto value = json::parse(text, failed);
    if (failed || !value.is_object()) return bad("expected a JSON object");
    Members top(value.as_object(), "");
    top.only(
        {"region",
         "listen",
         "lease_page",
         "databases",
         "database",
         "processors",
         "tables",
         "functions",
         "session_key_file",
         "workers",
         "access_log",
         "password_memory_kib",
         "password_passes"}
    );
    GatewayConfig config;
    config.region = top.text("region");
    config.listen = top.text("listen");
    config.lease_page = top.text("lease_page");
    config.session_key_file = top.text("session_key_file");
    config.workers = static_cast<unsigned>(top.number("workers", 24, 1, 256));
    config.access_log = top.flag("access_log", true);
    config.password_memory_kib = static_cast<std::uint32_t>(top.number("password_memory_kib", 8192, 1024, 1 << 20));
    config.password_passes = static_cast<std::uint32_t>(top.number("password_passes", 1, 1, 10));
    for (const auto& processor : top.list("processors")) {
        if (!processor.is_string()) return bad("processors: expected texts, \"ADDRESS:PORT\"");
        config.processors.emplace_back(processor.as_string());
    }
    if (config.processors.size() > 2) top.complain("processors", "the primary one and at most one backup");
    for (const auto& entry : top.list("databases")) {
        if (!entry.is_object()) return bad("databases: expected objects with region, host and port");
        Members members(entry.as_object(), "databases: ");
        members.only({"region", "host", "port", "certificate_name", "ca_file"});
        const bool tls = entry.as_object().contains("certificate_name") || entry.as_object().contains("ca_file");
        config.databases.push_back(
            {.region = members.text("region"),
             .host = members.text("host"),
             .port = static_cast<std::uint16_t>(members.number("port", 5432, 1, 65535)),
             .certificate_name = members.text("certificate_name", tls),
             .ca_file = members.text("ca_file", tls)}
        );
        if (!members.wrong.empty()) return bad(members.wrong);
    }
    const bool has_local =
        std::ranges::any_of(config.databases, [&](const auto& server) { return server.region == config.region; });
    if (!has_local) top.complain("databases", fmt::format("one of region \"{}\", ours", config.region));
    const auto* database = value.as_object().if_contains("database");
    if (database != nullptr) {
        if (!database->is_object()) return bad("database: expected an object with name, user and password_file");
        Members members(database->as_object(), "database: ");
        members.only({"name", "user", "password_file"});
        config.database_name = members.text("name");
        config.database_user = members.text("user");
        config.password_file = members.text("password_file", false);
        if (!members.wrong.empty()) return bad(members.wrong);
    }
    const auto* tables = value.as_object().if_contains("tables");
    if (tables != nullptr) {
        if (!tables->is_object()) return bad("tables: expected an object with servers and credentials_file");
        Members members(tables->as_object(), "tables: ");
        members.only({"servers", "credentials_file"});
        config.tables_credentials_file = members.text("credentials_file");
        for (const auto& entry : members.list("servers")) {
            if (!entry.is_object()) return bad("tables: servers: expected objects with region and address");
            Members server(entry.as_object(), "tables: servers: ");
            server.only({"region", "address"});
            config.tables.push_back({.region = server.text("region"), .address = server.text("address")});
            if (!server.wrong.empty()) return bad(server.wrong);
        }
        const bool local = std::ranges::any_of(config.tables, [&](const auto& t) { return t.region == config.region; });
        if (!local) members.complain("servers", fmt::format("one of region \"{}\", ours", config.region));
        if (!members.wrong.empty()) return bad(members.wrong);
    }
    const auto* functions = value.as_object().if_contains("functions");
    if (functions != nullptr) {
        if (!functions->is_object()) {
            return bad("functions: expected an object with address, credentials_file and routes");
        }
        Members members(functions->as_object(), "functions: ");
        members.only({"address", "credentials_file", "routes"});
        config.functions_address = members.text("address");
        config.functions_credentials_file = members.text("credentials_file");
        for (const auto& entry : members.list("routes")) {
            if (!entry.is_object()) return bad("functions: routes: expected objects with path and function");
            Members route(entry.as_object(), "functions: routes: ");
            route.only({"path", "function"});
            config.function_routes.push_back({.path = route.text("path"), .function = route.text("function")});
            if (!config.function_routes.back().path.starts_with('/'))
                route.complain("path", "a text that begins with /");
            if (!route.wrong.empty()) return bad(route.wrong);
        }
        if (!members.wrong.empty()) return bad(members.wrong);
    }
    if (!top.wrong.empty()) return bad(top.wrong);
    return config;
}

}  // namespace cloudshelf::region
