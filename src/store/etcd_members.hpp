#pragma once

#include "store/etcd.hpp"

#include <string>
#include <vector>

namespace cloudshelf::store {

/// Whether the cluster keeps a majority that is up while this member is away and a new one takes its place: the others
/// that are up must be a majority of as many members as there are now, or of one more where it is no member any more.
/// Errors: "guard.no-majority".
Result<void> may_replace(
    const std::vector<EtcdMemberInfo>& members, const std::vector<EtcdStatus>& status, const std::string& name
);

/// Whether the member is up and has what the leader has, but for what is under way.
bool is_in_step(
    const std::vector<EtcdMemberInfo>& members, const std::vector<EtcdStatus>& status, const std::string& name
);

}  // namespace cloudshelf::store
