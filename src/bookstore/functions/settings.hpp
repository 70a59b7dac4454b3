#pragma once

#include "base/result.hpp"
#include "bookstore/ports.hpp"
#include "bookstore/postgres_database.hpp"
#include "bookstore/tables/table_ports.hpp"
#include "io/http.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::bookstore {

/// What a function's configuration says, as environment variables: Lambda has nothing else. See README.md.
struct FunctionSettings {
    std::string region;
    std::vector<PostgresServer> databases;  // ours first
    PostgresOptions postgres;
    std::string database_authority;        // PEM: who must have signed the certificates of `databases`
    std::vector<io::Endpoint> processors;  // the primary one, then the backup; may be none
    TablePorts::Options tables;
    Secrets secrets;
};

/// The value of a variable, or nothing.
using Variables = std::function<std::optional<std::string>(const char* name)>;
std::optional<std::string> environment_variable(const char* name);

/// Errors: "Settings.Missing", "Settings.Wrong", naming the variable; never the value of a secret.
Result<FunctionSettings> read_settings(const Variables& variables);

/// libpq reads who signed a server's certificate from a file: the one that `databases` name from here on, in the
/// environment's own temporary folder. Errors: io's.
Result<void> keep_authority(FunctionSettings& settings);

}  // namespace cloudshelf::bookstore
