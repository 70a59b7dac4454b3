#pragma once

#include "base/time.hpp"
#include "core/health_check.hpp"
#include "io/http.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace cloudshelf::probe {

/// How long each part of a look may take.
struct Limits {
    Duration connect{};  // until the connection stands
    Duration status{};   // from then, until the answer is under way: TLS, status line and headers; over UDP, all of it
    Duration body{};     // from then, until as much of the rest as is wanted is there
    friend bool operator==(const Limits&, const Limits&) = default;
};
/// Route 53's: 4 s, 2 s and 2 s; TCP checks have 10 s to connect (Developer Guide, as in core/health_check.hpp). Ours
/// where Route 53 has no such check: the same, and 4 s for a function, which may have to start first.
Limits default_limits(core::CheckType type);

/// A fresh connection for each look is what Route 53 makes and what proves most; a kept one costs far less. Only HTTP,
/// HTTPS and function checks keep theirs.
enum class Connections { fresh, kept };

/// Whether the look goes through TLS (1.2 or 1.3). HTTPS always does; the others may be asked to.
enum class Secured : bool { no, yes };

/// RFC 1035 §3.2.2, RFC 3596.
enum class DnsType : std::uint16_t { a = 1, soa = 6, txt = 16, aaaa = 28 };

struct DnsQuestion {
    std::string name;  // "api.example.com", the last dot may be left out
    DnsType type = DnsType::a;
    /// What one of the records has to say: an address, the text (its pieces joined), the SOA's serial. Empty: any.
    std::string expected;
};

/// Who says hello; nobody has to exist, since nobody signs in.
struct PostgresLogin {
    std::string user = "cloudshelf_probe";
    std::string database = "postgres";
};

struct FunctionCall {
    std::string name;            // "cloudshelf-auth", "cloudshelf-auth:live": as in the Invoke call of Lambda
    std::string payload = "{}";  // JSON; invoking with it often, and at times twice, has to do no harm
};

/// What is looked at. A literal address: whoever resolves names has also to check where they lead.
struct Target {
    core::CheckType type = core::CheckType::http;  // any that is probed
    io::Endpoint endpoint;
    std::string host;  // for the Host header, SNI and a verified certificate; empty: the address, and no SNI
    std::string path = "/";
    std::string search;
    Connections connections = Connections::fresh;
    std::optional<Limits> limits;   // unset: default_limits()
    Secured secured = Secured::no;  // function, postgres
    std::filesystem::path ca_file;  // under TLS: certificates are verified against it; empty: not, as with Route 53
    DnsQuestion dns;
    PostgresLogin postgres;
    FunctionCall function;
};

}  // namespace cloudshelf::probe
