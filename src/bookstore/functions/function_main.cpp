// bookstore-function SERVICE: one of the bookstore's functions, on Lambda's runtime API.
#include "bookstore/functions/function.hpp"
#include "bookstore/runtime/runtime.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    using namespace cloudshelf;
    const std::string name = argc == 2 ? argv[1] : "";
    if (name == "--help") {
        fmt::print(
            "usage: bookstore-function catalog|cart|auth|payments\n"
            "Serves one part of the bookstore to a Lambda host, which sets AWS_LAMBDA_RUNTIME_API.\n"
            "Its settings are environment variables: src/bookstore/functions/README.md.\n"
        );
        return 0;
    }
    const auto service = bookstore::service_named(name);
    if (!service) {
        fmt::print(stderr, "bookstore-function: \"{}\": expected catalog, cart, auth or payments\n", name);
        return 64;
    }
    const auto host = runtime::host_from_environment();
    if (!host) {
        fmt::print(stderr, "bookstore-function: {}\n", host.error().message);
        return 64;
    }
    std::signal(SIGPIPE, SIG_IGN);
    auto settings = bookstore::read_settings(bookstore::environment_variable);
    if (!settings) {
        fmt::print(stderr, "bookstore-function: {}\n", settings.error().message);
        runtime::report_init_error({.host = *host}, settings.error());
        return 78;
    }
    if (const auto kept = bookstore::keep_authority(*settings); !kept) {
        runtime::report_init_error({.host = *host}, kept.error());
        return 78;
    }
    bookstore::Function function(*service, std::move(*settings));
    return runtime::serve({.host = *host}, [&](const runtime::Invocation& invocation) {
        return function.invoke(invocation.payload);
    });
}
