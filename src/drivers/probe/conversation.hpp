#pragma once

#include "core/health_check.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace cloudshelf::probe {

/// What is said to a target and what is expected of it: worked out once, when the target is added.
struct Script {
    core::CheckType type{};
    std::string words;            // said first
    std::string words_secured;    // postgres: said once TLS stands
    std::string expected;         // http: the text to search for; dns: the data of a record
    std::size_t body_wanted = 0;  // http: bytes of the body
};

/// What the prober is to do next.
enum class Turn {
    listen,   // for more
    secure,   // begin TLS, then say words()
    use_tcp,  // instead of UDP, and say words()
    over,     // verdict() stands
};

/// One kind of check: what to say and what the answers mean. Bytes in, bytes out; connections, TLS and limits of time
/// are the prober's. One object serves one look after the other and so allocates nothing.
class Conversation {
public:
    virtual ~Conversation() = default;

    /// A new look, or the same one over another connection. The script outlives it.
    virtual void begin(const Script& script) = 0;
    /// What is to be said now.
    virtual std::string_view words() const = 0;
    /// Takes what arrived: any part of a stream, or one datagram. Not after Turn::over.
    virtual Turn heard(std::string_view bytes) = 0;
    /// The other side has ended the stream.
    virtual void ended() = 0;
    /// After Turn::over, or ended().
    virtual core::Observation verdict() const = 0;

    /// The answer is under way: what is left of it has the limit of a body.
    virtual bool answering() const { return false; }
    /// "This connection was idle for too long", said before our words came.
    virtual bool was_idle() const { return false; }
    /// The connection may carry another look.
    virtual bool reusable() const { return false; }
    /// HTTP's status, DNS's RCODE; 0 where none came.
    virtual int status() const { return 0; }
};

}  // namespace cloudshelf::probe
