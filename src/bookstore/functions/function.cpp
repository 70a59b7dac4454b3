#include "bookstore/functions/function.hpp"

#include "bookstore/functions/databases.hpp"
#include "bookstore/http_payments.hpp"
#include "bookstore/system_ports.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include <thread>
#include <utility>

namespace cloudshelf::bookstore {

namespace json = boost::json;

namespace {

bool is_warm_up(std::string_view payload) {
    json::error_code bad;
    const auto value = json::parse(json::string_view(payload.data(), payload.size()), bad);
    const auto* object = bad ? nullptr : value.if_object();
    const auto* flag = object == nullptr ? nullptr : object->if_contains("warmup");
    return flag != nullptr && flag->is_bool() && flag->as_bool();
}

HttpPayments::Options processors_of(const FunctionSettings& settings) {
    HttpPayments::Options options;
    if (settings.processors.empty()) return options;
    options.primary = settings.processors.front();
    options.backup = settings.processors.back();
    return options;
}

}  // namespace

struct Function::Impl {
    Impl(Service service_in, FunctionSettings settings_in)
        : service(service_in),
          settings(std::move(settings_in)),
          databases(settings.databases, settings.postgres),
          payments(loop.get_executor(), processors_of(settings)),
          tables(loop.get_executor(), settings.tables),
          passwords({}),
          runner([this] { loop.run(); }) {}
    ~Impl() { loop.stop(); }

    Response answer(const apigateway::Event& event) {
        const auto request = request_of(event);
        if (!request) return refusal(400, "bad-target", "expected a path, with a query if need be");
        if (request->path == "/health") return health();
        if (service_of(request->path) != service) return refusal(404, "not-found", "there is nothing at this path");
        const auto named = event.stage_variables.find(writer_variable);
        auto* const writer =
            named == event.stage_variables.end() ? databases.find_writer() : databases.in_region(named->second);
        PostgresDatabase database(writer, databases.readers());
        Ports ports{
            .database = database,
            .payments = payments,
            .clock = clock,
            .random = random,
            .passwords = passwords,
            .secrets = settings.secrets,
            .carts = tables,
            .sessions = tables,
        };
        auto response = handle(*request, ports);
        if (response.status == 503) databases.look_again();
        return response;
    }

    Response health() {
        const bool answers = databases.ours_answers();
        const json::object body{
            {"status", answers ? "ok" : "failing"},
            {"region", settings.region},
            {"checks", {{"database", answers ? "reachable" : "unreachable"}}},
        };
        return {.status = answers ? 200 : 503, .headers = {}, .body = json::serialize(body)};
    }

    Service service;
    FunctionSettings settings;
    Databases databases;
    boost::asio::io_context loop{1};  // of payments and tables, whose callers block
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy{loop.get_executor()};
    HttpPayments payments;
    TablePorts tables;
    SystemClock clock;
    SystemRandom random;
    Argon2Passwords passwords;
    std::jthread runner;  // last: it uses the others
};

Function::Function(Service service, FunctionSettings settings)
    : impl_(std::make_unique<Impl>(service, std::move(settings))) {}
Function::~Function() = default;

Result<std::string> Function::invoke(std::string_view payload) {
    if (is_warm_up(payload)) {
        impl_->databases.warm();
        return json::serialize(json::object{{"warm", impl_->databases.ours_answers()}});
    }
    const auto event = apigateway::parse_event(payload);
    if (!event) return fail("Function.BadEvent", event.error().message);
    return print(answer_of(impl_->answer(*event)));
}

}  // namespace cloudshelf::bookstore
