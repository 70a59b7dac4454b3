#pragma once

#include "base/result.hpp"
#include "region/gateway/function_calls.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::region {

/// What a gateway is told when it starts: a JSON file, described in the README of this folder.
struct GatewayConfig {
    struct Server {
        std::string region;
        std::string host;
        std::uint16_t port = 5432;
        std::string certificate_name;   // expected in its certificate; empty: no TLS
        std::filesystem::path ca_file;  // who must have signed it
    };
    struct Tables {
        std::string region;
        std::string address;  // "127.1.0.1:8000"
    };
    std::string region;
    std::string listen;
    std::filesystem::path lease_page;
    std::vector<Server> databases;  // one of them in `region`
    std::string database_name = "bookstore";
    std::string database_user = "bookstore";
    std::filesystem::path password_file;  // empty: no password
    std::vector<std::string> processors;  // the primary one, then the backup
    std::vector<Tables> tables;           // carts and sessions; one of them in `region`; none: there are no carts
    std::filesystem::path tables_credentials_file;
    std::string functions_address;  // of a Lambda host; empty: our own process answers everything
    std::filesystem::path functions_credentials_file;
    std::vector<FunctionRoute> function_routes;
    std::filesystem::path session_key_file;
    unsigned workers = 24;  // threads for writes
    bool access_log = true;
    std::uint32_t password_memory_kib = 8 << 10;
    std::uint32_t password_passes = 1;
};

/// Errors: "gateway.bad-config", naming the member and what was expected there.
Result<GatewayConfig> parse_gateway_config(std::string_view text);

}  // namespace cloudshelf::region
