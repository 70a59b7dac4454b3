#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "io/task.hpp"
#include "wire/lambda/errors.hpp"
#include "wire/lambda/operation.hpp"
#include "wire/sigv4/credentials.hpp"

#include <boost/json/object.hpp>

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

class Service;

/// Why a request was not carried out.
struct Refusal {
    Error error;
    lambda::Throttled throttled = lambda::Throttled::not_at_all;

    Refusal(Error from) : error(std::move(from)) {}
    Refusal(Error from, lambda::Throttled why) : error(std::move(from)), throttled(why) {}
};

/// What a request is answered with, or why not. `return std::unexpected(error)` works for an Error.
using Answer = std::expected<io::HttpResponse, Refusal>;

/// One request, its signature checked, its operation known. All of it lives until the answer.
struct Call {
    Service& service;
    const lambda::Target& target;
    const io::HttpRequest& request;
    const boost::json::object& body;  // empty where the operation has none
    const sigv4::Credentials& caller;
    const std::string& request_id;
};

using Handler = std::function<io::Task<Answer>(Call call)>;

enum class Body : bool { json, raw };

struct Operation {
    sigv4::Permission permission = sigv4::Permission::read;
    Handler handler;
    Body body = Body::json;
    std::size_t body_bytes_max = 6 << 20;
};

/// By name as in Lambda's API: "CreateFunction".
using Operations = std::map<std::string, Operation, std::less<>>;

// Each in the file of that name.
void add_function_operations(Operations& to);     // function_operations.cpp: get, list, configure, delete
void add_code_operations(Operations& to);         // code_operations.cpp: create, new code
void add_version_operations(Operations& to);      // version_operations.cpp
void add_alias_operations(Operations& to);        // alias_operations.cpp
void add_invoke_operations(Operations& to);       // invoke_operations.cpp
void add_concurrency_operations(Operations& to);  // concurrency_operations.cpp: reserved and provisioned
void add_event_operations(Operations& to);        // event_operations.cpp: how events are retried
void add_mapping_operations(Operations& to);      // mapping_operations.cpp: functions that get a stream's records
void add_permission_operations(Operations& to);   // permission_operations.cpp
void add_tag_operations(Operations& to);          // tag_operations.cpp
Operations all_operations();

}  // namespace cloudshelf::functions
