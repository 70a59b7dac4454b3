#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/contents/pins.hpp"
#include "region/log/batch.hpp"
#include "region/log/entry.hpp"
#include "region/objects/content_fetcher.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version_store.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cloudshelf::objects {

/// Takes what another region's log says, in two steps: the contents that are missing here are fetched, then a decision
/// writes the versions. What is there already has no effect: entries may come twice. A version that was deleted here
/// for good stays deleted; a change of one that never came is a failure. Lives on the service's executor; one batch at
/// a time.
class Receiving {
public:
    Receiving(Service& service, Peer peer) : service_(service), peer_(peer), fetcher_(service, std::move(peer)) {}

    /// As changelog::Prepare. What is fetched stays pinned until the next call. Errors: those of ContentFetcher::fetch.
    io::Task<Result<std::size_t>> prepare(std::vector<changelog::Entry> entries);
    /// As changelog::Apply. Errors: "objects.bad-record", "objects.not-prepared" (a bucket changed in between: to be
    /// prepared again).
    Result<void> apply(const changelog::Entry& entry, changelog::Batch& batch);
    /// After a commit, or what failed instead of one: what came.
    struct Settled {
        std::uint64_t replicas = 0;  // versions and markers that came
        std::uint64_t bytes = 0;     // their sizes
    };
    Settled settle();

private:
    struct Needed {
        std::map<contents::ContentName, WantedContent> contents;  // by their names here
        std::uint64_t bytes = 0;
    };
    struct Arrival {
        FetchedContent::Outcome outcome = FetchedContent::Outcome::here;
        contents::Pin pin;
    };

    Result<void> need(const changelog::Entry& entry, Needed& needed) const;
    std::vector<WantedContent> pin_what_is_here(Needed& needed);
    Result<void> apply_version(const changelog::Entry& entry, changelog::Batch& batch);
    Result<void> apply_to(
        const changelog::Entry& entry, const Version& theirs, const Destination& to, changelog::Batch& batch
    );
    Result<void> apply_failure(const changelog::Entry& entry, changelog::Batch& batch);
    void note_retry(const changelog::Entry& entry, changelog::Batch& batch);
    Result<std::string> arrived(Version& replica, const std::string& key) const;

    Service& service_;
    Peer peer_;
    ContentFetcher fetcher_;
    std::map<contents::ContentName, Arrival> arrivals_;
    Freed freed_;
    Settled settled_;
};

}  // namespace cloudshelf::objects
