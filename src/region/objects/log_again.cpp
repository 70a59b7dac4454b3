#include "region/objects/log_again.hpp"

#include "region/objects/failure.hpp"
#include "region/objects/replication.hpp"
#include "region/objects/version_store.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace cloudshelf::objects {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t versions_per_decision = 200;
constexpr std::uint64_t ahead_max = 20'000;  // entries that another region has not taken in yet
constexpr Duration look_again_after = 100ms;

using Places = std::vector<std::string>;

/// The places that come next, in "versions" or "failures".
Result<Places> next_places(
    Service& service, BucketNumber bucket, const AgainOptions& options, const std::string& after
) {
    Places places;
    const auto view = service.log().view();
    if (options.failed_only) {
        const auto collect = [&places](std::string_view place, const Failure& failure) {
            const auto version = version_of_failure(place, failure);
            if (places.empty() || places.back() != version) places.emplace_back(version);
            return places.size() < versions_per_decision;
        };
        const auto read = each_failure(view, service.storage(), bucket_prefix(bucket), after, collect);
        if (!read) return fail(read.error());
        return places;
    }
    auto range = changelog::KeyRange::prefix(bucket_prefix(bucket));
    if (!after.empty()) range.from = after + '\0';
    const auto collect = [&places](std::string_view place, std::string_view) {
        places.emplace_back(place);
        return places.size() < versions_per_decision;
    };
    const auto read = view.scan(service.storage().versions, range, collect);
    if (!read) return fail(read.error());
    return places;
}

/// Within a decision. Answers whether it was logged.
Result<bool> log_one(
    Service& service, const KnownBucket& bucket, const std::string& place, const Choose& choose, changelog::Batch& batch
) {
    const auto& storage = service.storage();
    const auto record = batch.get(storage.versions, place);
    if (!record) return fail(record.error());
    if (!*record) {  // gone since: nobody asks for its failures any more
        if (auto erased = erase_failures(batch, storage, place); !erased) return fail(erased.error());
        return false;
    }
    auto version = decode_version(**record);
    if (!version) return fail(version.error());
    if (!choose(bucket, *version)) return false;
    if (auto erased = erase_failures(batch, storage, place); !erased) return fail(erased.error());
    if (!version->destinations.empty()) {
        version->logged = batch.append({
            // A replica is not sent on: what was sent of it was a change.
            .kind = std::string(version->replica ? version_changed_kind : version_again_kind),
            .container = bucket.name,
            .payload = encode_version(*version),
        });
    }
    if (auto changed = change_version(batch, storage, bucket.number, *version); !changed) return fail(changed.error());
    return true;
}

bool is_far_ahead(Service& service) {
    const auto last = service.log().last().value();
    return std::ranges::any_of(service.options().peers, [&](const Peer& peer) {
        const auto confirmed = service.log().confirmed(peer.region).value();
        return last > confirmed + ahead_max;
    });
}

}  // namespace

io::Task<Result<LoggedAgain>> log_again(Service& service, AgainOptions options, Choose choose) {
    LoggedAgain outcome;
    std::string after = options.after;
    for (;;) {
        while (is_far_ahead(service) && !service.stopping()) co_await service.pause(look_again_after);
        const auto bucket = service.buckets().find(options.bucket);
        if (!bucket || service.stopping() || (options.wanted && !options.wanted())) {
            outcome.finished = false;
            co_return outcome;
        }
        auto work = [&service, number = bucket->number, &options, after] {
            return next_places(service, number, options, after);
        };
        const auto places = co_await service.working().run(std::move(work));
        if (!places) co_return fail(places.error());
        if (places->empty()) co_return outcome;
        if (options.wanted && !options.wanted()) continue;  // nothing is written behind whoever no longer wants it
        std::uint64_t logged = 0;
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            const auto decided = service.buckets().decided(*bucket);
            if (!decided) return {};
            for (const auto& place : *places) {
                const auto one = log_one(service, *decided, place, choose, batch);
                if (!one) return fail(one.error());
                logged += *one ? 1 : 0;
            }
            if (!options.record.empty())
                batch.put(service.storage().catalogue, options.record, options.record_head + places->back());
            return {};
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written) co_return fail(written.error());
        outcome.versions += logged;
        // Failures of one version stand behind its place: the last of them is passed over too.
        after = options.failed_only ? places->back() + '\xff' : places->back();
    }
}

}  // namespace cloudshelf::objects
