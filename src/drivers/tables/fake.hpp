#pragma once

#include "io/http.hpp"
#include "wire/dynamodb/json.hpp"

#include <boost/json.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace cloudshelf::tables_client {

/// As much of the DynamoDB API as this folder's contract names, in memory, for tests of what stands on the client: it
/// takes the answers' place behind HTTP. Expressions: "SET a = :x[, b = :y]", "attribute_exists(a)",
/// "attribute_not_exists(a)" and "key = :v".
class FakeTables {
public:
    bool refuse_all = false;  // 503 to everything
    std::size_t page_size = 2;

    io::HttpResponse answer(const io::HttpRequest& request) {
        if (refuse_all) return error(503, "ServiceUnavailable", "away");
        if (!request.header("Authorization").starts_with("AWS4-HMAC-SHA256 Credential=")) {
            return error(400, "MissingAuthenticationTokenException", "Missing Authentication Token");
        }
        const auto target = request.header("X-Amz-Target");
        const std::string_view operation = target.substr(target.find('.') + 1);
        const auto body = boost::json::parse(request.body).as_object();
        const std::string name(body.at("TableName").as_string());
        if (operation == "CreateTable") return create(name, body);
        const auto found = tables_.find(name);
        if (found == tables_.end()) return error(400, "ResourceNotFoundException", "Requested resource not found");
        Table& table = found->second;
        if (operation == "DescribeTable") return describe(name, table);
        if (operation == "UpdateTable") {
            const auto& change = body.at("ReplicaUpdates").at(0).at("Create");
            table.replicas.insert(std::string(change.at("RegionName").as_string()));
            return describe(name, table);
        }
        if (operation == "DescribeTimeToLive") {
            const char* const status = table.expires ? "ENABLED" : "DISABLED";
            return ok({{"TimeToLiveDescription", {{"TimeToLiveStatus", status}}}});
        }
        if (operation == "UpdateTimeToLive") {
            table.expires = true;
            return ok({});
        }
        if (operation == "Query" || operation == "Scan") return list(table, body);
        return one(table, operation, body);
    }

private:
    struct Table {
        std::string partition_key;
        std::string sort_key;
        std::map<std::pair<std::string, std::string>, boost::json::object> items;
        std::set<std::string> replicas;
        bool expires = false;
    };

    static io::HttpResponse ok(const boost::json::object& body) {
        return io::HttpResponse::json(200, boost::json::serialize(body));
    }
    static io::HttpResponse error(int status, std::string_view name, std::string_view message) {
        const boost::json::object body{
            {"__type", "com.amazonaws.dynamodb.v20120810#" + std::string(name)}, {"message", message}
        };
        return io::HttpResponse::json(status, boost::json::serialize(body));
    }
    static std::string text(const boost::json::object& item, const std::string& name) {
        return name.empty() ? "" : std::string(item.at(name).at("S").as_string());
    }

    io::HttpResponse create(const std::string& name, const boost::json::object& body) {
        if (tables_.contains(name)) return error(400, "ResourceInUseException", "Table already exists: " + name);
        Table table;
        for (const auto& key : body.at("KeySchema").as_array()) {
            const bool hash = key.at("KeyType") == "HASH";
            (hash ? table.partition_key : table.sort_key) = std::string(key.at("AttributeName").as_string());
        }
        return describe(name, tables_[name] = std::move(table));
    }
    static io::HttpResponse describe(const std::string& name, const Table& table) {
        boost::json::array replicas;
        for (const auto& region : table.replicas) replicas.push_back({{"RegionName", region}});
        return ok(
            {{"Table",
              {{"TableName", name},
               {"TableStatus", "ACTIVE"},
               {"ItemCount", table.items.size()},
               {"Replicas", std::move(replicas)}}}}
        );
    }
    io::HttpResponse list(const Table& table, const boost::json::object& body) const {
        boost::json::array page;
        const auto* values = body.if_contains("ExpressionAttributeValues");
        const auto* after = body.if_contains("ExclusiveStartKey");
        boost::json::object answer;
        for (const auto& [key, item] : table.items) {
            if (values != nullptr && key.first != values->as_object().begin()->value().at("S").as_string()) continue;
            if (after != nullptr && key <= key_of(table, after->as_object())) continue;
            if (page.size() == page_size) {
                answer["LastEvaluatedKey"] = key_item(table, page.back().as_object());
                break;
            }
            page.push_back(item);
        }
        answer["Count"] = page.size();
        if (!body.contains("Select")) answer["Items"] = std::move(page);
        return ok(answer);
    }
    io::HttpResponse one(Table& table, std::string_view operation, const boost::json::object& body) {
        const auto& given = body.at(operation == "PutItem" ? "Item" : "Key").as_object();
        const auto key = key_of(table, given);
        const auto found = table.items.find(key);
        const bool exists = found != table.items.end();
        if (operation == "GetItem")
            return ok(exists ? boost::json::object{{"Item", found->second}} : boost::json::object{});
        if (const auto* condition = body.if_contains("ConditionExpression")) {
            const bool wants_it = !condition->as_string().starts_with("attribute_not_exists(");
            if (wants_it != exists) {
                return error(400, "ConditionalCheckFailedException", "The conditional request failed");
            }
        }
        if (operation == "DeleteItem") {
            table.items.erase(key);
            return ok({});
        }
        if (operation == "PutItem") {
            table.items[key] = given;
            return ok({});
        }
        auto& item = table.items[key];
        for (const auto& member : given) item[member.key()] = member.value();
        auto rest = std::string(body.at("UpdateExpression").as_string()).substr(4);
        while (!rest.empty()) {
            const auto clause = rest.substr(0, rest.find(','));
            rest.erase(0, std::min(rest.size(), clause.size() + 1));
            const auto from = clause.find_first_not_of(' ');
            const auto name = clause.substr(from, clause.find(' ', from) - from);
            item[name] = body.at("ExpressionAttributeValues").at(clause.substr(clause.find(':')));
        }
        return ok({{"Attributes", item}});
    }
    static std::pair<std::string, std::string> key_of(const Table& table, const boost::json::object& item) {
        return {text(item, table.partition_key), text(item, table.sort_key)};
    }
    static boost::json::object key_item(const Table& table, const boost::json::object& item) {
        boost::json::object key{{table.partition_key, item.at(table.partition_key)}};
        if (!table.sort_key.empty()) key[table.sort_key] = item.at(table.sort_key);
        return key;
    }

    std::map<std::string, Table> tables_;
};

}  // namespace cloudshelf::tables_client
