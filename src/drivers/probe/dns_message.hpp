#pragma once

#include "base/result.hpp"
#include "drivers/probe/target.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace cloudshelf::probe {

/// A question as it goes over the wire (RFC 1035 §4.1), recursion desired, with id 0 in its first two bytes. Errors:
/// "probe.bad-target".
Result<std::string> dns_question(const std::string& name, DnsType type);

/// The part of a record's data that `text` is about, as it is on the wire: the address, the text itself, the serial.
/// Errors: "probe.bad-target".
Result<std::string> dns_data(DnsType type, const std::string& text);

struct DnsReading {
    enum class Says {
        not_ours,   // another id or question, or no answer at all: to be ignored, whoever sent it
        truncated,  // ask again over TCP
        malformed,
        error,   // an RCODE that is not NOERROR
        other,   // no record of the type asked for, or none with the data expected
        wanted,  // at least one such record
    };
    Says says{};
    int rcode = 0;
};

/// Reads an answer in place. `asked`: the question, with the id it was sent with. `expected`: as dns_data() made it;
/// empty: any record will do. Only records of the name asked for count, or of what it is a CNAME for, where the CNAMEs
/// come in their order. Never reads outside of `received`, and ends after as many steps as it has bytes, times 64.
DnsReading read_dns_answer(std::string_view asked, std::string_view received, std::string_view expected);

}  // namespace cloudshelf::probe
