#include "core/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::core {

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
    const bool lossless = !objective.lossless || evidence.missing.empty();
    result.met = result.rta && *result.rta <= objective.rto && result.rpa <= objective.rpo && lossless;
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
                          )
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

}  // namespace cloudshelf::core
