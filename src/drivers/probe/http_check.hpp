#pragma once

#include "base/result.hpp"
#include "drivers/probe/conversation.hpp"
#include "drivers/probe/http_answer.hpp"
#include "drivers/probe/target.hpp"

namespace cloudshelf::probe {

/// GET of a path. Errors: "probe.bad-target".
Result<Script> http_script(const Target& target);
/// The Invoke call of Lambda (API reference, "Invoke"): POST of the payload, waiting for the function's answer. Not
/// signed. Errors: "probe.bad-target".
Result<Script> function_script(const Target& target);

/// Of http, https and function checks.
class HttpConversation : public Conversation {
public:
    void begin(const Script& script) override;
    std::string_view words() const override { return script_->words; }
    Turn heard(std::string_view bytes) override;
    void ended() override;
    core::Observation verdict() const override { return verdict_; }
    bool answering() const override { return answer_.head_done(); }
    /// RFC 9110 §15.5.9.
    bool was_idle() const override { return answer_.status() == 408; }
    bool reusable() const override { return answer_.reusable(); }
    int status() const override { return status_; }

private:
    void judge();

    const Script* script_ = nullptr;
    core::Observation verdict_{};
    int status_ = 0;
    HttpAnswer answer_;
};

}  // namespace cloudshelf::probe
