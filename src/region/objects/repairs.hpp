#pragma once

#include "io/http.hpp"
#include "io/task.hpp"
#include "region/contents/name.hpp"
#include "region/objects/service.hpp"

#include <cstdint>
#include <map>
#include <memory>

namespace cloudshelf::objects {

/// Whether an error says that a content here is not what it was, so that another region's may take its place.
bool wants_repair(const Error& error);

/// Brings contents back that were altered or lost, from whichever region has the same bytes. Lives on the service's
/// executor.
class Repairs {
public:
    explicit Repairs(Service& service);

    enum class Outcome : std::uint8_t {
        repaired,     // durable, and whole
        unwanted,     // nobody refers to it any more
        nobody,       // every other region was asked, and none has it
        unreachable,  // one that may have it does not say so
    };
    /// What is altered is set aside, so that nothing new is taken to be there already, and what another region has
    /// takes its place, if it has the right SHA-256. Who asks for the same one meanwhile gets the same answer.
    io::Task<Outcome> repair(contents::ContentName name);

    std::uint64_t repaired() const { return repaired_; }
    std::uint64_t lost() const { return lost_; }

private:
    struct UnderWay;
    io::Task<Outcome> repair_alone(contents::ContentName name);
    io::Task<Outcome> repair_from(Peer peer, contents::ContentName name);

    Service& service_;
    io::HttpClient client_;
    std::map<contents::ContentName, std::shared_ptr<UnderWay>> under_way_;
    std::uint64_t repaired_ = 0;
    std::uint64_t lost_ = 0;
};

/// After a content could not be read: whether that was because it was altered or lost, and it is whole now, so that it
/// can be read. Says to whoever watches what was found.
io::Task<bool> bring_back(Service& service, contents::ContentName name, Error why);

}  // namespace cloudshelf::objects
