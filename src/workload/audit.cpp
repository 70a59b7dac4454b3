#include "workload/audit.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace cloudshelf::workload {
namespace {

namespace json = boost::json;

json::object to_json(const Acknowledged& write) {
    return {
        {"id", write.id},
        {"key", write.key},
        {"customer", write.customer},
        {"acked_ns", write.acked.time_since_epoch().count()},
        {"attempts", write.attempts},
        {"writer", write.writer},
        {"epoch", write.epoch}
    };
}

}  // namespace

std::optional<ReadBack> read_back(const Acknowledged& write) {
    if (write.kind == "user") return ReadBack{.method = "POST", .target = "/sessions", .sign_in = true};
    if (write.path.empty()) return std::nullopt;
    return ReadBack{.target = write.path};
}

Found judge_unknown(const Acknowledged& write, int status, const std::string& body) {
    if (write.kind != "payment") return judge(write, status, body);
    if (status == 404) return Found::wrong;  // its order was acknowledged
    if (status >= 300) return Found::unread;
    try {
        int captured = 0;
        for (const auto& payment : json::parse(body).at("payments").as_array()) {
            captured += json::value_to<std::string>(payment.at("status")) == "captured" ? 1 : 0;
        }
        return captured == 0 ? Found::missing : captured == 1 ? Found::present : Found::twice;
    } catch (const std::exception&) {
        return Found::wrong;
    }
}

void AuditResult::note(const Acknowledged& write, Found found) {
    Count& count = counts[{write.service, write.kind}];
    ++count.acknowledged;
    if (found == Found::present) {
        ++count.present;
    } else {
        bad.emplace_back(write, found);
    }
}

void AuditResult::note_unknown(const Acknowledged& write, std::optional<Found> found) {
    ++unknown_outcomes;
    if (found == Found::present) ++unknown_present;
    if (found == Found::twice || found == Found::wrong) unknown.emplace_back(write, *found);
}

std::uint64_t AuditResult::acknowledged() const {
    std::uint64_t sum = 0;
    for (const auto& [what, count] : counts) sum += count.acknowledged;
    return sum;
}

std::uint64_t AuditResult::acknowledged(const std::string& service) const {
    std::uint64_t sum = 0;
    for (const auto& [what, count] : counts) sum += what.first == service ? count.acknowledged : 0;
    return sum;
}

std::uint64_t AuditResult::count(Found found) const {
    const auto is = [&](const auto& entry) { return entry.second == found; };
    return static_cast<std::uint64_t>(std::ranges::count_if(bad, is) + std::ranges::count_if(unknown, is));
}

json::object to_json(const AuditResult& audit) {
    json::object services;
    for (const auto& [what, count] : audit.counts) {
        json::object& kinds = services.emplace(what.first, json::object{}).first->value().as_object();
        json::object kind{{"acknowledged", count.acknowledged}, {"present", count.present}};
        for (const Found found : {Found::missing, Found::twice, Found::wrong, Found::unread}) {
            json::array writes;
            for (const auto& [write, verdict] : audit.bad) {
                if (verdict == found && write.service == what.first && write.kind == what.second)
                    writes.push_back(to_json(write));
            }
            kind[name(found)] = std::move(writes);
        }
        kinds[what.second] = std::move(kind);
    }
    json::object doubtful{{"count", audit.unknown_outcomes}, {"present", audit.unknown_present}};
    for (const Found found : {Found::twice, Found::wrong}) {
        json::array writes;
        for (const auto& [write, verdict] : audit.unknown) {
            if (verdict == found) writes.push_back(to_json(write));
        }
        doubtful[name(found)] = std::move(writes);
    }
    json::object result{{"acknowledged", audit.acknowledged()}};
    for (const Found found : {Found::missing, Found::twice, Found::wrong, Found::unread})
        result[name(found)] = audit.count(found);
    result["by_service"] = std::move(services);
    result["unknown_outcomes"] = std::move(doubtful);
    return result;
}

std::map<std::string, core::ServiceEvidence> evidence(const Ledger& ledger, const AuditResult& audit, Window window) {
    std::map<std::string, std::vector<core::Visit>> visits;
    for (const auto& deed : ledger.deeds) visits[deed.service].push_back({deed.started, deed.ended, deed.ok});
    std::map<std::string, core::ServiceEvidence> result;
    for (auto& [service, all] : visits) {
        const auto back = core::recovery(std::move(all), window.fault, window.until, window.soak);
        result[service] = {.first_success = back.first_success, .green_since = back.green_since, .soak_measured = true};
    }
    for (const auto& [what, count] : audit.counts) result[what.first].acknowledged_writes += count.acknowledged;
    for (const auto& [write, found] : audit.bad) {
        if (found == Found::missing) result[write.service].missing.push_back(write.acked);
    }
    return result;
}

std::vector<core::WriteSeen> writes_seen(const Ledger& ledger) {
    std::vector<core::WriteSeen> seen;
    seen.reserve(ledger.writes.size());
    for (const auto& write : ledger.writes) seen.push_back({Epoch(write.epoch), write.acked});
    return seen;
}

std::vector<std::optional<double>> success_rate(const Ledger& ledger, TimePoint from, TimePoint until, Duration width) {
    if (until <= from || width <= Duration::zero()) return {};
    const auto buckets = static_cast<std::size_t>((until - from + width - Duration(1)) / width);
    std::vector<std::pair<double, double>> sums(buckets);  // good, all
    for (const auto& deed : ledger.deeds) {
        if (deed.ended < from || deed.ended >= until) continue;
        auto& [good, all] = sums[static_cast<std::size_t>((deed.ended - from) / width)];
        good += deed.ok ? 1 : 0;
        all += 1;
    }
    std::vector<std::optional<double>> rates;
    rates.reserve(buckets);
    for (const auto& [good, all] : sums) rates.push_back(all == 0 ? std::nullopt : std::optional(good / all));
    return rates;
}

}  // namespace cloudshelf::workload
