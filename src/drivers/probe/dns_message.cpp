#include "drivers/probe/dns_message.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace cloudshelf::probe {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t name_bytes_max = 255;
constexpr int pointers_max = 64;  // more than any server makes: names are compressed once
constexpr unsigned type_cname = 5;
constexpr unsigned class_in = 1;

std::unexpected<Error> bad(std::string why) {
    return fail("probe.bad-target", std::move(why));
}

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}
unsigned number_at(std::string_view bytes, std::size_t at) {
    return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool same_letters(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](char a, char b) { return lower(a) == lower(b); });
}

/// A name's labels one by one, through its pointers. Each of them has to lead backwards (RFC 1035 §4.1.4 speaks of a
/// prior occurrence), so that the walk ends.
class Labels {
public:
    Labels(std::string_view packet, std::size_t at) : packet_(packet), at_(at), lowest_(at) {}

    /// The next label, an empty one at the end; nothing when this is no name.
    std::optional<std::string_view> next() {
        while (at_ < packet_.size()) {
            const unsigned length = byte_at(packet_, at_);
            if (length <= label_bytes_max) return label(length);
            if (length < 0xc0 || at_ + 2 > packet_.size() || ++pointers_ > pointers_max) return std::nullopt;
            const std::size_t to = number_at(packet_, at_) & 0x3fff;
            if (to >= lowest_) return std::nullopt;
            at_ = lowest_ = to;
        }
        return std::nullopt;
    }

private:
    std::optional<std::string_view> label(unsigned length) {
        bytes_ += length + 1;
        if (bytes_ > name_bytes_max || at_ + 1 + length > packet_.size()) return std::nullopt;
        const auto text = packet_.substr(at_ + 1, length);
        at_ += 1 + length;
        return text;
    }

    std::string_view packet_;
    std::size_t at_;
    std::size_t lowest_;
    std::size_t bytes_ = 0;
    int pointers_ = 0;
};

bool same_name(std::string_view packet, std::size_t one, std::size_t other) {
    Labels left(packet, one);
    Labels right(packet, other);
    for (;;) {
        const auto a = left.next();
        const auto b = right.next();
        if (!a || !b || !same_letters(*a, *b)) return false;
        if (a->empty()) return true;
    }
}

/// Where the name that begins at `at` ends; nothing when it does not end.
std::optional<std::size_t> after_name(std::string_view packet, std::size_t at) {
    while (at < packet.size()) {
        const unsigned length = byte_at(packet, at);
        if (length >= 0xc0) return at + 2 <= packet.size() ? std::optional(at + 2) : std::nullopt;
        if (length > label_bytes_max) return std::nullopt;
        at += 1 + length;
        if (length == 0) return at;
    }
    return std::nullopt;
}

struct Record {
    std::size_t owner = 0;
    unsigned type = 0;
    unsigned class_ = 0;
    std::size_t data = 0;
    std::size_t data_end = 0;
};

std::optional<Record> record_at(std::string_view packet, std::size_t at) {
    const auto fixed = after_name(packet, at);
    if (!fixed || *fixed + 10 > packet.size()) return std::nullopt;
    Record record{
        .owner = at,
        .type = number_at(packet, *fixed),
        .class_ = number_at(packet, *fixed + 2),
        .data = *fixed + 10,  // over the TTL and the length
    };
    record.data_end = record.data + number_at(packet, *fixed + 8);
    if (record.data_end > packet.size()) return std::nullopt;
    return record;
}

/// Whether the pieces of a TXT record make up `expected`; nothing when they are no pieces.
std::optional<bool> has_text(std::string_view data, std::string_view expected) {
    bool same = true;
    std::size_t size = 0;
    while (!data.empty()) {
        const std::size_t length = byte_at(data, 0);
        if (length + 1 > data.size()) return std::nullopt;
        same = same && size <= expected.size() && expected.substr(size, length) == data.substr(1, length);
        size += length;
        data.remove_prefix(length + 1);
    }
    return same && size == expected.size();
}

