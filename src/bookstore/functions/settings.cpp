#include "bookstore/functions/settings.hpp"

#include "bookstore/tokens.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace cloudshelf::bookstore {

namespace {

std::unexpected<Error> wrong(const char* name, std::string_view expected) {
    return fail("Settings.Wrong", fmt::format("{}: expected {}", name, expected));
}

std::vector<std::string> split(std::string_view list, char separator) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        const auto end = std::min(list.find(separator), list.size());
        if (end > 0) parts.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return parts;
}

struct Place {
    std::string region;
    io::Endpoint endpoint;
};

/// "us-east-1=127.1.0.1:5432,us-west-2=127.2.0.1:5432", our own region's first.
Result<std::vector<Place>> read_places(const Variables& variables, const char* name, const std::string& region) {
    std::vector<Place> places;
    for (const auto& part : split(variables(name).value_or(""), ',')) {
        const auto equals = std::min(part.find('='), part.size());
        const auto endpoint = io::Endpoint::parse(part.substr(std::min(equals + 1, part.size())));
        if (equals == 0 || !endpoint) return wrong(name, "REGION=ADDRESS:PORT, separated by commas");
        places.push_back({.region = part.substr(0, equals), .endpoint = *endpoint});
    }
    const auto ours = std::ranges::find(places, region, &Place::region);
    if (ours != places.end()) std::rotate(places.begin(), ours, ours + 1);
    return places;
}

Result<void> read_databases(const Variables& variables, FunctionSettings& settings) {
    const auto places = read_places(variables, "DB_HOSTS", settings.region);
    if (!places) return fail(places.error());
    if (places->empty()) return fail("Settings.Missing", "DB_HOSTS: expected REGION=ADDRESS:PORT, separated by commas");
    const auto names = split(variables("DB_CERTIFICATE_NAMES").value_or(""), ',');
    for (const auto& [region, endpoint] : *places) {
        PostgresServer server{.region = region, .host = endpoint.address, .port = endpoint.port};
        for (const auto& name : names) {
            if (name.starts_with(region + "=")) server.certificate_name = name.substr(region.size() + 1);
        }
        settings.databases.push_back(std::move(server));
    }
    settings.database_authority = variables("DB_AUTHORITY").value_or("");
    if (!names.empty() && settings.database_authority.empty()) {
        return fail(
            "Settings.Missing", "DB_AUTHORITY: expected the certificate (PEM) that signed those of the databases"
        );
    }
    auto& postgres = settings.postgres;
    postgres.database = variables("DB_NAME").value_or(postgres.database);
    postgres.user = variables("DB_USER").value_or(postgres.user);
    postgres.password = variables("DB_PASSWORD").value_or("");
    postgres.application = fmt::format("function {}", variables("AWS_LAMBDA_FUNCTION_NAME").value_or("bookstore"));
    postgres.connections_max = 2;  // an environment does one thing at a time
    return {};
}

Result<void> read_processors(const Variables& variables, FunctionSettings& settings) {
    for (const auto& part : split(variables("PROCESSORS").value_or(""), ',')) {
        const auto endpoint = io::Endpoint::parse(part);
        if (!endpoint) return wrong("PROCESSORS", "ADDRESS:PORT, the primary one, then the backup");
        settings.processors.push_back(*endpoint);
    }
    return {};
}

Result<void> read_tables(const Variables& variables, FunctionSettings& settings) {
    const auto places = read_places(variables, "TABLES", settings.region);
    if (!places) return fail(places.error());
    for (const auto& [region, endpoint] : *places) settings.tables.servers.push_back({region, endpoint});
    settings.tables.credentials.access_key_id = variables("TABLES_ACCESS_KEY_ID").value_or("");
    settings.tables.credentials.secret_access_key = variables("TABLES_SECRET_ACCESS_KEY").value_or("");
    return {};
}

Result<void> read_secrets(const Variables& variables, FunctionSettings& settings) {
    auto keys = variables("SESSION_KEYS");
    if (!keys) return fail("Settings.Missing", "SESSION_KEYS: expected keys, separated by commas; the first one signs");
    std::ranges::replace(*keys, ',', '\n');
    auto secrets = parse_session_keys(*keys);
    if (!secrets) return wrong("SESSION_KEYS", secrets.error().message);
    settings.secrets = std::move(*secrets);
    return {};
}

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) return {};
    return value;
}

Result<FunctionSettings> read_settings(const Variables& variables) {
    FunctionSettings settings;
    const auto region = variables("REGION");
    settings.region = region ? *region : variables("AWS_REGION").value_or("");
    if (settings.region.empty()) return fail("Settings.Missing", "REGION: expected our region's name");
    for (const auto read : {read_databases, read_processors, read_tables, read_secrets}) {
        const auto done = read(variables, settings);
        if (!done) return fail(done.error());
    }
    return settings;
}

Result<void> keep_authority(FunctionSettings& settings) {
    if (settings.database_authority.empty()) return {};
    const std::filesystem::path folder = environment_variable("TMPDIR").value_or("/tmp");
    const auto file = folder / fmt::format("database-authority-{}.pem", ::getpid());
    const auto written = io::replace_file(file, settings.database_authority, 0600);
    if (!written) return written;
    for (auto& server : settings.databases) {
        if (!server.certificate_name.empty()) server.ca_file = file;
    }
    return {};
}

}  // namespace cloudshelf::bookstore
