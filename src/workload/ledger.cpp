#include "workload/ledger.hpp"

#include <boost/json.hpp>

#include <sstream>

namespace cloudshelf::workload {
namespace {

namespace json = boost::json;

std::int64_t ns(TimePoint at) {
    return at.time_since_epoch().count();
}
TimePoint at_ns(const json::value& value) {
    return TimePoint(Duration(json::value_to<std::int64_t>(value)));
}
std::string text(const json::value& object, const char* key) {
    return json::value_to<std::string>(object.at(key));
}

}  // namespace

std::string to_line(const Attempt& attempt) {
    json::object line{
        {"t", "op"},
        {"s", attempt.service},
        {"k", attempt.kind},
        {"a", ns(attempt.started)},
        {"e", ns(attempt.ended)},
        {"ok", attempt.ok},
        {"r", attempt.region}
    };
    if (!attempt.ok) line["why"] = attempt.why;
    return json::serialize(line) + "\n";
}

std::string to_line(const Deed& deed) {
    return json::serialize(json::object{
               {"t", "deed"},
               {"s", deed.service},
               {"k", deed.kind},
               {"a", ns(deed.started)},
               {"e", ns(deed.ended)},
               {"ok", deed.ok},
               {"n", deed.attempts}
           }) +
           "\n";
}

namespace {

std::string write_line(const char* type, const Acknowledged& write) {
    return json::serialize(json::object{
               {"t", type},
               {"s", write.service},
               {"k", write.kind},
               {"id", write.id},
               {"key", write.key},
               {"path", write.path},
               {"customer", write.customer},
               {"expect", write.expect},
               {"a", ns(write.sent)},
               {"e", ns(write.acked)},
               {"n", write.attempts},
               {"r", write.region},
               {"writer", write.writer},
               {"epoch", write.epoch}
           }) +
           "\n";
}

Acknowledged read_write(const json::value& value) {
    return {
        .service = text(value, "s"),
        .kind = text(value, "k"),
        .id = text(value, "id"),
        .key = text(value, "key"),
        .path = text(value, "path"),
        .customer = text(value, "customer"),
        .expect = text(value, "expect"),
        .acked = at_ns(value.at("e")),
        .writer = text(value, "writer"),
        .epoch = json::value_to<std::uint64_t>(value.at("epoch")),
        .sent = at_ns(value.at("a")),
        .attempts = json::value_to<int>(value.at("n")),
        .region = text(value, "r"),
    };
}

void read_line(const json::value& value, Ledger& ledger) {
    const std::string type = text(value, "t");
    if (type == "ack") {
        ledger.writes.push_back(read_write(value));
    } else if (type == "unknown") {
        ledger.unknown.push_back(read_write(value));
    } else if (type == "deed") {
        ledger.deeds.push_back(
            {.service = text(value, "s"),
             .kind = text(value, "k"),
             .started = at_ns(value.at("a")),
             .ended = at_ns(value.at("e")),
             .ok = value.at("ok").as_bool(),
             .attempts = json::value_to<int>(value.at("n"))}
        );
    } else if (type == "op") {
        Attempt attempt{
            .service = text(value, "s"),
            .kind = text(value, "k"),
            .started = at_ns(value.at("a")),
            .ended = at_ns(value.at("e")),
            .ok = value.at("ok").as_bool(),
            .region = text(value, "r")
        };
        if (!attempt.ok) attempt.why = text(value, "why");
        ledger.attempts.push_back(std::move(attempt));
    } else {
        ++ledger.unreadable_lines;
    }
}

}  // namespace

std::string to_line(const Acknowledged& write) {
    return write_line("ack", write);
}
std::string to_unknown_line(const Acknowledged& write) {
    return write_line("unknown", write);
}

Ledger parse_ledger(const std::string& content) {
    Ledger ledger;
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        try {
            read_line(json::parse(line), ledger);
        } catch (const std::exception&) {
            ++ledger.unreadable_lines;
        }
    }
    return ledger;
}

const char* name(Found found) {
    switch (found) {
        case Found::present:
            return "present";
        case Found::missing:
            return "missing";
        case Found::twice:
            return "twice";
        case Found::wrong:
            return "wrong";
        case Found::unread:
            return "unread";
    }
    return "?";
}

std::optional<Found> found_named(const std::string& text) {
    for (const Found found : {Found::present, Found::missing, Found::twice, Found::wrong, Found::unread}) {
        if (text == name(found)) return found;
    }
    return std::nullopt;
}

Found judge(const Acknowledged& write, int status, const std::string& body) {
    // A user is read back by signing in: whoever is not there may not.
    if (status == 404 || status == 401) return Found::missing;
    if (status >= 300) return Found::wrong;
    try {
        const json::value value = json::parse(body);
        if (write.kind == "rating") {
            return std::to_string(json::value_to<std::int64_t>(value.at("stars"))) == write.expect ? Found::present
                                                                                                   : Found::wrong;
        }
        if (write.kind == "cart") {
            for (const auto& line : value.at("items").as_array()) {
                if (std::to_string(json::value_to<std::int64_t>(line.at("bookId"))) != write.id) continue;
                const auto quantity = std::to_string(json::value_to<std::int64_t>(line.at("quantity")));
                return quantity == write.expect ? Found::present : Found::wrong;
            }
            return Found::missing;
        }
        if (write.kind == "order") {
            return std::to_string(json::value_to<std::int64_t>(value.at("total_cents"))) == write.expect
                       ? Found::present
                       : Found::wrong;
        }
        if (write.kind == "payment") {
            int same = 0;
            int captured = 0;
            for (const auto& payment : value.at("payments").as_array()) {
                same += json::value_to<std::string>(payment.at("payment_id")) == write.id ? 1 : 0;
                captured += json::value_to<std::string>(payment.at("status")) == "captured" ? 1 : 0;
            }
            if (same == 0) return Found::missing;
            return same == 1 && captured == 1 ? Found::present : Found::twice;
        }
        return Found::present;
    } catch (const std::exception&) {
        return Found::wrong;
    }
}

}  // namespace cloudshelf::workload
