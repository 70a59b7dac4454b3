#pragma once

#include "controller/applications.hpp"
#include "controller/config.hpp"
#include "controller/journal_copy.hpp"
#include "controller/leadership.hpp"
#include "controller/peers.hpp"
#include "controller/services.hpp"
#include "core/rebuild.hpp"

#include <memory>
#include <vector>

namespace cloudshelf::controller {

/// The control plane's state as a whole: taken away, put back, and made anew where it is lost at all sites
/// (docs/operations/three-sites.md).
///
///     GET  /v1/state                     keys (operator)
///     GET  /v1/state/journal?from=<n>    a page of the journal, entries as they are (operator)
///     POST /v1/state/restore             {"begin": …}, then {"entries": …}, then {"finish": …} (approver)
///     POST /v1/state/rebuild             {"region"?}: what would be written (operator); with "approve": written
///     (approver)
///
/// Whatever writes holds `control/rebuild`, with a term newer than all that are known; raising `control/term` to it
/// comes last, and only then does anybody lead. What was broken off is done again from the beginning, and harms
/// nothing.
class StateApi {
public:
    StateApi(
        const Services& services,
        const ControllerConfig& config,
        const Applications& applications,
        Leadership& leadership,
        const Peers& peers,
        const JournalCopy& copy
    );

    io::Task<io::HttpResponse> answer(io::HttpRequest request, ApiToken token);

private:
    struct Lost {
        const Application* application = nullptr;
        std::uint64_t revision = 0;  // of the lease in the store; 0: there is none
        core::Rebuild rebuild;
    };

    io::Task<io::HttpResponse> keys();
    io::Task<io::HttpResponse> journal(io::HttpRequest request);
    io::Task<io::HttpResponse> restore(io::HttpRequest request, ApiToken token);
    io::Task<io::HttpResponse> rebuild(io::HttpRequest request, ApiToken token);

    io::Task<core::RegionSays> ask(const SiteConfig& site);
    io::Task<std::vector<core::RegionSays>> ask_regions(const ApplicationConfig& application);
    io::Task<Result<Lost>> propose(
        const Application& application,
        std::optional<RegionName> chosen,
        std::optional<core::LeaseSeen> also_seen = std::nullopt
    );
    /// Journals it, then writes it. Errors: "guard.another-rebuilds".
    io::Task<Result<void>> write_lease(Lost lost, std::string by, std::string reason);
    io::Task<std::vector<core::LeaseSeen>> remembered(const Application& application);
    io::Task<Result<std::uint64_t>> newest_term();
    io::Task<Result<void>> set(std::string key, std::string value);
    /// From now on we are the one who rebuilds, and journal with this term. Errors: "guard.another-rebuilds".
    io::Task<Result<void>> hold(std::uint64_t term);
    io::Task<Result<void>> still_hold(std::uint64_t term);
    /// The last thing: now somebody may lead, and reads it all.
    io::Task<Result<void>> open_for_leaders(std::uint64_t term);
    io::Task<Result<void>> begin_restore(std::uint64_t* term, std::uint64_t backed_up);
    /// Answers the leases that a person has to decide on: {"lease", "code", "why"}.
    io::Task<Result<boost::json::array>> put_back(boost::json::array keys, std::string by, std::string reason);
    io::Task<Result<void>> put_back_lease(
        std::string key, core::LeaseRecord record, std::string by, std::string reason
    );
    io::Task<Result<std::uint64_t>> bring_back_journal();

    const Services& services_;
    const ControllerConfig& config_;
    const Applications& applications_;
    Leadership& leadership_;
    const Peers& peers_;
    const JournalCopy& copy_;
    io::BlockingPool pool_{1};
};

}  // namespace cloudshelf::controller
