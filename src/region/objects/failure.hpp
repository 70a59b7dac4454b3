#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/hybrid_clock.hpp"
#include "region/log/batch.hpp"
#include "region/objects/storage.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// Versions that a region could not take: as it says so in its log, and as the source keeps it.
namespace cloudshelf::objects {

/// The kind of a log's entry with a FailureReport.
inline constexpr std::string_view failure_kind = "replication-failed";

/// Why a version did not become a replica; the container of the entry is the source's bucket. Codes are S3's reasons
/// (S3 User Guide, "Amazon S3 replication failure reasons"): DstBucketNotFound, DstBucketUnversioned,
/// DstKmsKeyNotFound, DstObjectHardDeleted, DstPutObjectNotPermitted, SrcObjectNotFound, SrcGetObjectFailed.
struct FailureReport {
    RegionName
        source;  // whose version it is: others read this too, and may have a bucket of that name. Empty: not told
    std::string key;
    core::HybridStamp stamp;     // of the version
    std::uint64_t position = 0;  // of the entry that could not be applied, in the source's log
    std::string destination;     // bucket
    std::string code;
    bool operator==(const FailureReport&) const = default;
};
std::string encode_failure_report(const FailureReport& report);
/// Errors: "objects.bad-record".
Result<FailureReport> decode_failure_report(std::string_view bytes);

/// As it is kept in "failures".
struct Failure {
    RegionName region;  // that said so
    std::string destination;
    std::string code;
    std::int64_t failed_ms = 0;  // since 1970
    bool operator==(const Failure&) const = default;
};

/// Within a decision.
void put_failure(
    changelog::Batch& batch, const Storage& storage, const std::string& version_place, const Failure& failure
);
/// Within a decision: none is kept any more below a place, of a version or a bucket. Errors: those of View::scan.
Result<void> erase_failures(changelog::Batch& batch, const Storage& storage, const std::string& place);

/// All below a place (of a version, a bucket, or everything) and behind `after`, until `visit` answers false. Places
/// are those of versions with the region and the destination behind them. Errors: those of View::scan,
/// "objects.bad-record".
using VisitFailure = std::function<bool(std::string_view place, const Failure& failure)>;
Result<void> each_failure(
    const changelog::View& view,
    const Storage& storage,
    const std::string& prefix,
    const std::string& after,
    const VisitFailure& visit
);
/// The version's place out of a failure's.
std::string_view version_of_failure(std::string_view place, const Failure& failure);

}  // namespace cloudshelf::objects
