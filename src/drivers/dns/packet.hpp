#pragma once

#include "base/result.hpp"
#include "drivers/dns/dns.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cloudshelf::dns {

using Bytes = std::vector<std::uint8_t>;

/// A question for one name and type (RFC 1035), with a random id and no recursion desired.
Result<Bytes> question(const std::string& name, const std::string& type);

/// An update with its prerequisite, signed. `mac` receives the request's MAC, which the answer's signature covers.
struct SignedUpdate {
    Bytes wire;
    std::string mac;  // as in the record: its length, then its bytes
};
Result<SignedUpdate> update(
    const Server& server, Version expected, Version next, const std::vector<RecordSet>& records
);

/// What an answer to `asked` says: RCODE, the values and TTL of the wanted type. Errors: "dns.bad-answer" for anything
/// that is no answer to it (wrong id, a question, another name, not parseable), which is to be ignored.
struct Parsed {
    int rcode = 0;
    bool truncated = false;
    Answer answer;
};
Result<Parsed> parse_answer(const Bytes& asked, const Bytes& received, const std::string& type);

/// A value as the server will give it back: "127.0.0.1", "host.example.com.". Errors: "dns.bad-record".
Result<std::string> canonical_value(const RecordSet& set, const std::string& value);

/// Whether the answer to a signed update carries the server's signature.
bool is_signed_by(const Bytes& received, const Server& server, const std::string& request_mac);

}  // namespace cloudshelf::dns
