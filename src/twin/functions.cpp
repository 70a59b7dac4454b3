#include "twin/functions.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "twin/certificates.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace cloudshelf::twin {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

/// "us-east-1=127.1.0.1:5432,us-west-2=127.1.1.2:5432": every region's, as this site reaches it.
std::string places(const Layout& layout, const Site& site, std::uint16_t port) {
    std::string text;
    for (const auto& region : layout.regions()) {
        if (!text.empty()) text += ',';
        text += fmt::format("{}={}:{}", region.name.value(), layout.road(site, region), port);
    }
    return text;
}

Result<std::string> first_line(const std::filesystem::path& file) {
    const auto text = io::read_file(file);
    if (!text) return fail(text.error());
    return text->substr(0, text->find_first_of("\r\n"));
}

/// All lines of a file of keys, separated by commas.
Result<std::string> listed(const std::filesystem::path& file) {
    auto text = io::read_file(file);
    if (!text) return text;
    while (text->ends_with('\n')) text->pop_back();
    std::ranges::replace(*text, '\n', ',');
    return text;
}

/// "aws_access_key_id = X" of a credentials file with one key.
std::string value_in(const std::string& file, std::string_view name) {
    const auto at = file.find(fmt::format("{} = ", name));
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 3;
    return file.substr(from, file.find('\n', from) - from);
}

}  // namespace

bool has_functions(const Layout& layout) {
    return std::ranges::any_of(layout.plan.functions, [](const auto& function) { return !function.package.empty(); });
}

Program function_host(const Layout& layout, const UpOptions& options, const Site& site) {
    return {
        .name = "functions",
        .argv =
            {
                options.programs / "cloudshelf-region",
                "functions",
                "--listen",
                fmt::format("{}:{}", site.address, Ports::functions),
                "--region",
                site.name.value(),
                "--data",
                site.directory / "functions",
                "--credentials",
                layout.secrets() / "functions.credentials",
            },
    };
}

json::object function_routes(const Layout& layout, const Site& site) {
    const bool primary = site.name == layout.primary.name;
    json::array routes;
    for (const auto& function : layout.plan.functions) {
        if (function.package.empty()) continue;
        const auto& name = primary ? function.name_in_primary() : function.standby_name;
        for (const auto& path : function.paths) {
            routes.push_back({{"path", path}, {"function", fmt::format("{}:{}", name, function.alias)}});
        }
    }
    return {
        {"address", fmt::format("{}:{}", site.address, Ports::functions)},
        {"credentials_file", (layout.secrets() / "functions-gateway.credentials").string()},
        {"routes", std::move(routes)},
    };
}

std::filesystem::path function_variables_file(const Layout& layout, const Site& site) {
    return layout.secrets() / fmt::format("functions-{}.json", site.name.value());
}

Result<void> write_function_variables(const Layout& layout, const Site& site) {
    const auto password = first_line(layout.secrets() / "postgres-bookstore.password");
    const auto sessions = listed(layout.secrets() / "session.key");
    const auto tables = io::read_file(layout.secrets() / "tables-bookstore.credentials");
    const auto authority = io::read_file(identity_of(layout, site.name.value()).ca_file);
    if (!password) return fail(password.error());
    if (!sessions) return fail(sessions.error());
    if (!tables) return fail(tables.error());
    if (!authority) return fail(authority.error());
    const Site& other = site.name == layout.primary.name ? layout.standby : layout.primary;
    const json::object variables{
        {"REGION", site.name.value()},
        {"DB_HOSTS", places(layout, site, Ports::postgres)},
        {"DB_NAME", "cloudshelf"},
        {"DB_USER", "bookstore"},
        {"DB_PASSWORD", *password},
        // Plain to the database of its own region, which is next to it; by TLS to the other one's.
        {"DB_CERTIFICATE_NAMES", fmt::format("{}={}", other.name.value(), io::site_host_name(other.name.value()))},
        {"DB_AUTHORITY", *authority},
        {"SESSION_KEYS", *sessions},
        {"PROCESSORS",
         fmt::format("{0}:{1},{0}:{2}", layout.world.address, Ports::processor_first, Ports::processor_first + 1)},
        {"TABLES", places(layout, site, Ports::tables)},
        {"TABLES_ACCESS_KEY_ID", value_in(*tables, "aws_access_key_id")},
        {"TABLES_SECRET_ACCESS_KEY", value_in(*tables, "aws_secret_access_key")},
    };
    return io::replace_file(function_variables_file(layout, site), json::serialize(variables) + "\n", 0600);
}

Result<void> deploy_functions(const Layout& layout, const UpOptions& options) {
    io::SpawnOptions deploy;
    deploy.argv = {
        options.programs / "cloudshelf",
        "deploy",
        "--plan",
        options.plan,
        "--data",
        layout.directory,
        "--network-base",
        std::to_string(layout.network_base),
    };
    std::string missing;
    for (const auto deadline = io::Deadline::after(90s); !deadline.passed(); std::this_thread::sleep_for(100ms)) {
        const auto output = io::run(deploy, 60s);
        if (output && output->status == 0) return {};
        missing = output ? output->err : output.error().message;
    }
    return fail("twin.not-ready", "functions: " + missing);
}

}  // namespace cloudshelf::twin
