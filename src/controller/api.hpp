#pragma once

#include "controller/applications.hpp"
#include "controller/config.hpp"
#include "controller/health.hpp"
#include "controller/journal_copy.hpp"
#include "controller/leadership.hpp"
#include "controller/looks.hpp"
#include "controller/member_api.hpp"
#include "controller/peers.hpp"
#include "controller/services.hpp"
#include "controller/state_api.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::controller {

/// The HTTP API (docs/architecture.md, "Controller"). Every controller serves state store, journal and what it sees;
/// what the leader alone knows or may begin is passed on to it.
class Api {
public:
    Api(const Services& services,
        const ControllerConfig& config,
        const Applications& applications,
        Leadership& leadership,
        const Peers& peers,
        const Looks& looks,
        const std::unique_ptr<HealthChecker>& health,
        const JournalCopy& copy,
        store::EtcdStore* etcd);

    io::Task<io::HttpResponse> answer(io::HttpRequest request);

private:
    std::optional<ApiToken> token_of(const io::HttpRequest& request) const;
    /// By the query's `application`; the first where there is none.
    Application* application_of(const io::HttpRequest& request) const;

    io::Task<io::HttpResponse> dispatch(io::HttpRequest request, ApiToken token);
    io::Task<io::HttpResponse> pass_on(io::HttpRequest request);
    io::Task<io::HttpResponse> store_call(io::HttpRequest request);
    io::Task<io::HttpResponse> start_execution(io::HttpRequest request);
    io::HttpResponse executions(const io::HttpRequest& request) const;
    io::Task<io::HttpResponse> change_execution(io::HttpRequest request, ApiToken token);
    io::Task<io::HttpResponse> journal(io::HttpRequest request);
    io::Task<io::HttpResponse> verify_journal();
    io::HttpResponse leader() const;
    io::HttpResponse events(const io::HttpRequest& request);
    io::HttpResponse metrics() const;
    boost::json::value status(const Application& application) const;
    bool store_answers() const;
    /// Whether another controller leads, as far as we know.
    bool another_leads() const;

    const Services& services_;
    const ControllerConfig& config_;
    const Applications& applications_;
    Leadership& leadership_;
    const Peers& peers_;
    const Looks& looks_;
    const std::unique_ptr<HealthChecker>& health_;
    const JournalCopy& copy_;
    StateApi state_;
    MemberApi members_;
};

}  // namespace cloudshelf::controller
