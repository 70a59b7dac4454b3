#pragma once

#include "bookstore/functions/contract.hpp"
#include "bookstore/functions/settings.hpp"
#include "bookstore/handlers.hpp"
#include "wire/apigateway/event.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::bookstore {

/// The parts of the bookstore that are functions of their own.
enum class Service { catalog, cart, auth, payments };
/// "catalog", …; nothing for another name.
std::optional<Service> service_named(std::string_view name);
/// Whose request it is, by its path; nothing where nobody answers it.
std::optional<Service> service_of(std::string_view path);

/// Nothing when its path or query cannot be decoded.
std::optional<Request> request_of(const apigateway::Event& event);
apigateway::Answer answer_of(Response response);

/// One environment of a function: its connections, kept from one invocation to the next. Blocks.
class Function {
public:
    Function(Service service, FunctionSettings settings);
    ~Function();
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;

    /// An event of API Gateway, or `{"warmup": true}`, which opens what a first customer would wait for. Errors:
    /// "Function.BadEvent".
    Result<std::string> invoke(std::string_view payload);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::bookstore
