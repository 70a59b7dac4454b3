#pragma once

#include "base/result.hpp"
#include "drivers/probe/conversation.hpp"
#include "drivers/probe/target.hpp"

#include <array>
#include <cstddef>

namespace cloudshelf::probe {

/// One question, by UDP, and by TCP where the answer was truncated. Errors: "probe.bad-target".
Result<Script> dns_script(const Target& target);

/// Each look has an id of its own that nobody can guess; the port is the prober's to choose.
class DnsConversation : public Conversation {
public:
    static constexpr std::size_t tcp_answer_bytes_max = 8 << 10;

    void begin(const Script& script) override;
    std::string_view words() const override;
    Turn heard(std::string_view bytes) override;
    void ended() override { verdict_ = core::Observation::closed; }
    core::Observation verdict() const override { return verdict_; }
    bool answering() const override { return received_size_ > 0; }
    int status() const override { return rcode_; }

private:
    static constexpr std::size_t length_bytes = 2;  // over TCP each message has its length before it
    static constexpr std::size_t question_bytes_max = 12 + 255 + 4;

    Turn read(std::string_view answer);
    Turn heard_by_tcp(std::string_view bytes);

    const Script* script_ = nullptr;
    core::Observation verdict_{};
    int rcode_ = 0;
    bool by_tcp_ = false;
    std::size_t received_size_ = 0;  // over TCP
    std::array<char, length_bytes + question_bytes_max> question_;
    std::array<char, length_bytes + tcp_answer_bytes_max> received_;
};

}  // namespace cloudshelf::probe
