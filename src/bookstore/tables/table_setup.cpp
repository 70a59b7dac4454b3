#include "bookstore/tables/table_setup.hpp"

#include "bookstore/tables/table_names.hpp"
#include "io/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::bookstore {
namespace {

using namespace std::chrono_literals;

/// A table is changed only while it is active.
io::Task<Result<tables_client::TableDescription>> active(
    tables_client::Client* client, std::string table, io::Deadline deadline
) {
    for (;;) {
        auto described = co_await client->describe(table, deadline);
        if (!described || described->status == "ACTIVE") co_return described;
        if (deadline.passed()) co_return fail("tables.not-ready", fmt::format("{} is {}", table, described->status));
        co_await io::wait_for(20ms);
    }
}

}  // namespace

io::Task<Result<void>> set_up_tables(
    tables_client::Client* client, std::vector<std::string> other_regions, io::Deadline deadline
) {
    for (const auto& definition : table_definitions()) {
        const auto created = co_await client->create(definition, deadline);
        if (!created && created.error().code != "ResourceInUseException") co_return fail(created.error());
        auto described = co_await active(client, definition.name, deadline);
        if (!described) co_return fail(described.error());
        for (const auto& region : other_regions) {
            if (std::ranges::find(described->replicas, region) != described->replicas.end()) continue;
            const auto added = co_await client->add_replica(definition.name, region, deadline);
            if (!added) co_return fail(added.error());
            described = co_await active(client, definition.name, deadline);
            if (!described) co_return fail(described.error());
        }
    }
    co_return co_await client->expire_by(session_table, session_expiry, deadline);
}

}  // namespace cloudshelf::bookstore
