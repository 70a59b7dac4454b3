#include "controller/member_api.hpp"

#include "controller/json_path.hpp"
#include "io/log.hpp"
#include "store/etcd_members.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;

io::HttpResponse refused(const Error& error) {
    const bool guard = error.code.starts_with("guard.");
    return io::HttpResponse::error(guard ? 409 : 503, error.code, error.message);
}

json::object list_of(const std::vector<store::EtcdMemberInfo>& members, const std::vector<store::EtcdStatus>& status) {
    json::array all;
    for (const auto& member : members) {
        const auto says = std::ranges::find_if(status, [&](const store::EtcdStatus& one) {
            return one.answers && one.id == member.id;
        });
        json::object entry{
            {"id", std::to_string(member.id)},
            {"name", member.name},
            {"peer_urls", json::value_from(member.peer_urls)},
            {"up", says != status.end() && says->has_leader},
            {"in_step", store::is_in_step(members, status, member.name)},
        };
        if (says != status.end()) {
            entry["leads"] = says->leads;
            entry["version"] = says->version;
            entry["database_bytes"] = says->database_bytes;
        }
        all.push_back(std::move(entry));
    }
    return {{"members", std::move(all)}};
}

}  // namespace

io::Task<io::HttpResponse> MemberApi::answer(io::HttpRequest request, ApiToken token) {
    if (etcd_ == nullptr)
        co_return io::HttpResponse::error(409, "guard.no-members", "the state is in SQLite: it has no members");
    if (request.method == "POST" && token.role != Role::approver)
        co_return io::HttpResponse::error(403, "forbidden", "changing members takes the word of an approver");
    if (request.method == "POST") co_return co_await change(std::move(request));
    const auto members = co_await etcd_->members();
    if (!members) co_return refused(members.error());
    const auto status = co_await etcd_->status();
    co_return io::HttpResponse::json(200, json::serialize(list_of(*members, status)));
}

io::Task<io::HttpResponse> MemberApi::change(io::HttpRequest request) {
    const std::string path(request.path());
    const json::value body = json::parse(request.body);
    const std::string name = json::value_to<std::string>(body.at("name"));
    const bool adds = path == "/v1/members/add";
    if (!adds && path != "/v1/members/remove") co_return io::HttpResponse::error(404, "no-such-call", path);
    const auto members = co_await etcd_->members();
    if (!members) co_return refused(members.error());
    const auto status = co_await etcd_->status();
    if (const auto may = store::may_replace(*members, status, name); !may) co_return refused(may.error());
    const json::value* named = find(body, "/peer_url");
    const std::string url = adds || named != nullptr ? json::value_to<std::string>(body.at("peer_url")) : std::string();
    const auto there = std::ranges::find_if(*members, [&](const store::EtcdMemberInfo& member) {
        // One that was added and has not been up has no name yet.
        const bool same_url = std::ranges::find(member.peer_urls, url) != member.peer_urls.end();
        return adds || member.name.empty() ? same_url : member.name == name;
    });
    const bool changes = adds == (there == members->end());
    Result<void> changed;
    if (changes && adds) changed = co_await etcd_->add_member(url);
    if (changes && !adds) changed = co_await etcd_->remove_member(there->id);
    if (!changed) co_return refused(changed.error());
    io::log(
        io::Level::warning,
        "controller.store-members",
        {{"member", name}, {"change", adds ? "added" : "removed"}, {"there_before", changes == adds ? "no" : "yes"}}
    );
    co_return io::HttpResponse::json(200, json::serialize(json::object{{"changed", changes}}));
}

}  // namespace cloudshelf::controller
