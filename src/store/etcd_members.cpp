#include "store/etcd_members.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::store {
namespace {

constexpr std::uint64_t entries_under_way = 100;  // of Raft: what a busy cluster writes between two answers

const EtcdStatus* status_of(const std::vector<EtcdStatus>& status, std::uint64_t id) {
    const auto found = std::ranges::find_if(status, [&](const EtcdStatus& one) { return one.answers && one.id == id; });
    return found == status.end() ? nullptr : &*found;
}

}  // namespace

Result<void> may_replace(
    const std::vector<EtcdMemberInfo>& members, const std::vector<EtcdStatus>& status, const std::string& name
) {
    // One that was added and has not been up has no name yet.
    const bool is_member =
        std::ranges::any_of(members, [&](const auto& member) { return member.name == name || member.name.empty(); });
    const std::size_t size = members.size() + (is_member ? 0 : 1);
    const auto up = static_cast<std::size_t>(std::ranges::count_if(members, [&](const EtcdMemberInfo& member) {
        const auto* says = status_of(status, member.id);
        return member.name != name && says && says->has_leader;
    }));
    if (up >= size / 2 + 1) return {};
    return fail(
        "guard.no-majority",
        fmt::format(
            "of {} members of the state store {} besides {} are up, and {} have to be: bring one back first",
            size,
            up,
            name,
            size / 2 + 1
        )
    );
}

bool is_in_step(
    const std::vector<EtcdMemberInfo>& members, const std::vector<EtcdStatus>& status, const std::string& name
) {
    std::uint64_t newest = 0;
    for (const auto& one : status) newest = std::max(newest, one.raft_index);
    const auto member = std::ranges::find(members, name, &EtcdMemberInfo::name);
    if (member == members.end()) return false;
    const auto* says = status_of(status, member->id);
    return says && says->has_leader && says->raft_index + entries_under_way >= newest;
}

}  // namespace cloudshelf::store
