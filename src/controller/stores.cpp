#include "controller/stores.hpp"

#include "store/sqlite.hpp"

#include <algorithm>

namespace cloudshelf::controller {

Result<OpenStore> open_store(io::Executor executor, const ControllerConfig& config) {
    if (config.store.etcd.empty()) {
        auto opened = store::SqliteStore::open(config.data / "state.db");
        if (!opened) return fail(opened.error());
        return OpenStore{.store = std::move(*opened)};
    }
    auto tls = io::TlsContext::open({.identity = config.store.identity});
    if (!tls) return fail(tls.error());
    store::EtcdStore::Options options{.gateway = {.try_limit = config.store.try_limit, .http = {.tls = *tls}}};
    for (const auto& member : config.store.etcd) {
        const bool own = member.site == config.site;
        auto& endpoints = options.gateway.endpoints;
        endpoints.insert(own ? endpoints.begin() : endpoints.end(), member.endpoint);
        options.gateway.http.names[member.endpoint] = io::site_host_name(member.site.value());
    }
    auto store = std::make_unique<store::EtcdStore>(std::move(executor), std::move(options));
    store::EtcdStore* etcd = store.get();
    return OpenStore{.store = std::move(store), .etcd = etcd};
}

}  // namespace cloudshelf::controller
