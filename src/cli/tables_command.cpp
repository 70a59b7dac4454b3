// tables: what the regions' tables say of themselves: items, replicas, lag, and the versions that lost a conflict.
#include "cli/command.hpp"
#include "drivers/tables/client.hpp"
#include "drivers/tables/key_file.hpp"
#include "drivers/tables/metrics.hpp"
#include "io/file.hpp"
#include "io/signals.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration patience = 10s;

/// One region's tables.
struct Service {
    std::string region;
    io::Endpoint endpoint;
};

/// What the user said; without endpoints, the twin's.
struct Wanted {
    Common common;
    std::vector<std::string> endpoints;  // REGION=http://ADDRESS:PORT
    std::string credentials;
    std::string profile;
    std::string table;
};

Error bad_argument(std::string message) {
    return {.code = "cli.usage", .message = std::move(message)};
}

/// Where to ask, and with which key.
struct Place {
    std::vector<Service> services;
    sigv4::Credentials key;
};

Result<Place> place_of(const Wanted& wanted, const twin::Layout* layout) {
    Place place;
    for (const auto& text : wanted.endpoints) {
        const auto read = read_region_endpoint(text);
        if (!read) return fail(read.error());
        place.services.push_back({.region = read->first.value(), .endpoint = read->second});
    }
    std::string file = wanted.credentials;
    if (layout) {
        for (const auto& site : layout->regions())
            place.services.push_back({site.name.value(), {site.address, twin::Ports::tables}});
        file = layout->secrets() / "tables-operator.credentials";
        std::error_code none;
        if (!std::filesystem::exists(file, none)) {
            return fail(
                "twin.not-there",
                fmt::format("there is no twin in {}: cloudshelf up makes one", layout->directory.string())
            );
        }
    }
    auto key = tables_client::read_key_file(file, wanted.profile);
    if (!key) return fail(key.error());
    place.key = std::move(*key);
    return place;
}

