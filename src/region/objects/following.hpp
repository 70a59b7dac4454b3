#pragma once

#include "io/task.hpp"
#include "region/objects/replicator.hpp"
#include "region/objects/service.hpp"

namespace cloudshelf::objects {

/// Pulls another region's log and applies what it says of the buckets that are here, until the service stops. Where the
/// log there was trimmed beyond us, or is another one by now, all that is replicated to here is asked for again.
io::Task<void> follow(Service& service, Replicator& replicator, Peer peer);

}  // namespace cloudshelf::objects
