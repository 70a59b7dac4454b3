#include "drivers/probe/dns_check.hpp"

#include "base/assert.hpp"
#include "drivers/probe/dns_message.hpp"

#include <algorithm>
#include <cstdint>
#include <sys/random.h>

namespace cloudshelf::probe {

using core::Observation;

namespace {

/// Fetched from the kernel in dozens: a call for each would cost more than the rest of the question.
std::uint16_t unguessable_id() {
    thread_local std::array<std::uint16_t, 64> ids;
    thread_local std::size_t left = 0;
    if (left == 0) {
        CLOUDSHELF_ASSERT(::getrandom(ids.data(), sizeof ids, 0) == static_cast<ssize_t>(sizeof ids));
        left = ids.size();
    }
    return ids[--left];
}

}  // namespace

Result<Script> dns_script(const Target& target) {
    auto question = dns_question(target.dns.name, target.dns.type);
    if (!question) return fail(question.error());
    auto expected = dns_data(target.dns.type, target.dns.expected);
    if (!expected) return fail(expected.error());
    return Script{.type = target.type, .words = std::move(*question), .expected = std::move(*expected)};
}

void DnsConversation::begin(const Script& script) {
    CLOUDSHELF_ASSERT(script.words.size() <= question_bytes_max);
    script_ = &script;
    verdict_ = Observation::not_made;
    rcode_ = 0;
    by_tcp_ = false;
    received_size_ = 0;
    question_[0] = static_cast<char>(script.words.size() >> 8);
    question_[1] = static_cast<char>(script.words.size());
    std::ranges::copy(script.words, question_.begin() + length_bytes);
    const std::uint16_t id = unguessable_id();
    question_[length_bytes] = static_cast<char>(id >> 8);
    question_[length_bytes + 1] = static_cast<char>(id);
}

std::string_view DnsConversation::words() const {
    const std::string_view all(question_.data(), length_bytes + script_->words.size());
    return by_tcp_ ? all : all.substr(length_bytes);
}

Turn DnsConversation::heard(std::string_view bytes) {
    return by_tcp_ ? heard_by_tcp(bytes) : read(bytes);
}

Turn DnsConversation::heard_by_tcp(std::string_view bytes) {
    const std::size_t kept = std::min(bytes.size(), received_.size() - received_size_);
    std::ranges::copy(bytes.substr(0, kept), received_.begin() + static_cast<std::ptrdiff_t>(received_size_));
    received_size_ += kept;
    const std::string_view received(received_.data(), received_size_);
    if (received.size() < length_bytes) return Turn::listen;
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(received[0])) << 8 |
                        static_cast<unsigned char>(received[1]);
    verdict_ = Observation::bad_answer;
    if (length > tcp_answer_bytes_max) return Turn::over;
    if (received.size() < length_bytes + length) return Turn::listen;
    return read(received.substr(length_bytes, length));
}

Turn DnsConversation::read(std::string_view answer) {
    const std::string_view asked(question_.data() + length_bytes, script_->words.size());
    const DnsReading reading = read_dns_answer(asked, answer, script_->expected);
    rcode_ = reading.rcode;
    switch (reading.says) {
        case DnsReading::Says::not_ours:
            if (!by_tcp_) return Turn::listen;
            verdict_ = Observation::bad_answer;
            break;
        case DnsReading::Says::truncated:
            verdict_ = Observation::bad_answer;
            if (by_tcp_) break;
            by_tcp_ = true;
            return Turn::use_tcp;
        case DnsReading::Says::malformed:
            verdict_ = Observation::bad_answer;
            break;
        case DnsReading::Says::error:
            verdict_ = Observation::bad_status;
            break;
        case DnsReading::Says::other:
            verdict_ = Observation::search_missing;
            break;
        case DnsReading::Says::wanted:
            verdict_ = Observation::passed;
            break;
    }
    return Turn::over;
}

}  // namespace cloudshelf::probe
