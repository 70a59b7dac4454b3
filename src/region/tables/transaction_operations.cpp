#include "base/digest.hpp"
#include "region/tables/capacity.hpp"
#include "region/tables/collection_metrics.hpp"
#include "region/tables/item_request.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/item_write.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/service.hpp"
#include "region/tables/transaction_tokens.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/limits.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;
using Reasons = std::vector<dynamodb::CancellationReason>;

constexpr std::size_t actions_max = 100;
constexpr std::size_t transaction_bytes_max = 4 << 20;
constexpr std::size_t token_bytes_max = 36;

/// TransactItems, of a length that is allowed, with what else both operations have.
Result<const json::array*> transact_items(const json::object& request, MemberCheck&& check) {
    const auto items = array_member(request, "TransactItems");
    if (!items) return items;
    check.one_of("ReturnConsumedCapacity", {"INDEXES", "TOTAL", "NONE"}).required("TransactItems");
    if (*items && (*items)->empty())
        check.broken("'[]'", "transactItems", "Member must have length greater than or equal to 1");
    if (*items && (*items)->size() > actions_max)
        check.broken("'[...]'", "transactItems", "Member must have length less than or equal to 100");
    if (auto met = check.met(); !met) return fail(std::move(met.error()));
    return items;
}

Refusal cancelled(Reasons reasons) {
    Refusal refusal(dynamodb::transaction_cancelled(reasons));
    refusal.reasons = std::move(reasons);
    return refusal;
}

bool any_reason(const Reasons& reasons) {
    return std::ranges::any_of(reasons, [](const auto& reason) { return reason.code != "None"; });
}

/// What a client may have done wrong with one item; anything else is no reason but an error of the whole.
bool is_reason(const Error& error) {
    return error.code == "ValidationException" || error.code == "ConditionalCheckFailedException";
}

dynamodb::CancellationReason reason_of(const Error& error) {
    const bool condition = error.code == "ConditionalCheckFailedException";
    return {.code = condition ? "ConditionalCheckFailed" : "ValidationError", .message = error.message, .item = {}};
}

/// Transactions cost twice, the indexes' part too.
void double_units(ConsumedCapacity& consumed) {
    consumed.split = true;
    consumed.table_units *= 2;
    for (auto* indexes : {&consumed.local_indexes, &consumed.global_indexes}) {
        for (auto& [name, units] : *indexes) units *= 2;
    }
}

void append_capacities(
    JsonObject& answer, const std::map<std::string, ConsumedCapacity>& consumed, ReturnConsumedCapacity wanted
) {
    if (wanted == ReturnConsumedCapacity::none) return;
    auto& to = answer.member("ConsumedCapacity");
    to += '[';
    bool first = true;
    for (const auto& [name, each] : consumed) {
        if (!first) to += ',';
        first = false;
        append_json(to, each, wanted);
    }
    to += ']';
}

// -------------------------------------------------------------------------------------------- TransactWriteItems

struct ActionName {
    std::string_view member;
    std::string_view place;
    ItemWrite::Kind kind;
};
constexpr std::array<ActionName, 4> action_names{{
    {"ConditionCheck", "conditionCheck", ItemWrite::Kind::check},
    {"Put", "put", ItemWrite::Kind::put},
    {"Delete", "delete", ItemWrite::Kind::remove},
    {"Update", "update", ItemWrite::Kind::update},
}};

