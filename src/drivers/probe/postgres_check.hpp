#pragma once

#include "base/result.hpp"
#include "drivers/probe/conversation.hpp"
#include "drivers/probe/target.hpp"

#include <array>
#include <cstddef>

namespace cloudshelf::probe {

/// The hello of PostgreSQL's protocol 3.0 (documentation of version 15, §55.2 "Message Flow", §55.7 "Message Formats").
/// Errors: "probe.bad-target".
Result<Script> postgres_script(const Target& target);

/// Whether a server accepts connections, as pg_isready means it: it asks for a password, says that it is ready, or
/// refuses us for a reason of its own. Only "the database system is starting up", "shutting down" and "in recovery"
/// (57P03) are no. Nobody signs in.
class PostgresConversation : public Conversation {
public:
    static constexpr std::size_t message_bytes_max = 4 << 10;
    static constexpr std::size_t all_bytes_max = 32 << 10;

    void begin(const Script& script) override;
    std::string_view words() const override;
    Turn heard(std::string_view bytes) override;
    void ended() override { verdict_ = core::Observation::closed; }
    core::Observation verdict() const override { return verdict_; }
    bool answering() const override { return stage_ > Stage::greeted; }

private:
    enum class Stage { asked_for_tls, greeted, signed_in };

    Turn over(core::Observation verdict);
    Turn heard_about_tls(std::string_view bytes);
    Turn read_messages();
    Turn read(char type, std::string_view body);

    const Script* script_ = nullptr;
    core::Observation verdict_{};
    Stage stage_{};
    std::size_t seen_ = 0;
    std::size_t size_ = 0;  // of a message that has not come whole yet
    std::array<char, message_bytes_max> message_;
};

}  // namespace cloudshelf::probe
