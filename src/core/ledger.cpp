#include "core/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::core {

Recovery recovery(std::vector<Visit> visits, TimePoint fault, TimePoint until, Duration soak) {
    std::erase_if(visits, [&](const Visit& visit) { return visit.started < fault || visit.started >= until; });
    std::ranges::sort(visits, {}, &Visit::ended);
    Recovery result;
    const TimePoint watched_until = visits.empty() ? fault : visits.back().ended;
    std::vector<TimePoint> failures;
    for (const auto& visit : visits) {
        if (!visit.ok) failures.push_back(visit.started);
    }
    std::ranges::sort(failures);
    for (const auto& visit : visits) {
        if (!visit.ok) continue;
        if (!result.first_success) result.first_success = visit.ended;
        const auto next = std::ranges::lower_bound(failures, visit.ended);
        const bool stayed = next == failures.end() || *next >= visit.ended + soak;
        if (stayed && watched_until >= visit.ended + soak) {
            result.green_since = visit.ended;
            break;
        }
    }
    return result;
}

ServiceOutcome outcome(const Objective& objective, TimePoint fault, const ServiceEvidence& evidence) {
    ServiceOutcome result{
        .service = objective.service,
        .rto_objective = objective.rto,
        .rpo_objective = objective.rpo,
        .acknowledged_writes = evidence.acknowledged_writes,
        .lost_writes = evidence.missing.size(),
    };
    if (evidence.first_success) result.rta = *evidence.first_success - fault;
    if (!evidence.missing.empty()) {
        // A write that was acknowledged after the fault and is missing is no older than the fault, and lost all the
        // same.
        result.rpa = std::max(fault - std::ranges::min(evidence.missing), Duration(1));
    }
    if (evidence.green_since) result.green_after = *evidence.green_since - fault;
    result.closed = !evidence.soak_measured || (evidence.green_since && *result.green_after <= objective.rto);
    result.lossless = objective.lossless;
    const bool lossless = !objective.lossless || evidence.missing.empty();
    result.met = result.rta && *result.rta <= objective.rto && result.closed && result.rpa <= objective.rpo && lossless;
    return result;
}

Duration writer_overlap(const std::vector<WriterInterval>& intervals) {
    Duration worst{};
    for (const auto& one : intervals) {
        for (const auto& other : intervals) {
            if (one.region == other.region) continue;
            worst = std::max<Duration>(worst, std::min(one.until, other.until) - std::max(one.from, other.from));
        }
    }
    return worst;
}

Duration acknowledgement_overlap(const std::vector<WriteSeen>& writes) {
    std::map<Epoch, std::pair<TimePoint, TimePoint>> seen;  // the first and the last one of each epoch
    for (const auto& write : writes) {
        if (write.epoch == Epoch(0)) continue;
        auto [it, fresh] = seen.try_emplace(write.epoch, write.acked, write.acked);
        it->second.first = std::min(it->second.first, write.acked);
        it->second.second = std::max(it->second.second, write.acked);
    }
    Duration worst{};
    std::optional<TimePoint> last;  // of all older epochs
    for (const auto& [epoch, times] : seen) {
        if (last) worst = std::max<Duration>(worst, *last - times.first);
        last = last ? std::max(*last, times.second) : times.second;
    }
    return worst;
}

std::vector<std::string> reasons_against(
    const std::vector<ServiceOutcome>& services, Duration overlap, std::uint64_t lost_in_failback
) {
    std::vector<std::string> reasons;
    for (const auto& service : services) {
        if (service.met) continue;
        reasons.push_back(
            service.rta ? fmt::format(
                              "{}: RTA {:.2f} s of {:.0f} s, RPA {:.2f} s of {:.0f} s, {} acknowledged writes lost",
                              service.service.value(),
                              std::chrono::duration<double>(*service.rta).count(),
                              std::chrono::duration<double>(service.rto_objective).count(),
                              std::chrono::duration<double>(service.rpa).count(),
                              std::chrono::duration<double>(service.rpo_objective).count(),
                              service.lost_writes
                          ) + (service.closed ? "" : ", and it did not stay green for the soak time")
                        : fmt::format("{}: no transaction succeeded after the fault", service.service.value())
        );
    }
    if (overlap > Duration::zero()) {
        reasons.push_back(
            fmt::format("two regions could write at once for {} us", overlap / std::chrono::microseconds(1))
        );
    }
    if (lost_in_failback > 0)
        reasons.push_back(fmt::format("the failback lost {} acknowledged writes", lost_in_failback));
    return reasons;
}

std::vector<std::string> reasons_against(const Proof& proof) {
    auto reasons = reasons_against(proof.services, proof.overlap, proof.lost_in_failback);
    if (proof.services.empty()) reasons.emplace_back("no service was measured");
    if (proof.acknowledged_overlap > Duration::zero()) {
        reasons.push_back(fmt::format(
            "customers saw an older epoch's writer acknowledge for {} us after a newer one had begun to",
            proof.acknowledged_overlap / std::chrono::microseconds(1)
        ));
    }
    if (!proof.failback_ended) reasons.emplace_back("the failback did not succeed");
    if (proof.twice > 0) reasons.push_back(fmt::format("{} writes are there twice", proof.twice));
    if (proof.wrong > 0) reasons.push_back(fmt::format("{} writes are there with other content", proof.wrong));
    if (proof.unread > 0) reasons.push_back(fmt::format("{} writes could not be read back", proof.unread));
    return reasons;
}

}  // namespace cloudshelf::core
