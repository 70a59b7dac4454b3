#pragma once

#include "io/task.hpp"
#include "region/objects/version_store.hpp"

namespace cloudshelf::objects {

class Service;

/// Removes contents that nobody refers to any more: those that were freed soon, and, when the service starts and once a
/// day, all that a crash between a file and its reference left. After a commit that may have been carried out or not
/// nothing is removed until the log is opened anew. Lives on the service's executor.
class Collector {
public:
    explicit Collector(Service& service) : service_(service) {}

    /// To be looked at: some may be referred to still.
    void add(Freed freed);
    /// Until the service stops.
    io::Task<void> run();

    /// Removes what of these has no reference. Answers those that are to be looked at again, as somebody is just
    /// storing a reference. Blocks; any thread.
    static Freed collect(Service& service, const Freed& freed);

private:
    io::Task<void> look_at_all();

    Service& service_;
    Freed waiting_;
};

}  // namespace cloudshelf::objects
