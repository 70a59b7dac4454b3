#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version.hpp"

#include <functional>
#include <string>

/// Versions that are logged once more: those that a region missed, could not take, or that were there before a rule.
namespace cloudshelf::objects {

/// Whether a version is logged again. May give it other destinations; runs in a decision.
using Choose = std::function<bool(const KnownBucket& bucket, Version& version)>;

struct AgainOptions {
    std::string bucket;
    bool failed_only = false;      // those in "failures"; else all versions
    std::string after;             // a place: behind it
    std::string record;            // a key in "catalogue" that says how far it got; empty: none
    std::string record_head;       // what stands before the place in that record
    std::function<bool()> wanted;  // on the executor; false ends it. Null: until all is done
};

/// Some at a time, and not more at once than the other regions have taken in. What is kept of failures of a version
/// that is logged again goes. Ends early when the bucket is gone or the service stops: `finished` false. Errors: those
/// of ChangeLog::write, "objects.bad-record".
struct LoggedAgain {
    std::uint64_t versions = 0;
    bool finished = true;
};
io::Task<Result<LoggedAgain>> log_again(Service& service, AgainOptions options, Choose choose);

}  // namespace cloudshelf::objects
