#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/sigv4/credentials.hpp"

#include <boost/json/object.hpp>

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::tables {

class Service;

/// Why a request was not carried out, with what some errors carry besides.
struct Refusal {
    Error error;
    std::optional<dynamodb::Item> item;                 // ReturnValuesOnConditionCheckFailure
    std::vector<dynamodb::CancellationReason> reasons;  // of a transaction

    Refusal(Error from) : error(std::move(from)) {}
    std::string body() const;
};

/// The JSON of a 200, or why not. `return std::unexpected(error)` works for an Error.
using Answer = std::expected<std::string, Refusal>;

/// One request, its signature checked, its operation known.
struct Call {
    Service& service;
    const boost::json::object& body;  // lives until the answer
    const sigv4::Credentials& caller;
};

using Handler = std::function<io::Task<Answer>(Call call)>;

struct Operation {
    sigv4::Permission permission = sigv4::Permission::read;
    Handler handler;
};

/// By name as in X-Amz-Target, after the dot: "PutItem". Those of streams, and ours, have a prefix of their own, but no
/// name twice.
using Operations = std::map<std::string, Operation, std::less<>>;

// Each in the file of that name.
void add_control_operations(Operations& to);      // control_operations.cpp: tables, tags, limits, endpoints
void add_item_operations(Operations& to);         // item_operations.cpp: Put, Get, Update, Delete
void add_batch_operations(Operations& to);        // batch_operations.cpp
void add_transaction_operations(Operations& to);  // transaction_operations.cpp
void add_query_operations(Operations& to);        // query_operations.cpp: Query, Scan
void add_ttl_operations(Operations& to);          // ttl_operations.cpp
void add_stream_operations(Operations& to);       // stream_operations.cpp
void add_global_operations(Operations& to);       // global_operations.cpp: global tables, version 2017.11.29
void add_conflict_operations(Operations& to);     // conflict_operations.cpp: ListConflicts, which is ours
void add_backup_operations(Operations& to);       // backup_operations.cpp
void add_recovery_operations(Operations& to);     // recovery_operations.cpp: to a point in time
Operations all_operations();

}  // namespace cloudshelf::tables
