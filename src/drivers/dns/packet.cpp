#include "drivers/dns/packet.hpp"

#include "base/assert.hpp"
#include "drivers/dns/errors.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <ldns/ldns.h>
#include <memory>
#include <string_view>

namespace cloudshelf::dns {
namespace {

constexpr const char* algorithm = "hmac-sha256.";
constexpr std::uint16_t fudge_s = 300;

struct PacketDeleter {
    void operator()(ldns_pkt* packet) const {
        // ldns 1.8 does not free a packet's signature with the packet, but looks at it.
        ldns_rr* signature = ldns_pkt_tsig(packet);
        ldns_pkt_set_tsig(packet, nullptr);
        ldns_rr_free(signature);
        ldns_pkt_free(packet);
    }
};
using Packet = std::unique_ptr<ldns_pkt, PacketDeleter>;

struct RecordDeleter {
    void operator()(ldns_rr* record) const { ldns_rr_free(record); }
};
using Record = std::unique_ptr<ldns_rr, RecordDeleter>;

struct ListDeleter {
    void operator()(ldns_rr_list* list) const { ldns_rr_list_deep_free(list); }
};
using List = std::unique_ptr<ldns_rr_list, ListDeleter>;

std::uint16_t random_id() {
    std::uint16_t id = 0;
    CLOUDSHELF_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id) == 1);
    return id;
}

std::string absolute(const std::string& name) {
    return name.ends_with('.') ? name : name + ".";
}

Result<Bytes> wire_of(ldns_pkt* packet) {
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    if (ldns_pkt2wire(&bytes, packet, &size) != LDNS_STATUS_OK)
        return fail("dns.bad-packet", "the packet cannot be built");
    Bytes wire(bytes, bytes + size);
    std::free(bytes);  // NOLINT: ldns allocates with malloc
    return wire;
}

/// Letters that need no escape in a name or an address. Everything else (spaces, quotes, wildcards, control characters,
/// letters beyond ASCII) has no business in a plan's records.
bool is_plain(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':';
    });
}

bool is_text(std::string_view text) {
    return text.size() <= 255 &&
           std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

Result<Record> record(const std::string& name, std::uint32_t ttl, const std::string& type, const std::string& value) {
    const auto bad = [&](std::string_view why) { return fail(errors::bad_record(name, type, why)); };
    if (type != "A" && type != "AAAA" && type != "CNAME" && type != "TXT")
        return bad("the type is none of A, AAAA, CNAME, TXT");
    if (!is_plain(name)) return bad("no usable name: letters, digits, '-', '_' and '.' only");
    const bool usable = type == "TXT" ? is_text(value) : is_plain(value);
    if (!usable) return bad(fmt::format("\"{}\" is no usable value", value));
    const std::string content = type == "TXT" ? "\"" + value + "\"" : type == "CNAME" ? absolute(value) : value;
    const std::string line = fmt::format("{} {} IN {} {}", absolute(name), ttl, type, content);
    ldns_rr* made = nullptr;
    const ldns_status status = ldns_rr_new_frm_str(&made, line.c_str(), 0, nullptr, nullptr);
    if (status == LDNS_STATUS_OK) return Record(made);
    return bad(fmt::format("\"{}\": {}", value, ldns_get_errorstr_by_id(status)));
}

std::string text_of(const ldns_rr* record, const std::string& type) {
    char* value = ldns_rdf2str(ldns_rr_rdf(record, 0));
    std::string text = value ? value : "";
    std::free(value);  // NOLINT: ldns allocates with malloc
    if (type == "TXT" && text.size() >= 2) text = text.substr(1, text.size() - 2);
    return text;
}

/// "Delete an RRset" (RFC 2136 §2.5.2).
Record deletion(const std::string& name, const std::string& type) {
    ldns_rr* made = ldns_rr_new();
    ldns_rr_set_owner(made, ldns_dname_new_frm_str(absolute(name).c_str()));
    ldns_rr_set_type(made, ldns_get_rr_type_by_name(type.c_str()));
    ldns_rr_set_class(made, LDNS_RR_CLASS_ANY);
    ldns_rr_set_ttl(made, 0);
    return Record(made);
}

}  // namespace

Result<Bytes> question(const std::string& name, const std::string& type) {
    ldns_rdf* owner = is_plain(name) ? ldns_dname_new_frm_str(absolute(name).c_str()) : nullptr;
    if (owner == nullptr) return fail("dns.bad-name", fmt::format("\"{}\" is no domain name", name));
    const Packet packet(ldns_pkt_query_new(owner, ldns_get_rr_type_by_name(type.c_str()), LDNS_RR_CLASS_IN, 0));
    ldns_pkt_set_id(packet.get(), random_id());
    return wire_of(packet.get());
}

