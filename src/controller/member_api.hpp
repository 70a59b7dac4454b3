#pragma once

#include "controller/config.hpp"
#include "io/http.hpp"
#include "store/etcd.hpp"

namespace cloudshelf::controller {

/// The members of the state store, where it is etcd (docs/operations/three-sites.md, "Replacing a site").
///
///     GET  /v1/members                              who they are, who is up and in step (operator)
///     POST /v1/members/remove  {"name"}             (approver) 409 guard.no-majority where that would cost it
///     POST /v1/members/add     {"name", "peer_url"} (approver) the same; what is there already is well
class MemberApi {
public:
    /// `etcd` may be null: there are no members then.
    explicit MemberApi(store::EtcdStore* etcd) : etcd_(etcd) {}

    io::Task<io::HttpResponse> answer(io::HttpRequest request, ApiToken token);

private:
    io::Task<io::HttpResponse> change(io::HttpRequest request);

    store::EtcdStore* etcd_;
};

}  // namespace cloudshelf::controller
