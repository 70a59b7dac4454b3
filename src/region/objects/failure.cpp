#include "region/objects/failure.hpp"

#include "region/log/bytes.hpp"

#include <vector>

namespace cloudshelf::objects {
namespace {

using changelog::ByteReader;
using changelog::ByteWriter;
using Length = std::uint16_t;

constexpr std::uint8_t format = 1;
constexpr std::uint8_t report_format_without_source = 1;  // in logs from before
constexpr std::uint8_t report_format = 2;

std::string tail_of(const Failure& failure) {
    return ByteWriter().raw(failure.region.value()).raw("/").raw(failure.destination).take();
}

Result<Failure> decode_failure(std::string_view bytes) {
    ByteReader from(bytes);
    const auto found = from.number<std::uint8_t>();
    Failure failure;
    failure.region = RegionName(std::string(from.text<Length>()));
    failure.destination = from.text<Length>();
    failure.code = from.text<Length>();
    failure.failed_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    if (found != format || !from.finished()) return fail("objects.bad-record", "a failure's record cannot be read");
    return failure;
}

}  // namespace

std::string encode_failure_report(const FailureReport& report) {
    ByteWriter to;
    to.number(report_format).text<Length>(report.key).raw(report.stamp.encode()).number(report.position);
    to.text<Length>(report.destination).text<Length>(report.code);
    return to.text<Length>(report.source.value()).take();
}

Result<FailureReport> decode_failure_report(std::string_view bytes) {
    ByteReader from(bytes);
    const auto found = from.number<std::uint8_t>();
    FailureReport report;
    report.key = from.text<Length>();
    const auto stamp = core::HybridStamp::decode(from.raw(core::HybridStamp::encoded_bytes));
    report.position = from.number<std::uint64_t>();
    report.destination = from.text<Length>();
    report.code = from.text<Length>();
    if (found == report_format) report.source = RegionName(std::string(from.text<Length>()));
    const bool known = found == report_format || found == report_format_without_source;
    if (!known || !stamp || !from.finished()) return fail("objects.bad-record", "a report of a failure cannot be read");
    report.stamp = *stamp;
    return report;
}

void put_failure(
    changelog::Batch& batch, const Storage& storage, const std::string& version_place, const Failure& failure
) {
    ByteWriter to;
    to.number(format).text<Length>(failure.region.value()).text<Length>(failure.destination);
    to.text<Length>(failure.code).number(static_cast<std::uint64_t>(failure.failed_ms));
    batch.put(storage.failures, version_place + tail_of(failure), to.take());
}

Result<void> erase_failures(changelog::Batch& batch, const Storage& storage, const std::string& place) {
    std::vector<std::string> places;
    const auto collect = [&places](std::string_view found, const Failure&) {
        places.emplace_back(found);
        return true;
    };
    if (auto read = each_failure(batch, storage, place, {}, collect); !read) return read;
    for (const auto& found : places) batch.erase(storage.failures, found);
    return {};
}

Result<void> each_failure(
    const changelog::View& view,
    const Storage& storage,
    const std::string& prefix,
    const std::string& after,
    const VisitFailure& visit
) {
    auto range = prefix.empty() ? changelog::KeyRange{} : changelog::KeyRange::prefix(prefix);
    if (!after.empty()) range.from = after + '\0';
    Result<void> all_good;
    const auto take = [&](std::string_view place, std::string_view record) {
        const auto failure = decode_failure(record);
        if (!failure) {
            all_good = fail(failure.error());
            return false;
        }
        return visit(place, *failure);
    };
    if (auto scanned = view.scan(storage.failures, range, take); !scanned) return scanned;
    return all_good;
}

std::string_view version_of_failure(std::string_view place, const Failure& failure) {
    return place.substr(0, place.size() - tail_of(failure).size());
}

}  // namespace cloudshelf::objects