/// Whether a record of the type asked for says what is expected; nothing when its data is none of that type.
std::optional<bool> says(std::string_view packet, const Record& record, std::string_view expected) {
    const std::string_view data = packet.substr(record.data, record.data_end - record.data);
    switch (static_cast<DnsType>(record.type)) {
        case DnsType::a:
        case DnsType::aaaa:
            if (data.size() != (record.type == static_cast<unsigned>(DnsType::a) ? 4 : 16)) return std::nullopt;
            return expected.empty() || data == expected;
        case DnsType::txt: {
            const auto same = has_text(data, expected);
            if (!same || data.empty()) return std::nullopt;
            return expected.empty() || *same;
        }
        case DnsType::soa: {  // two names, then the serial and four numbers more
            const auto mailbox = after_name(packet, record.data);
            const auto serial = mailbox ? after_name(packet, *mailbox) : std::nullopt;
            if (!serial || *serial + 20 != record.data_end) return std::nullopt;
            return expected.empty() || packet.substr(*serial, 4) == expected;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<std::string> dns_question(const std::string& name, DnsType type) {
    std::string question{"\0\0\1\0\0\1\0\0\0\0\0\0", header_bytes};  // one question, recursion desired
    std::string_view rest = name;
    if (rest.ends_with('.')) rest.remove_suffix(1);
    while (!rest.empty()) {
        const std::size_t dot = std::min(rest.find('.'), rest.size());
        const std::string_view label = rest.substr(0, dot);
        const bool visible = std::ranges::all_of(label, [](unsigned char c) { return c > ' ' && c < 0x7f; });
        if (label.empty() || label.size() > label_bytes_max || !visible || dot + 1 == rest.size())
            return bad(fmt::format("\"{}\" is no domain name", name));
        question += static_cast<char>(label.size());
        question += label;
        rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    question += '\0';
    if (name.empty() || question.size() > header_bytes + name_bytes_max)
        return bad(fmt::format("\"{}\" is no domain name", name));
    question += {'\0', static_cast<char>(type), '\0', static_cast<char>(class_in)};
    return question;
}

Result<std::string> dns_data(DnsType type, const std::string& text) {
    if (text.empty() || type == DnsType::txt) return text;
    boost::system::error_code problem;
    std::string data;
    if (type == DnsType::a) {
        const auto bytes = boost::asio::ip::make_address_v4(text, problem).to_bytes();
        data.assign(bytes.begin(), bytes.end());
    } else if (type == DnsType::aaaa) {
        const auto bytes = boost::asio::ip::make_address_v6(text, problem).to_bytes();
        data.assign(bytes.begin(), bytes.end());
    } else {
        std::uint32_t serial = 0;
        const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), serial);
        if (wrong != std::errc() || end != text.data() + text.size()) problem = boost::asio::error::invalid_argument;
        for (int shift = 24; shift >= 0; shift -= 8) data += static_cast<char>(serial >> shift & 0xff);
    }
    if (problem) return bad(fmt::format("no record of that type says \"{}\"", text));
    return data;
}

DnsReading read_dns_answer(std::string_view asked, std::string_view received, std::string_view expected) {
    using enum DnsReading::Says;
    const bool is_answer = received.size() >= header_bytes && asked.size() > header_bytes &&
                           received.substr(0, 2) == asked.substr(0, 2) &&
                           (byte_at(received, 2) & 0xf8) == 0x80;  // a response, of a standard query
    if (!is_answer) return {.says = not_ours};
    DnsReading reading{.says = error, .rcode = static_cast<int>(byte_at(received, 3) & 0x0f)};
    // A server that could not even read the question may leave it out.
    if (number_at(received, 4) == 0 && reading.rcode != 0) return reading;
    const std::string_view question = asked.substr(header_bytes);
    if (number_at(received, 4) != 1 || !same_letters(received.substr(header_bytes, question.size()), question))
        return {.says = not_ours};
    if (reading.rcode != 0) return reading;
    const bool is_truncated = (byte_at(received, 2) & 0x02) != 0;
    if (is_truncated) return {.says = truncated};

    const unsigned type = number_at(asked, asked.size() - 4);
    std::size_t name = header_bytes;  // of the records that count
    std::size_t at = asked.size();
    reading.says = other;
    for (unsigned left = number_at(received, 6); left > 0; --left) {
        const auto record = record_at(received, at);
        if (!record) return {.says = malformed};
        at = record->data_end;
        if (record->class_ != class_in || !same_name(received, record->owner, name)) continue;
        if (record->type == type_cname) name = record->data;
        if (record->type != type) continue;
        const auto same = says(received, *record, expected);
        if (!same) return {.says = malformed};
        if (*same) reading.says = wanted;
    }
    return reading;
}

}  // namespace cloudshelf::probe
