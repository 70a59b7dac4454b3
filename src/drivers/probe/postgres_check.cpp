#include "drivers/probe/postgres_check.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace cloudshelf::probe {

using core::Observation;

namespace {

constexpr std::uint32_t protocol_3_0 = 3 << 16;
constexpr std::uint32_t request_for_tls = 1234 << 16 | 5679;
constexpr std::size_t head_bytes = 5;  // type and length
constexpr std::string_view cannot_connect_now = "57P03";

std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
}
std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

/// The first message has no type; its length counts itself.
std::string first_message(std::uint32_t code, const std::string& body) {
    return big_endian(static_cast<std::uint32_t>(8 + body.size())) + big_endian(code) + body;
}

/// The SQLSTATE of an ErrorResponse, whose fields are a letter and a text each; empty when this is none.
std::string_view sqlstate(std::string_view fields) {
    std::string_view found;
    while (!fields.empty() && fields.front() != '\0') {
        const std::size_t end = fields.find('\0');
        if (end == std::string_view::npos) return {};
        if (fields.front() == 'C') found = fields.substr(1, end - 1);
        fields.remove_prefix(end + 1);
    }
    return fields.size() == 1 && found.size() == 5 ? found : std::string_view();
}

bool is_text(const std::string& text) {
    return !text.empty() && text.size() <= 63 && text.find('\0') == std::string::npos;  // NAMEDATALEN
}

}  // namespace

Result<Script> postgres_script(const Target& target) {
    const auto& [user, database] = target.postgres;
    if (!is_text(user) || !is_text(database))
        return fail("probe.bad-target", "the names of user and database have 1 to 63 bytes each");
    std::string parameters;
    for (const std::string& text : {std::string("user"), user, std::string("database"), database}) {
        parameters += text;
        parameters += '\0';
    }
    parameters += '\0';
    std::string hello = first_message(protocol_3_0, parameters);
    if (target.secured == Secured::no) return Script{.type = target.type, .words = std::move(hello)};
    return Script{.type = target.type, .words = first_message(request_for_tls, ""), .words_secured = std::move(hello)};
}

void PostgresConversation::begin(const Script& script) {
    script_ = &script;
    verdict_ = Observation::not_made;
    stage_ = script.words_secured.empty() ? Stage::greeted : Stage::asked_for_tls;
    seen_ = size_ = 0;
}

std::string_view PostgresConversation::words() const {
    const bool secured = stage_ == Stage::greeted && !script_->words_secured.empty();
    return secured ? script_->words_secured : script_->words;
}

Turn PostgresConversation::over(Observation verdict) {
    verdict_ = verdict;
    return Turn::over;
}

Turn PostgresConversation::heard(std::string_view bytes) {
    seen_ += bytes.size();
    if (seen_ > all_bytes_max) return over(Observation::bad_answer);
    if (stage_ == Stage::asked_for_tls && bytes.front() != 'E') return heard_about_tls(bytes);
    if (stage_ == Stage::asked_for_tls) stage_ = Stage::greeted;  // an error before any TLS: judged like any other
    while (!bytes.empty()) {
        const std::size_t taken = std::min(bytes.size(), message_.size() - size_);
        std::ranges::copy(bytes.substr(0, taken), message_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += taken;
        bytes.remove_prefix(taken);
        if (read_messages() == Turn::over) return Turn::over;
    }
    return Turn::listen;
}

/// "S" or "N", and nothing after it: what came in the clear must not be taken for what comes under TLS
/// (CVE-2021-23222).
Turn PostgresConversation::heard_about_tls(std::string_view bytes) {
    if (bytes == "N") return over(Observation::tls_failed);
    if (bytes != "S") return over(Observation::bad_answer);
    stage_ = Stage::greeted;
    return Turn::secure;
}

Turn PostgresConversation::read_messages() {
    std::string_view rest(message_.data(), size_);
    while (!rest.empty()) {
        const std::string_view known = stage_ == Stage::greeted ? "REvN" : "SKNZE";
        if (!known.contains(rest.front())) return over(Observation::bad_answer);
        if (rest.size() < head_bytes) break;
        const std::uint32_t length = number(rest.substr(1));  // counts itself, not the type
        if (length < 4 || length > message_.size() - 1) return over(Observation::bad_answer);
        if (rest.size() < 1 + length) break;
        if (read(rest.front(), rest.substr(head_bytes, length - 4)) == Turn::over) return Turn::over;
        rest.remove_prefix(1 + length);
    }
    size_ = rest.size();
    std::memmove(message_.data(), rest.data(), size_);
    return Turn::listen;
}

Turn PostgresConversation::read(char type, std::string_view body) {
    if (type == 'E') {
        const std::string_view state = sqlstate(body);
        if (state.empty()) return over(Observation::bad_answer);
        return over(state == cannot_connect_now ? Observation::not_accepting : Observation::passed);
    }
    if (type == 'Z') return over(body.size() == 1 ? Observation::passed : Observation::bad_answer);
    if (type != 'R') return Turn::listen;
    const std::uint32_t request = number(body);
    // Kerberos V5 (2) to SASL (10); what would come later in a conversation is no beginning.
    if (body.size() < 4 || request > 10) return over(Observation::bad_answer);
    if (request != 0) return over(Observation::passed);
    stage_ = Stage::signed_in;  // it trusts us: who is ready says so
    return Turn::listen;
}

}  // namespace cloudshelf::probe
