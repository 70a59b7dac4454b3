#pragma once

#include "io/http.hpp"
#include "io/task.hpp"
#include "region/contents/name.hpp"
#include "region/objects/service.hpp"

#include <cstdint>

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
        nobody,       // every other region was asked, and none has it
        unreachable,  // one that may have it does not answer
    };
    /// Whatever lies there is replaced by what another region has, if it has the right SHA-256.
    io::Task<Outcome> repair(contents::ContentName name);

    std::uint64_t repaired() const { return repaired_; }
    std::uint64_t lost() const { return lost_; }

private:
    io::Task<Outcome> repair_from(Peer peer, contents::ContentName name);

    Service& service_;
    io::HttpClient client_;
    std::uint64_t repaired_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace cloudshelf::objects
