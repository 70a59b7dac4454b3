#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

#include <boost/json/value.hpp>

#include <string>

namespace cloudshelf::twin {

/// A process of ours, and as whom we call it.
struct Callee {
    io::Endpoint endpoint;
    std::string name;     // in its certificate; empty: called plainly, as customers call a gateway
    io::TlsIdentity own;  // the caller's
};

struct Call {
    Callee to;
    std::string method = "GET";
    std::string target;
    std::string token;        // sent as a bearer token when not empty
    boost::json::value body;  // null: none
    Duration limit = std::chrono::seconds(5);
};

/// One HTTP call of a command to a process of ours, waiting for the answer. Errors: the io client's; for an answer of
/// 400 and above the error that its body names ("stale-epoch", …), or "http.<status>"; "tls.files".
Result<boost::json::value> call(Call request);
/// The same for an answer that is no JSON.
Result<std::string> call_for_text(Call request);

}  // namespace cloudshelf::twin
