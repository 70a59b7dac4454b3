#include "region/log/identity.hpp"
#include "region/tables/constraints.hpp"
#include "region/tables/delete_table.hpp"
#include "region/tables/description.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/service.hpp"
#include "region/tables/table_request.hpp"
#include "region/tables/table_streams.hpp"
#include "region/tables/tag_operations.hpp"
#include "region/tables/update_table.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;

constexpr std::size_t tables_max = 2500;  // per account and region (DynamoDB's quotas)
constexpr std::int64_t list_limit_max = 100;

std::string draw_table_id() {
    std::string id = changelog::draw_log_id().value();
    for (const std::size_t dash : {8, 13, 18, 23}) id.insert(dash, 1, '-');
    return id;
}

Error no_such_table(std::string_view name) {
    return errors::resource_not_found(fmt::format("Requested resource not found: Table: {} not found", name));
}

std::string described(Service& service, const Table& table, std::string_view member) {
    std::string body = fmt::format(R"({{"{}":)", member);
    append_table_description(body, table, service.region(), service.log().view(), service.storage());
    return body + '}';
}

io::Task<Answer> create_table(Call call) {
    auto wish = read_table_wish(call.body);
    if (!wish) co_return std::unexpected(wish.error());
    Service& service = call.service;
    Catalogue& catalogue = service.catalogue();
    if (catalogue.all().size() >= tables_max) {
        co_return std::unexpected(errors::limit_exceeded(
            fmt::format("Subscriber limit exceeded: There is a limit of {} tables per region", tables_max)
        ));
    }
    const std::string name = wish->table.name;
    wish->table.id = draw_table_id();
    Catalogue::Change change = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current != nullptr) return fail(errors::resource_in_use("Table already exists: " + name));
        Table table = wish->table;
        table.created_ms = batch.wall_ms();
        const auto number = catalogue.next_number(batch);
        if (!number) return fail(number.error());
        table.number = *number;
        for (auto& index : table.indexes) {
            const auto of_index = catalogue.next_number(batch);
            if (!of_index) return fail(of_index.error());
            index.number = *of_index;
        }
        if (wish->stream && wish->stream->enabled) {
            auto enabled = enable_stream(table, *wish->stream->view, catalogue, batch);
            if (!enabled) return fail(enabled.error());
        }
        return table;
    };
    const auto created = co_await catalogue.change(name, std::move(change));
    if (!created) co_return std::unexpected(created.error());
    if (*created == nullptr) co_return std::unexpected(no_such_table(name));  // and deleted again meanwhile
    // It is there already; clients are told what DynamoDB tells them, and find it active when they look.
    Table told = **created;
    told.status = TableStatus::creating;
    co_return described(service, told, "TableDescription");
}

io::Task<Answer> describe_table(Call call) {
    const auto name = read_table_name(call.body);
    if (!name) co_return std::unexpected(name.error());
    const auto table = call.service.catalogue().find(*name);
    if (!table) co_return std::unexpected(no_such_table(*name));
    co_return described(call.service, *table, "Table");
}

io::Task<Answer> list_tables(Call call) {
    Constraints constraints;
    const auto limit = constraints.number(call.body, "", "Limit", Needed::no, 1, list_limit_max);
    const auto after = constraints.text(
        call.body, "", "ExclusiveStartTableName", Needed::no, {.length_min = 3, .length_max = 255, .name = true}
    );
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    std::string body = R"({"TableNames":[)";
    std::int64_t left = limit.value_or(list_limit_max);
    std::string last;
    bool more = false;
    for (const auto& table : call.service.catalogue().all()) {
        if (after && table->name <= *after) continue;
        if (left-- == 0) {
            more = true;
            break;
        }
        if (!last.empty()) body += ',';
        last = table->name;
        dynamodb::append_json_string(body, last);
    }
    body += ']';
    if (more) {
        body += R"(,"LastEvaluatedTableName":)";
        dynamodb::append_json_string(body, last);
    }
    co_return body + '}';
}

io::Task<Answer> delete_table(Call call) {
    const auto name = read_table_name(call.body);
    if (!name) co_return std::unexpected(name.error());
    Service& service = call.service;
    const auto deleting = co_await begin_deleting(service, *name);
    if (!deleting) co_return std::unexpected(deleting.error());
    auto body = described(service, **deleting, "TableDescription");
    // Without a last backup to be made it is gone at once: whoever makes it anew need not wait.
    if ((*deleting)->point_in_time) {
        service.run_behind(finish_deleting(service, *deleting));
    } else {
        co_await finish_deleting(service, *deleting);
    }
    co_return body;
}

io::Task<Answer> describe_limits(Call) {
    // DynamoDB's initial quotas; nothing here is ever throttled.
    co_return R"({"AccountMaxReadCapacityUnits":80000,"AccountMaxWriteCapacityUnits":80000,)"
              R"("TableMaxReadCapacityUnits":40000,"TableMaxWriteCapacityUnits":40000})";
}

io::Task<Answer> describe_endpoints(Call call) {
    const io::Endpoint endpoint{.address = call.service.options().listen.address, .port = call.service.port()};
    co_return fmt::format(R"({{"Endpoints":[{{"Address":"{}","CachePeriodInMinutes":1440}}]}})", endpoint.text());
}

}  // namespace

void add_control_operations(Operations& to) {
    using sigv4::Permission;
    to["CreateTable"] = {.permission = Permission::admin, .handler = create_table};
    to["DescribeTable"] = {.permission = Permission::read, .handler = describe_table};
    to["ListTables"] = {.permission = Permission::read, .handler = list_tables};
    to["UpdateTable"] = {.permission = Permission::admin, .handler = update_table};
    to["DeleteTable"] = {.permission = Permission::admin, .handler = delete_table};
    to["DescribeLimits"] = {.permission = Permission::read, .handler = describe_limits};
    to["DescribeEndpoints"] = {.permission = Permission::read, .handler = describe_endpoints};
    to["TagResource"] = {.permission = Permission::admin, .handler = tag_resource};
    to["UntagResource"] = {.permission = Permission::admin, .handler = untag_resource};
    to["ListTagsOfResource"] = {.permission = Permission::read, .handler = list_tags_of_resource};
}

}  // namespace cloudshelf::tables
