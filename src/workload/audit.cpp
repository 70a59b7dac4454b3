#include "workload/audit.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace cloudshelf::workload {
namespace {

namespace json = boost::json;

json::object to_json(const Acknowledged& write, Found found) {
    return {
        {"service", write.service},
        {"kind", write.kind},
        {"id", write.id},
        {"found", name(found)},
        {"key", write.key},
        {"customer", write.customer},
        {"acked_ns", write.acked.time_since_epoch().count()},
        {"attempts", write.attempts},
        {"writer", write.writer},
        {"epoch", write.epoch}
    };
}

/// Whether a success of this kind shows the service whole.
bool proves(const Deed& deed) {
    return deed.kind != "own-order" && deed.kind != "join";
}

}  // namespace

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

Found judge_again(const Acknowledged& write, int status, const std::string& body) {
    if (status >= 500 || status == 429) return Found::unread;
    if (status >= 300) return Found::wrong;
    try {
        const auto id = json::value_to<std::string>(json::parse(body).at(write.kind + "_id"));
        return id == write.id ? Found::present : Found::twice;
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
    constexpr std::array faults = {Found::missing, Found::twice, Found::wrong, Found::unread};
    json::object services;
    for (const auto& [what, count] : audit.counts) {
        json::object kind{{"acknowledged", count.acknowledged}, {"present", count.present}};
        for (const Found fault : faults) {
            kind[name(fault)] = std::ranges::count_if(audit.bad, [&](const auto& entry) {
                const auto& [write, found] = entry;
                return found == fault && write.service == what.first && write.kind == what.second;
            });
        }
        services.emplace(what.first, json::object{}).first->value().as_object()[what.second] = std::move(kind);
    }
    json::array bad;
    for (const auto& [write, found] : audit.bad) bad.push_back(to_json(write, found));
    for (const auto& [write, found] : audit.unknown) bad.push_back(to_json(write, found));
    json::object result{{"acknowledged", audit.acknowledged()}};
    for (const Found fault : faults) result[name(fault)] = audit.count(fault);
    result["by_service"] = std::move(services);
    result["bad"] = std::move(bad);
    result["unknown_outcomes"] = json::object{{"count", audit.unknown_outcomes}, {"present", audit.unknown_present}};
    return result;
}

std::map<std::string, core::ServiceEvidence> evidence_of(
    const Ledger& ledger, const std::vector<std::pair<Acknowledged, Found>>& bad, Window window
) {
    std::map<std::string, std::vector<core::Visit>> visits;
    for (const auto& deed : ledger.deeds) {
        if (proves(deed) || !deed.ok) visits[deed.service].push_back({deed.started, deed.ended, deed.ok});
    }
    std::map<std::string, core::ServiceEvidence> result;
    for (auto& [service, all] : visits) {
        const auto back = core::recovery(std::move(all), window.fault, window.until, window.soak);
        result[service] = {.first_success = back.first_success, .green_since = back.green_since, .soak_measured = true};
    }
    for (const auto& write : ledger.writes) result[write.service].acknowledged_writes += 1;
    for (const auto& [write, found] : bad) {
        if (found == Found::missing && write.acked < window.until) result[write.service].missing.push_back(write.acked);
    }
    return result;
}

std::vector<core::WriteSeen> writes_seen(const Ledger& ledger) {
    std::vector<core::WriteSeen> seen;
    seen.reserve(ledger.writes.size());
    for (const auto& write : ledger.writes) {
        if (write.service == "shopping-cart") continue;  // both regions write carts
        seen.push_back({Epoch(write.epoch), write.acked});
    }
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