Result<ItemWrite> read_action(const json::value& value, std::size_t number) {
    const auto* request = value.if_object();
    if (!request) return fail(errors::serialization("Unexpected field type"));
    const json::object* action = nullptr;
    const ActionName* name = nullptr;
    for (const auto& each : action_names) {
        const auto found = object_member(*request, each.member);
        if (!found) return fail(found.error());
        if (!*found) continue;
        if (action)
            return fail(errors::validation("TransactItems can only contain one of Check, Put, Update or Delete"));
        action = *found;
        name = &each;
    }
    if (!action) {
        return fail(
            errors::validation("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")
        );
    }
    MemberCheck check(*action, fmt::format("transactItems.{}.member.{}.", number, name->place));
    check.required(name->kind == ItemWrite::Kind::put ? "Item" : "Key").table_name();
    if (name->kind == ItemWrite::Kind::update) check.required("UpdateExpression");
    if (name->kind == ItemWrite::Kind::check) check.required("ConditionExpression");
    check.one_of("ReturnValuesOnConditionCheckFailure", {"ALL_OLD", "NONE"});
    if (auto met = check.met(); !met) return fail(std::move(met.error()));
    return read_item_write(name->kind, *action);
}

Result<std::string_view> read_token(const json::object& request) {
    const auto token = text_member(request, "ClientRequestToken");
    if (!token || !member(request, "ClientRequestToken")) return token;
    MemberCheck check(request);
    const auto quoted = fmt::format("'{}'", *token);
    if (token->empty())
        check.broken(quoted, "clientRequestToken", "Member must have length greater than or equal to 1");
    if (token->size() > token_bytes_max)
        check.broken(quoted, "clientRequestToken", "Member must have length less than or equal to 36");
    if (auto met = check.met(); !met) return fail(std::move(met.error()));
    return token;
}

struct Transaction {
    std::vector<ItemWrite> writes;
    std::string_view token;  // empty: none
    std::string digest;      // of what is to be done
};

/// Reads it and finds its places. A Refusal with reasons where an action does not suit its table.
std::expected<Transaction, Refusal> read_transaction(const Catalogue& catalogue, const json::object& request) {
    MemberCheck check(request);
    check.one_of("ReturnItemCollectionMetrics", {"SIZE", "NONE"});
    const auto items = transact_items(request, std::move(check));
    if (!items) return std::unexpected(items.error());
    const auto token = read_token(request);
    if (!token) return std::unexpected(token.error());
    Transaction transaction{.writes = {}, .token = *token, .digest = {}};
    if (!token->empty()) transaction.digest = sha256_hex(json::serialize(**items));
    for (const auto& each : **items) {
        auto write = read_action(each, transaction.writes.size() + 1);
        if (!write) return std::unexpected(write.error());
        transaction.writes.push_back(std::move(*write));
    }
    Reasons reasons(transaction.writes.size());
    std::set<std::string_view> keys;
    for (std::size_t i = 0; i < transaction.writes.size(); ++i) {
        auto& write = transaction.writes[i];
        if (auto found = find_table(write, catalogue); !found) return std::unexpected(found.error());
        if (auto placed = place(write); !placed) {
            reasons[i] = reason_of(placed.error());
        } else if (!keys.insert(write.key).second) {
            return std::unexpected(
                errors::validation("Transaction request cannot include multiple operations on one item")
            );
        }
    }
    if (any_reason(reasons)) return std::unexpected(cancelled(std::move(reasons)));
    return transaction;
}

/// Judges all actions before one is carried out: those that fail are all told, and nothing is to be undone.
Result<std::vector<Judged>> judge_all(
    changelog::Batch& batch, Service& service, const Transaction& transaction, Reasons& reasons
) {
    std::vector<Judged> judged;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < transaction.writes.size(); ++i) {
        const auto& write = transaction.writes[i];
        std::optional<dynamodb::Item> existing;
        auto decided = judge(batch, service.storage(), service.catalogue(), write, existing);
        if (!decided) {
            if (!is_reason(decided.error())) return fail(std::move(decided.error()));
            reasons[i] = reason_of(decided.error());
            reasons[i].item = std::move(existing);
            judged.emplace_back();
            continue;
        }
        if (const auto* now = decided->now(write)) bytes += dynamodb::size_of(now->item);
        if (bytes > transaction_bytes_max) {
            reasons[i] = {
                .code = "ValidationError", .message = "The items of the transaction exceed 4 MB together", .item = {}
            };
        }
        judged.push_back(std::move(*decided));
    }
    if (any_reason(reasons)) return fail(dynamodb::transaction_cancelled(reasons));
    return judged;
}

