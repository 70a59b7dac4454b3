#include "core/rebuild.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cloudshelf::core {
namespace {

/// Who may have been the newest writer, and who says so.
using Claims = std::map<RegionName, std::string>;

void claim(Claims& claims, const RegionName& region, const std::string& by) {
    auto& why = claims[region];
    if (!why.contains(by)) why += (why.empty() ? "" : ", ") + by;
}

std::string text(const Claims& claims) {
    std::string all;
    for (const auto& [region, why] : claims)
        all += fmt::format("{}{} (says {})", all.empty() ? "" : " or ", region.value(), why);
    return all;
}

/// The newest lease's region, by what everybody saw; by the data where nobody saw any.
Claims claims_of(std::span<const RegionSays> regions, std::span<const LeaseSeen> elsewhere, Epoch newest) {
    Claims claims;
    for (const auto& region : regions) {
        if (region.seen && region.seen->epoch == newest) claim(claims, region.seen->region, region.seen->by);
    }
    for (const auto& seen : elsewhere) {
        if (seen.epoch == newest) claim(claims, seen.region, seen.by);
    }
    if (!claims.empty()) return claims;
    for (const auto& region : regions) {
        if (region.is_writer && region.epoch == newest) claim(claims, region.region, "its data");
    }
    return claims;
}

}  // namespace

Result<Rebuild> propose_rebuild(
    std::span<const RegionSays> regions,
    std::span<const LeaseSeen> elsewhere,
    const std::optional<LeaseRecord>& in_store,
    const std::optional<RegionName>& chosen
) {
    Epoch newest{0};
    for (const auto& region : regions) {
        newest = std::max({newest, region.epoch, region.seen ? region.seen->epoch : Epoch(0)});
    }
    for (const auto& seen : elsewhere) newest = std::max(newest, seen.epoch);
    if (in_store && in_store->epoch >= newest) {
        return fail(
            "guard.state-there",
            fmt::format(
                "the store has the lease of {} at epoch {}, and nobody knows a newer one: nothing is lost",
                in_store->region.value(),
                in_store->epoch.value()
            )
        );
    }
    std::vector<const RegionSays*> writers;
    for (const auto& region : regions) {
        if (region.answers && region.writes) writers.push_back(&region);
    }
    if (writers.size() > 1) {
        return fail(
            "guard.two-writers",
            fmt::format(
                "{} and {} both may write at this moment: one's lease has to run out first",
                writers[0]->region.value(),
                writers[1]->region.value()
            )
        );
    }
    RegionName region;
    std::string why;
    if (!writers.empty()) {
        if (chosen && *chosen != writers[0]->region) {
            return fail("guard.other-writes", fmt::format("{} writes at this moment", writers[0]->region.value()));
        }
        if (writers[0]->epoch < newest && !chosen) {
            return fail(
                "guard.two-claims",
                fmt::format(
                    "{} writes at epoch {}, but {} is known: a person has to say which region goes on",
                    writers[0]->region.value(),
                    writers[0]->epoch.value(),
                    newest.value()
                )
            );
        }
        region = writers[0]->region;
        why = "it writes, by the other region's promises";
    } else {
        const auto silent = std::ranges::find_if(regions, [](const RegionSays& one) { return !one.answers; });
        const Claims claims = claims_of(regions, elsewhere, newest);
        if (chosen) {
            region = *chosen;
            why = "a person says so";
        } else if (silent != regions.end()) {
            return fail(
                "guard.silent-region",
                fmt::format(
                    "nobody writes, and {} does not answer: it may know more than the others, who say {}; a person has "
                    "to say which region goes on",
                    silent->region.value(),
                    claims.empty() ? "nothing" : text(claims)
                )
            );
        } else if (claims.empty()) {
            return fail("guard.no-claim", "nobody remembers a writer: a person has to say which region goes on");
        } else if (claims.size() > 1) {
            return fail(
                "guard.two-claims",
                fmt::format("the writer of epoch {} was {}: a person has to say which", newest.value(), text(claims))
            );
        } else {
            region = claims.begin()->first;
            why = fmt::format("the writer of epoch {}, says {}", newest.value(), claims.begin()->second);
        }
    }
    const auto says = std::ranges::find(regions, region, &RegionSays::region);
    if (says == regions.end()) return fail("guard.no-claim", fmt::format("there is no region {}", region.value()));
    if (says->answers && !says->is_writer) {
        return fail(
            "guard.standby-data",
            fmt::format(
                "the data in {0} is a standby's: rebuild for the region that wrote last, then `cloudshelf failover` to "
                "{0}, which says what may be lost",
                region.value()
            )
        );
    }
    const Epoch epoch(newest.value() + 1);
    return Rebuild{
        .lease =
            {
                .region = region,
                .epoch = epoch,
                // Until the writer itself says that its standby has everything.
                .sync = Sync::degraded,
                .fence = {.how = FenceHow::person, .epoch = newest},
                .continues = says->answers ? says->epoch : newest,
            },
        .why = std::move(why),
    };
}

}  // namespace cloudshelf::core
