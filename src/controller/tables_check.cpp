#include "controller/tables_check.hpp"

#include "drivers/tables/client.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::controller {
namespace {

using namespace std::chrono_literals;

constexpr Duration counting_limit = 2s;  // of one table: a big one is not read to its end while customers wait

/// "CloudShelf-ShoppingCart has 1234 items"
io::Task<Result<std::string>> check_table(tables_client::Client& client, std::string name, io::Deadline deadline) {
    const auto table = co_await client.describe(name, deadline);
    if (!table) co_return fail(table.error());
    if (table->status != "ACTIVE") {
        co_return fail(Error{
            .code = "tables.not-active", .message = fmt::format("{} is {}", name, table->status), .retryable = true
        });
    }
    const auto count = co_await client.count(name, deadline.sooner(counting_limit));
    if (count) co_return fmt::format("{} has {} items", name, *count);
    co_return fmt::format("{} has about {} items", name, table->item_count);
}

}  // namespace

io::Task<Result<std::string>> check_tables(
    io::Executor executor, const ApplicationConfig& application, RegionName region, io::Deadline deadline
) {
    const SiteConfig* site = application.site(region);
    if (application.tables.empty() || !site->tables) co_return "no tables";
    tables_client::Client client(executor, *site->tables);
    std::string told;
    for (const auto& name : application.tables) {
        const auto checked = co_await check_table(client, name, deadline);
        if (!checked) co_return fail(checked.error());
        told += *checked + "; ";
    }
    const RegionName other = application.other(region)->region;
    const auto age = co_await client.followed_age(other.value(), deadline);
    if (age && *age) {
        const double seconds = std::chrono::duration<double>(**age).count();
        co_return told + fmt::format("all that {} had {:.1f} s ago is there", other.value(), seconds);
    }
    co_return told + fmt::format("how far {} was followed is not known", other.value());
}

}  // namespace cloudshelf::controller