Result<std::map<std::string, ConsumedCapacity>> used_by(
    const std::vector<ItemWrite>& writes, const std::vector<Judged>& judged
) {
    std::map<std::string, ConsumedCapacity> consumed;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        auto& each = consumed[judged[i].table->name];
        each.table = judged[i].table->name;
        std::optional<dynamodb::Item> was;
        if (judged[i].was) {
            auto item = judged[i].was->item();
            if (!item) return fail(std::move(item.error()));
            was = std::move(*item);
        }
        const auto* now = judged[i].now(writes[i]);
        add_write_units(each, *judged[i].table, was ? &*was : nullptr, now ? &now->item : nullptr);
    }
    for (auto& [name, each] : consumed) {
        double_units(each);
        each.write = each.table_units;
    }
    return consumed;
}

/// Of a repetition, which is answered without writing: what reading its items takes.
Result<std::map<std::string, ConsumedCapacity>> used_by_reading(
    const changelog::View& view, const Storage& storage, const std::vector<ItemWrite>& writes
) {
    std::map<std::string, ConsumedCapacity> consumed;
    for (const auto& write : writes) {
        auto& each = consumed[write.table->name];
        each.table = write.table->name;
        const auto stored = find_item(view, storage, write.key);
        if (!stored) return fail(stored.error());
        const auto item = *stored ? (*stored)->item() : dynamodb::Item();
        if (!item) return fail(item.error());
        each.table_units += read_units(dynamodb::size_of(*item), true);
    }
    for (auto& [name, each] : consumed) {
        double_units(each);
        each.read = each.table_units;
    }
    return consumed;
}

io::Task<Answer> answer_transact_write(Call call) {
    auto& service = call.service;
    const auto transaction = read_transaction(service.catalogue(), call.body);
    if (!transaction) co_return std::unexpected(transaction.error());

    Reasons reasons(transaction->writes.size());
    std::vector<Judged> judged;
    bool repeated = false;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto& storage = service.storage();
        if (!transaction->token.empty()) {
            const auto seen = find_token(batch, storage, transaction->token, transaction->digest);
            if (!seen) return fail(seen.error());
            repeated = *seen == TokenSeen::yes;
            if (repeated) return {};
        }
        auto all = judge_all(batch, service, *transaction, reasons);
        if (!all) return fail(std::move(all.error()));
        judged = std::move(*all);
        for (std::size_t i = 0; i < judged.size(); ++i) {
            auto done = carry_out(batch, storage, transaction->writes[i], judged[i]);
            if (!done) return done;
        }
        if (transaction->token.empty()) return {};
        return remember_token(batch, storage, transaction->token, transaction->digest);
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) {
        if (written.error().code == "TransactionCanceledException") co_return std::unexpected(cancelled(reasons));
        co_return std::unexpected(written.error());
    }
    JsonObject answer;
    const auto capacity = read_return_consumed_capacity(call.body).value_or(ReturnConsumedCapacity::none);
    if (capacity != ReturnConsumedCapacity::none) {
        const auto consumed = repeated ? used_by_reading(service.log().view(), service.storage(), transaction->writes)
                                       : used_by(transaction->writes, judged);
        if (!consumed) co_return std::unexpected(consumed.error());
        append_capacities(answer, *consumed, capacity);
    }
    append_collection_metrics(answer, call.body, transaction->writes);
    co_return answer.take();
}

// ---------------------------------------------------------------------------------------------- TransactGetItems

struct TransactGet {
    std::string table_name;
    dynamodb::Item key;
    dynamodb::Projection projection;
    TablePtr table;
};

