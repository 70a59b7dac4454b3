#include "core/lease_record.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>

namespace cloudshelf::core {
namespace {

namespace json = boost::json;

Result<Sync> sync_of(const std::string& text) {
    for (const Sync sync : {Sync::in_step, Sync::degraded, Sync::blocked}) {
        if (text == name(sync)) return sync;
    }
    return fail("lease.unreadable", fmt::format("sync \"{}\": expected in-step, degraded or blocked", text));
}

}  // namespace

const char* name(Sync sync) {
    switch (sync) {
        case Sync::in_step:
            return "in-step";
        case Sync::degraded:
            return "degraded";
        case Sync::blocked:
            return "blocked";
    }
    return "?";
}

const char* name(FenceHow how) {
    switch (how) {
        case FenceHow::acknowledged:
            return "acknowledged";
        case FenceHow::lease_ran_out:
            return "lease-ran-out";
        case FenceHow::person:
            return "person";
    }
    return "?";
}

Result<FenceHow> fence_how(const std::string& text) {
    for (const FenceHow how : {FenceHow::acknowledged, FenceHow::lease_ran_out, FenceHow::person}) {
        if (text == name(how)) return how;
    }
    return fail("lease.unreadable", fmt::format("fence \"{}\": expected acknowledged, lease-ran-out or person", text));
}

std::string text(Lsn lsn) {
    return fmt::format("{:X}/{:X}", lsn.value() >> 32, lsn.value() & 0xffffffff);
}

Result<Lsn> parse_lsn(const std::string& text) {
    const auto slash = text.find('/');
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    const char* end = text.data() + text.size();
    if (slash != std::string::npos) {
        const auto first = std::from_chars(text.data(), text.data() + slash, high, 16);
        const auto second = std::from_chars(text.data() + slash + 1, end, low, 16);
        const bool whole =
            first.ptr == text.data() + slash && second.ptr == end && slash > 0 && slash + 1 < text.size();
        if (whole && first.ec == std::errc() && second.ec == std::errc() && (high | low) >> 32 == 0)
            return Lsn(high << 32 | low);
    }
    return fail("lease.bad-lsn", fmt::format("\"{}\": expected a log position as 0/5000148", text));
}

LeaseRecord taken_up(LeaseRecord found, Sync sync) {
    found.beat += 1;
    found.sync = sync;
    found.released = false;
    found.token.reset();
    return found;
}

LeaseRecord renewed(LeaseRecord last, Sync sync, const std::optional<PromotionToken>& release) {
    last.beat += 1;
    last.sync = sync;
    last.released = release.has_value();
    if (release) last.token = release;
    return last;
}

std::string to_json(const LeaseRecord& record) {
    json::object value{
        {"region", record.region.value()},
        {"epoch", record.epoch.value()},
        {"beat", record.beat},
        {"sync", name(record.sync)},
        {"fence", {{"how", name(record.fence.how)}, {"epoch", record.fence.epoch.value()}}},
        {"released", record.released},
    };
    if (record.continues) value["continues"] = record.continues->value();
    if (record.token) {
        value["token"] = json::object{
            {"system_id", record.token->system_id},
            {"timeline", record.token->timeline},
            {"lsn", text(record.token->lsn)},
        };
    }
    return json::serialize(value);
}

Result<LeaseRecord> parse_lease(const std::string& text) {
    try {
        const json::value value = json::parse(text);
        LeaseRecord record;
        record.region = RegionName(json::value_to<std::string>(value.at("region")));
        record.epoch = Epoch(json::value_to<std::uint64_t>(value.at("epoch")));
        record.beat = json::value_to<std::uint64_t>(value.at("beat"));
        const auto sync = sync_of(json::value_to<std::string>(value.at("sync")));
        const auto how = fence_how(json::value_to<std::string>(value.at("fence").at("how")));
        if (!sync) return fail(sync.error());
        if (!how) return fail(how.error());
        record.sync = *sync;
        record.fence = {.how = *how, .epoch = Epoch(json::value_to<std::uint64_t>(value.at("fence").at("epoch")))};
        record.released = value.at("released").as_bool();
        if (const auto* continues = value.as_object().if_contains("continues"))
            record.continues = Epoch(json::value_to<std::uint64_t>(*continues));
        if (const auto* token = value.as_object().if_contains("token")) {
            const auto lsn = parse_lsn(json::value_to<std::string>(token->at("lsn")));
            if (!lsn) return fail(lsn.error());
            record.token = PromotionToken{
                .system_id = json::value_to<std::string>(token->at("system_id")),
                .timeline = json::value_to<std::uint32_t>(token->at("timeline")),
                .lsn = *lsn,
            };
        }
        return record;
    } catch (const std::exception& problem) {
        return fail("lease.unreadable", fmt::format("the lease record cannot be read: {}", problem.what()));
    }
}

}  // namespace cloudshelf::core
