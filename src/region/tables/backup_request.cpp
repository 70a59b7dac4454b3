#include "region/tables/backup_request.hpp"

#include "wire/dynamodb/errors.hpp"

#include <fmt/format.h>

namespace cloudshelf::tables {

namespace errors = dynamodb::errors;
namespace json = boost::json;

double seconds(std::int64_t milliseconds) {
    return static_cast<double>(milliseconds) / 1000;
}

json::array key_schema(const dynamodb::KeySchema& key) {
    json::array schema{json::object{{"AttributeName", key.hash.name}, {"KeyType", "HASH"}}};
    if (key.sort) schema.push_back(json::object{{"AttributeName", key.sort->name}, {"KeyType", "RANGE"}});
    return schema;
}

json::object throughput(std::int64_t read, std::int64_t write) {
    return {{"ReadCapacityUnits", read}, {"WriteCapacityUnits", write}};
}

Error no_backup(std::string_view arn) {
    return {.code = "BackupNotFoundException", .message = fmt::format("Backup not found: {}", arn)};
}

Error no_table(std::string_view name) {
    return {.code = "TableNotFoundException", .message = fmt::format("Table not found: {}", name)};
}

Error told(const Error& error, std::string_view arn) {
    if (error.code == "backup.not-found") return no_backup(arn);
    if (error.code.starts_with("backup.") || error.code.starts_with("io.")) return errors::internal(error.message);
    return error;
}

}  // namespace cloudshelf::tables