Result<SignedUpdate> update(
    const Server& server, Version expected, Version next, const std::vector<RecordSet>& records
) {
    const std::string plan = "_plan." + server.zone;
    const List prerequisites(ldns_rr_list_new());
    const List updates(ldns_rr_list_new());
    const auto add = [](const List& list, Result<Record> made) -> Result<void> {
        if (!made) return fail(made.error());
        ldns_rr_list_push_rr(list.get(), made->release());
        return {};
    };
    // TTL 0 and the zone's class: "RRset exists (value dependent)", RFC 2136 §2.4.2.
    if (const auto added = add(prerequisites, record(plan, 0, "TXT", text(expected))); !added)
        return fail(added.error());
    std::vector<RecordSet> all = records;
    all.push_back({.name = plan, .type = "TXT", .ttl = 0, .values = {text(next)}});
    for (const auto& set : all) {
        if (set.values.empty()) return fail(errors::empty(set.name, set.type));
        ldns_rr_list_push_rr(updates.get(), deletion(set.name, set.type).release());
        for (const auto& value : set.values) {
            if (const auto added = add(updates, record(set.name, set.ttl, set.type, value)); !added)
                return fail(added.error());
        }
    }
    ldns_rdf* zone = ldns_dname_new_frm_str(absolute(server.zone).c_str());
    const Packet packet(ldns_update_pkt_new(zone, LDNS_RR_CLASS_IN, prerequisites.get(), updates.get(), nullptr));
    if (!packet) return fail("dns.bad-packet", "the update cannot be built");
    ldns_pkt_set_id(packet.get(), random_id());
    const ldns_status status = ldns_pkt_tsig_sign(
        packet.get(), absolute(server.key_name).c_str(), server.key.c_str(), fudge_s, algorithm, nullptr
    );
    if (status != LDNS_STATUS_OK) return fail("dns.bad-key", ldns_get_errorstr_by_id(status));
    SignedUpdate signed_update;
    const ldns_rdf* mac = ldns_rr_rdf(ldns_pkt_tsig(packet.get()), 3);
    signed_update.mac.assign(reinterpret_cast<const char*>(ldns_rdf_data(mac)), ldns_rdf_size(mac));
    auto wire = wire_of(packet.get());
    if (!wire) return fail(wire.error());
    signed_update.wire = std::move(*wire);
    return signed_update;
}

Result<Parsed> parse_answer(const Bytes& asked, const Bytes& received, const std::string& type) {
    const auto bad = [](const char* why) { return fail("dns.bad-answer", why); };
    if (received.size() < 12 || asked.size() < 12) return bad("shorter than a header");
    if (std::memcmp(asked.data(), received.data(), 2) != 0) return bad("another id");
    if ((received[2] & 0x80) == 0) return bad("not an answer");
    if ((received[2] & 0x78) != (asked[2] & 0x78)) return bad("another opcode");
    // What was cut off may not even be parseable; TCP has all of it.
    if ((received[2] & 0x02) != 0) return Parsed{.truncated = true};
    ldns_pkt* raw = nullptr;
    if (ldns_wire2pkt(&raw, received.data(), received.size()) != LDNS_STATUS_OK) return bad("not parseable");
    const Packet packet(raw);
    Parsed parsed{.rcode = ldns_pkt_get_rcode(raw)};
    if (type.empty()) return parsed;
    ldns_pkt* own = nullptr;
    if (ldns_wire2pkt(&own, asked.data(), asked.size()) != LDNS_STATUS_OK) return bad("the question is not parseable");
    const Packet question_packet(own);
    const ldns_rr* wanted = ldns_rr_list_rr(ldns_pkt_question(own), 0);
    const ldns_rr* answered = ldns_rr_list_rr(ldns_pkt_question(raw), 0);
    if (wanted == nullptr || answered == nullptr || ldns_rr_compare_no_rdata(wanted, answered) != 0)
        return bad("another question");
    parsed.answer.ttl = INT32_MAX;
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_answer(raw)); ++i) {
        const ldns_rr* found = ldns_rr_list_rr(ldns_pkt_answer(raw), i);
        if (ldns_rr_get_type(found) != ldns_rr_get_type(wanted) || ldns_rr_rd_count(found) == 0) continue;
        if (ldns_dname_compare(ldns_rr_owner(found), ldns_rr_owner(wanted)) != 0) continue;  // not asked for
        parsed.answer.values.push_back(text_of(found, type));
        // A TTL with the top bit set is zero (RFC 2181 §8).
        const std::uint32_t ttl = ldns_rr_ttl(found) > INT32_MAX ? 0 : ldns_rr_ttl(found);
        parsed.answer.ttl = std::min(parsed.answer.ttl, ttl);
    }
    if (parsed.answer.values.empty()) parsed.answer.ttl = 0;
    return parsed;
}

Result<std::string> canonical_value(const RecordSet& set, const std::string& value) {
    const auto made = record(set.name, set.ttl, set.type, value);
    if (!made) return fail(made.error());
    return text_of(made->get(), set.type);
}

bool is_signed_by(const Bytes& received, const Server& server, const std::string& request_mac) {
    ldns_pkt* raw = nullptr;
    if (ldns_wire2pkt(&raw, received.data(), received.size()) != LDNS_STATUS_OK) return false;
    const Packet packet(raw);
    ldns_rdf* mac = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, request_mac.size(), request_mac.data());
    const bool good =
        ldns_pkt_tsig(raw) != nullptr &&
        ldns_pkt_tsig_verify(
            raw, received.data(), received.size(), absolute(server.key_name).c_str(), server.key.c_str(), mac
        );
    ldns_rdf_deep_free(mac);
    return good;
}

}  // namespace cloudshelf::dns