Result<TransactGet> read_get(const json::value& value, std::size_t number) {
    const auto* request = value.if_object();
    if (!request) return fail(errors::serialization("Unexpected field type"));
    const auto place = fmt::format("transactItems.{}.member.", number);
    if (auto met = MemberCheck(*request, place).required("Get").met(); !met) return fail(std::move(met.error()));
    const auto get = object_member(*request, "Get");
    if (!get) return fail(get.error());
    if (auto met = MemberCheck(**get, place + "get.").required("Key").table_name().met(); !met)
        return fail(std::move(met.error()));
    auto key = dynamodb::read_item((*get)->at("Key"));
    if (!key) return fail(std::move(key.error()));
    auto projection = read_projection(**get);
    if (!projection) return fail(std::move(projection.error()));
    return TransactGet{
        .table_name = std::string(table_name_of(**get)),
        .key = std::move(*key),
        .projection = std::move(*projection),
        .table = {}
    };
}

std::expected<std::vector<TransactGet>, Refusal> read_gets(const Catalogue& catalogue, const json::object& request) {
    const auto items = transact_items(request, MemberCheck(request));
    if (!items) return std::unexpected(items.error());
    std::vector<TransactGet> gets;
    for (const auto& each : **items) {
        auto get = read_get(each, gets.size() + 1);
        if (!get) return std::unexpected(get.error());
        gets.push_back(std::move(*get));
    }
    Reasons reasons(gets.size());
    std::set<std::string> keys;
    for (std::size_t i = 0; i < gets.size(); ++i) {
        auto table = find_table(catalogue, gets[i].table_name);
        if (!table) return std::unexpected(table.error());
        gets[i].table = std::move(*table);
        if (auto fits = dynamodb::check_key(gets[i].key, gets[i].table->key); !fits) {
            reasons[i] = reason_of(fits.error());
        } else if (!keys.insert(item_key(*gets[i].table, gets[i].key)).second) {
            return std::unexpected(
                errors::validation("Transaction request cannot include multiple operations on one item")
            );
        }
    }
    if (any_reason(reasons)) return std::unexpected(cancelled(std::move(reasons)));
    return gets;
}

Answer transact_get(Service& service, const json::object& request) {
    const auto gets = read_gets(service.catalogue(), request);
    if (!gets) return std::unexpected(gets.error());
    const auto moment = service.log().snapshot();
    std::map<std::string, ConsumedCapacity> consumed;
    Reasons reasons(gets->size());
    std::size_t bytes = 0;
    JsonObject answer;
    std::string responses = "[";
    for (std::size_t i = 0; i < gets->size(); ++i) {
        const auto& get = (*gets)[i];
        const auto stored = find_item(moment, service.storage(), item_key(*get.table, get.key));
        if (!stored) return std::unexpected(stored.error());
        if (i > 0) responses += ',';
        responses += '{';
        std::size_t item_bytes = 0;
        if (*stored) {
            const auto item = (*stored)->item();
            if (!item) return std::unexpected(item.error());
            item_bytes = dynamodb::size_of(*item);
            responses += R"("Item":)";
            dynamodb::append_json(responses, dynamodb::project(get.projection, *item));
        }
        responses += '}';
        bytes += item_bytes;
        if (bytes > transaction_bytes_max) {
            reasons[i] = {
                .code = "ValidationError", .message = "The items of the transaction exceed 4 MB together", .item = {}
            };
        }
        auto& each = consumed[get.table->name];
        each.table = get.table->name;
        each.table_units += read_units(item_bytes, true);
    }
    if (any_reason(reasons)) return std::unexpected(cancelled(std::move(reasons)));
    for (auto& [name, each] : consumed) {
        double_units(each);
        each.read = each.table_units;
    }
    answer.member("Responses") += responses + ']';
    append_capacities(answer, consumed, read_return_consumed_capacity(request).value_or(ReturnConsumedCapacity::none));
    return answer.take();
}

io::Task<Answer> answer_transact_get(Call call) {
    co_return transact_get(call.service, call.body);
}

}  // namespace

void add_transaction_operations(Operations& to) {
    to["TransactGetItems"] = {sigv4::Permission::read, answer_transact_get};
    to["TransactWriteItems"] = {sigv4::Permission::write, answer_transact_write};
}

}  // namespace cloudshelf::tables
