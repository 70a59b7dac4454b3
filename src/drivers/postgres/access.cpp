#include "drivers/postgres/access.hpp"

#include "drivers/postgres/settings.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

namespace cloudshelf::postgres {

Result<Connection> Access::admin(const std::string& database, Duration limit, const std::string& settings) const {
    std::map<std::string, std::string> parameters{
        {"host", options_.socket_dir},
        {"port", std::to_string(options_.listen.port)},
        {"user", "cloudshelf_admin"},
        {"password", password("admin")},
        {"dbname", database}
    };
    if (!settings.empty()) parameters["options"] = settings;
    return Connection::open(std::move(parameters), limit);
}

Result<Connection> Access::replicator(const Address& server, Duration limit) const {
    auto parameters = way_to(server);
    parameters["password"] = password("replicator");
    parameters["dbname"] = "postgres";
    return Connection::open(std::move(parameters), limit);
}

std::map<std::string, std::string> Access::way_to(const Address& server) const {
    std::map<std::string, std::string> way{
        {"host", server.host}, {"port", std::to_string(server.port)}, {"user", "replicator"}
    };
    if (!options_.tls) return way;
    // The name is who must answer, the address is where: nobody looks the name up.
    way["host"] = server.name;
    way["hostaddr"] = server.host;
    way["sslmode"] = "verify-full";
    way["ssl_min_protocol_version"] = "TLSv1.3";
    way["sslrootcert"] = options_.pgconf / authority_copy;
    way["sslcert"] = options_.pgconf / certificate_copy;
    way["sslkey"] = options_.pgconf / key_copy;
    return way;
}

std::string Access::conninfo(const Address& server) const {
    std::string text = fmt::format("passfile={}/pgpass", options_.pgconf.string());
    for (const auto& [word, value] : way_to(server)) text += fmt::format(" {}={}", word, value);
    return text;
}

std::string Access::password(const std::string& role) const {
    std::string text = io::read_file(options_.secrets / fmt::format("postgres-{}.password", role)).value_or("");
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

}  // namespace cloudshelf::postgres
