// catalog: books into a twin that is up.
#include "bookstore/catalogue.hpp"
#include "bookstore/postgres_database.hpp"
#include "cli/command.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t rejected_shown_max = 20;

Exit import_file(const Common& common, const std::filesystem::path& file, std::size_t batch) {
    const auto layout = lay_out(common);
    if (!layout) return layout.error();
    std::ifstream csv(file);
    if (!csv)
        return report({.code = "io.no-file", .message = fmt::format("{}: cannot be read", file.string())}, common);
    const auto status = twin::controller_status(*layout);
    if (!status) return report(status.error(), common);
    boost::system::error_code none;
    const auto* writer = status->find_pointer("/lease/region", none);
    if (writer == nullptr) return report({.code = "io.connect", .message = "the twin has no writer yet"}, common);
    const auto region = layout->region(json::value_to<std::string>(*writer));
    if (!region) return report(region.error(), common);
    const auto password = io::read_file(layout->secrets() / "postgres-bookstore.password");
    if (!password) return report(password.error(), common);
    const bookstore::PostgresOptions options{
        .database = "cloudshelf",
        .user = "bookstore",
        .password = *password,
        .application = "catalog import",
        .connections_max = 1,
        .connect_limit = 5s,
        .statement_limit = 30s,
    };
    bookstore::PostgresPool pool({region->name.value(), region->address, twin::Ports::postgres}, options);
    bookstore::PostgresDatabase database(&pool, {});
    const TimePoint began = io::now();
    const auto imported = bookstore::import_catalogue(csv, batch, database);
    if (!imported) return report(imported.error(), common);
    const double seconds = std::chrono::duration<double>(io::now() - began).count();
    if (common.json) {
        json::array rejected;
        for (const auto& row : imported->rejected) rejected.push_back({{"line", row.line}, {"reason", row.reason}});
        fmt::print(
            "{}\n",
            json::serialize(
                json::object{{"kept", imported->kept}, {"rejected", std::move(rejected)}, {"took_s", seconds}}
            )
        );
        return ok;
    }
    for (std::size_t i = 0; i < imported->rejected.size() && i < rejected_shown_max; ++i) {
        fmt::print(stderr, "{}:{}: {}\n", file.string(), imported->rejected[i].line, imported->rejected[i].reason);
    }
    if (imported->rejected.size() > rejected_shown_max) {
        fmt::print(stderr, "… and {} more; --json lists them all\n", imported->rejected.size() - rejected_shown_max);
    }
    fmt::print("{} books kept, {} rows rejected, {:.1f} s\n", imported->kept, imported->rejected.size(), seconds);
    return ok;
}

}  // namespace

void add_catalog(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("catalog", "the books of a running twin");
    command->require_subcommand(1);
    auto* sub = command->add_subcommand("import", "books from a file in goodbooks-10k's format (CSV)");
    auto common = std::make_shared<Common>();
    auto file = std::make_shared<std::filesystem::path>();
    auto batch = std::make_shared<std::size_t>(500);
    add_common(*sub, *common);
    sub->add_option("file", *file, "the file")->required();
    sub->add_option("--batch", *batch, "rows per transaction")->capture_default_str()->check(CLI::Range(1, 10000));
    sub->footer(
        "Bad rows are rejected with their line numbers, good ones are kept. The same file again changes nothing."
    );
    sub->callback([=, &status] { status = import_file(*common, *file, *batch); });
}

}  // namespace cloudshelf::cli
