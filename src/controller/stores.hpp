#pragma once

#include "controller/config.hpp"
#include "store/etcd.hpp"
#include "store/store.hpp"

#include <memory>

namespace cloudshelf::controller {

/// The store that a configuration names, this site's member of it first.
struct OpenStore {
    std::unique_ptr<store::Store> store;
    store::EtcdStore* etcd = nullptr;  // the same, where it is etcd
};

/// Errors: "store.other-version", "store.failed", "tls.files".
Result<OpenStore> open_store(io::Executor executor, const ControllerConfig& config);

}  // namespace cloudshelf::controller
