#include "twin/replace.hpp"

#include "io/clock.hpp"
#include "io/tls.hpp"
#include "twin/functions.hpp"
#include "twin/prepare.hpp"
#include "twin/site.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <thread>

namespace cloudshelf::twin {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration change_limit = 20s;  // for a change of members: the members may be electing
constexpr Duration join_limit = 120s;
constexpr Duration election_limit = 10s;

/// Asks again while the members have no leader, as after the loss of one; a guard's refusal counts at once.
Result<bool> change_members(const Layout& layout, const std::string& target, json::object body) {
    const auto token = operator_token(layout);
    if (!token) return fail(token.error());
    Error last;
    for (const auto deadline = io::Deadline::after(change_limit); !deadline.passed();
         std::this_thread::sleep_for(200ms)) {
        const auto done =
            ask_controllers(layout, {.method = "POST", .target = target, .token = *token, .body = body, .limit = 10s});
        if (done) return done->at("changed").as_bool();
        last = done.error();
        if (!last.code.starts_with("store.")) break;
    }
    return fail(last);
}

std::string text_at(const json::value& value, const char* pointer) {
    boost::system::error_code none;
    const auto* found = value.find_pointer(pointer, none);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

/// What of the site is not in step yet; empty: nothing.
std::string missing(const Layout& layout, const Site& site) {
    const auto all = members(layout);
    if (!all) return all.error().message;
    bool member = false;
    for (const auto& one : all->at("members").as_array())
        member |= one.at("name").as_string() == site.name.value() && one.at("in_step").as_bool();
    if (!member) return "its member of etcd is not in step";
    const auto token = operator_token(layout);
    if (!token) return token.error().message;
    const auto controller = call({.to = controller_endpoint(layout, site), .target = "/v1/leader", .token = *token});
    if (!controller) return controller.error().message;
    if (!controller->at("store").as_bool()) return "its controller does not reach the store";
    const auto agent = agent_status(layout, site);
    if (!agent) return agent.error().message;
    if (site.kind == SiteKind::witness) return {};
    const std::string role = text_at(*agent, "/role");
    if (role != "standby") return fmt::format("its database is {} ({})", role, text_at(*agent, "/detail"));
    const auto status = controller_status(layout);
    if (!status) return status.error().message;
    const std::string sync = text_at(*status, "/lease/sync");
    return sync == "in-step" ? "" : fmt::format("its database is {}", sync);
}

}  // namespace

Result<bool> add_member(const Layout& layout, const std::string& name, const std::string& peer_url) {
    return change_members(layout, "/v1/members/add", {{"name", name}, {"peer_url", peer_url}});
}

Result<bool> remove_member(const Layout& layout, const std::string& name, const std::string& peer_url) {
    json::object body{{"name", name}};
    if (!peer_url.empty()) body["peer_url"] = peer_url;
    return change_members(layout, "/v1/members/remove", std::move(body));
}

Result<json::value> members(const Layout& layout) {
    const auto token = operator_token(layout);
    if (!token) return fail(token.error());
    return ask_controllers(layout, {.target = "/v1/members", .token = *token});
}

namespace {

/// The others may have to choose a leader first, if it was with the member that is lost; until then none counts as up.
Result<bool> remove_lost(const Layout& layout, const std::string& name) {
    for (const auto deadline = io::Deadline::after(election_limit);; std::this_thread::sleep_for(200ms)) {
        auto removed = remove_member(layout, name);
        if (removed || removed.error().code != "guard.no-majority" || deadline.passed()) return removed;
    }
}

}  // namespace

Result<void> replace_site(
    const Layout& layout, const std::string& name, const UpOptions& options, Force force, Progress progress
) {
    const auto site = layout.site(name);
    if (!site) return fail(site.error());
    if (layout.single) return fail("guard.no-members", "one controller alone has no other sites");
    const auto status = controller_status(layout);
    if (!status) return fail(status.error());
    if (text_at(*status, "/lease/region") == name)
        return fail("guard.is-writer", fmt::format("{} is the writer's: `cloudshelf failover` first", name));
    const bool up = site_pid(site->directory) != 0;
    if (up && force == Force::no)
        return fail("guard.site-up", fmt::format("{} is up: --force loses what it has", name));
    if (up) progress(fmt::format("{} is lost, as its disk", name));
    if (up && !kill_site(site->directory)) return fail("twin.still-running", fmt::format("{} does not end", name));

    progress("its member of etcd is removed");
    if (const auto removed = remove_lost(layout, name); !removed) return fail(removed.error());
    std::error_code failed;
    fs::remove_all(site->directory, failed);
    if (failed) return fail("twin.directory", fmt::format("{}: {}", site->directory.string(), failed.message()));
    progress("a new one is added");
    const std::string url = fmt::format("https://{}:{}", io::site_host_name(name), Ports::etcd_peer);
    if (const auto added = add_member(layout, name, url); !added) return fail(added.error());
    if (const auto prepared = prepare_site(layout, options, *site, EtcdStart::joins); !prepared) return prepared;
    progress(fmt::format("starting {} at {}", name, site->address));
    if (const auto started = start_site(options.programs / "cloudshelf", site->directory); !started)
        return fail(started.error());
    std::string still;
    for (const auto deadline = io::Deadline::after(join_limit); !deadline.passed();
         std::this_thread::sleep_for(200ms)) {
        still = missing(layout, *site);
        if (!still.empty()) continue;
        if (site->kind == SiteKind::region && has_functions(layout)) {
            progress("functions");
            if (const auto deployed = deploy_functions(layout, options); !deployed) return deployed;
        }
        // Its next start finds its data, or, with all the others', none.
        return prepare_site(layout, options, *site, EtcdStart::together);
    }
    return fail("twin.not-ready", fmt::format("{} is not in step within {} s: {}", name, join_limit / 1s, still));
}

}  // namespace cloudshelf::twin