std::string text_at(const json::value& from, std::string_view pointer) {
    boost::system::error_code missing;
    const auto* found = from.find_pointer(pointer, missing);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

io::Task<Result<json::object>> describe(Service service, sigv4::Credentials key) {
    const auto executor = co_await boost::asio::this_coro::executor;
    tables_client::Client client(
        executor, {.endpoint = service.endpoint, .region = service.region, .credentials = key}
    );
    const auto deadline = io::Deadline::after(patience);
    json::array tables;
    json::object question;
    for (;;) {
        const auto listed = co_await client.ask("DynamoDB_20120810.ListTables", question, deadline);
        if (!listed) co_return fail(listed.error());
        for (const auto& name : listed->at("TableNames").as_array()) {
            json::object asked{{"TableName", name}};
            const auto described = co_await client.ask("DynamoDB_20120810.DescribeTable", std::move(asked), deadline);
            if (!described) co_return fail(described.error());
            tables.push_back(described->at("Table"));
        }
        const auto* more = listed->if_contains("LastEvaluatedTableName");
        if (!more) break;
        question["ExclusiveStartTableName"] = *more;
    }
    io::HttpClient http(executor);
    io::HttpRequest request{.method = "GET", .target = "/metrics", .headers = {}, .body = {}};
    request.headers.emplace_back("Host", service.endpoint.text());
    const auto page = co_await http.send(service.endpoint, std::move(request), deadline);
    if (!page) co_return fail(page.error());
    json::object told{{"tables", std::move(tables)}};
    for (const auto& [member, name] : std::initializer_list<std::pair<const char*, std::string_view>>{
             {"unconfirmed_seconds", "cloudshelf_tables_unconfirmed_seconds"},
             {"unconfirmed_entries", "cloudshelf_tables_replica_lag_entries"},
             {"conflicts", "cloudshelf_tables_conflicts"},
             {"disk_full", "cloudshelf_tables_disk_full"},
             {"needs_reopening", "cloudshelf_tables_needs_reopening"}
         }) {
        if (const auto value = tables_client::metric(page->body, name)) told[member] = *value;
    }
    co_return told;
}

double number_at(const json::object& object, std::string_view member) {
    const auto* value = object.if_contains(member);
    return value ? value->to_number<double>() : 0;
}

void print_region(const json::object& told) {
    for (const auto& table : told.at("tables").as_array()) {
        std::string replicas;
        const auto* list = table.as_object().if_contains("Replicas");
        for (const auto& replica : list ? list->as_array() : json::array())
            replicas += fmt::format("  {} {}", text_at(replica, "/RegionName"), text_at(replica, "/ReplicaStatus"));
        fmt::print(
            "  {:<28} {:<9} {:>9} items{}\n",
            text_at(table, "/TableName"),
            text_at(table, "/TableStatus"),
            table.at("ItemCount").to_number<std::int64_t>(),
            replicas
        );
    }
    fmt::print(
        "  not confirmed elsewhere: {:.0f} changes, the oldest {:.3f} s ago; {:.0f} conflicts kept{}{}\n",
        number_at(told, "unconfirmed_entries"),
        number_at(told, "unconfirmed_seconds"),
        number_at(told, "conflicts"),
        number_at(told, "disk_full") > 0 ? "; DISK FULL: read-only" : "",
        number_at(told, "needs_reopening") > 0 ? "; a commit failed: restart it" : ""
    );
}

io::Task<int> status_of(Place place, Common common) {
    json::object all;
    int status = ok;
    for (const auto& service : place.services) {
        auto told = co_await describe(service, place.key);
        if (!common.json) fmt::print("{} at {}\n", service.region, service.endpoint.text());
        if (!told) {
            status = unavailable;
            all[service.region] = {{"error", told.error().message}};
            if (!common.json) fmt::print("  does not answer: {}\n", told.error().message);
            continue;
        }
        if (!common.json) print_region(*told);
        all[service.region] = std::move(*told);
    }
    if (common.json) fmt::print("{}\n", json::serialize(all));
    co_return status;
}

/// "2026-11-23 18:00:00.000 Carts {"p":{"S":"a"}}" and both versions.
void print_conflict(const json::value& conflict) {
    const auto ms = static_cast<std::int64_t>(conflict.at("FoundDateTime").to_number<double>() * 1000 + 0.5);
    const std::chrono::sys_seconds seconds{std::chrono::seconds(ms / 1000)};
    fmt::print(
        "{:%Y-%m-%d %H:%M:%S}.{:03} UTC  {}  {}\n",
        seconds,
        ms % 1000,
        text_at(conflict, "/TableName"),
        json::serialize(conflict.at("Key"))
    );
    for (const auto& [word, side] : {std::pair{"kept", "Won"}, {"lost", "Lost"}}) {
        const auto& version = conflict.at(side);
        const auto* item = version.as_object().if_contains("Item");
        fmt::print(
            "  {}, written in {}: {}\n",
            word,
            text_at(version, "/RegionName"),
            item ? json::serialize(*item) : "(deleted)"
        );
    }
}

io::Task<int> conflicts_of(Place place, Common common, std::string table) {
    const auto executor = co_await boost::asio::this_coro::executor;
    int status = ok;
    std::size_t count = 0;
    for (const auto& service : place.services) {
        tables_client::Client client(
            executor, {.endpoint = service.endpoint, .region = service.region, .credentials = place.key}
        );
        json::object question;
        if (!table.empty()) question["TableName"] = table;
        for (;;) {
            const auto page =
                co_await client.ask("CloudShelf_20261123.ListConflicts", question, io::Deadline::after(patience));
            if (!page) {
                const std::string asked = table.empty() ? service.region : service.region + ", " + table;
                fmt::print(stderr, "{}: {}\n", asked, page.error().message);
                status = page.error().code == "tables.unavailable" ? unavailable : failed;
                break;
            }
            for (const auto& conflict : page->at("Conflicts").as_array()) {
                ++count;
                if (common.json) {
                    fmt::print("{}\n", json::serialize(conflict));
                } else {
                    print_conflict(conflict);
                }
            }
            const auto* next = page->if_contains("NextToken");
            if (!next) break;
            question["NextToken"] = *next;
        }
    }
    if (count == 0 && status == ok && !common.json) fmt::print("no conflicts: no version was lost\n");
    co_return status;
}

void add_place(CLI::App& command, Wanted& wanted) {
    add_common(command, wanted.common);
    command.add_option("--endpoint", wanted.endpoints, "REGION=http://ADDRESS:PORT, once for each; absent: the twin's");
    command.add_option("--credentials", wanted.credentials, "AWS's credentials file, with --endpoint");
    command.add_option("--profile", wanted.profile, "whose key of that file; absent: its only one");
}

/// Runs `make` on where to ask.
int at_place(const Wanted& wanted, const std::function<io::Task<int>(Place place)>& make) {
    std::optional<twin::Layout> layout;
    if (wanted.endpoints.empty()) {
        auto laid_out = lay_out(wanted.common);
        if (!laid_out) return laid_out.error();
        layout = std::move(*laid_out);
    } else if (wanted.credentials.empty()) {
        report(bad_argument("--credentials is needed with --endpoint"), wanted.common);
        return usage;
    }
    auto place = place_of(wanted, layout ? &*layout : nullptr);
    if (!place) {
        const int status = report(place.error(), wanted.common);
        return place.error().code == "cli.usage" ? usage : status;
    }
    return io::run_program(make(std::move(*place)));
}

}  // namespace

void add_tables(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("tables", "the regions' tables: items, replicas, lag, conflicts");
    command->require_subcommand(1);
    command->footer(
        "cloudshelf tables status\n"
        "cloudshelf tables conflicts --table CloudShelf-ShoppingCart --json\n"
        "cloudshelf tables conflicts --endpoint us-east-1=http://10.1.0.5:8000 --credentials ~/.aws/credentials"
    );
    auto wanted = std::make_shared<Wanted>();
    auto* show = command->add_subcommand("status", "tables, replicas and how far the other regions are behind");
    add_place(*show, *wanted);
    show->callback([=, &status] {
        status = at_place(*wanted, [&](Place place) { return status_of(std::move(place), wanted->common); });
    });
    auto* conflicts = command->add_subcommand("conflicts", "versions that lost to a write that had not seen them");
    add_place(*conflicts, *wanted);
    conflicts->add_option("--table", wanted->table, "only of this table");
    conflicts->callback([=, &status] {
        status = at_place(*wanted, [&](Place place) {
            return conflicts_of(std::move(place), wanted->common, wanted->table);
        });
    });
}

}  // namespace cloudshelf::cli
