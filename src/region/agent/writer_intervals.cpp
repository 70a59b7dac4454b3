#include "region/agent/writer_intervals.hpp"

#include "io/clock.hpp"

#include <boost/json.hpp>

namespace cloudshelf::region {

namespace json = boost::json;

WriterIntervals::WriterIntervals(const std::filesystem::path& data, RegionName region) : region_(std::move(region)) {
    if (auto file = io::AppendFile::open(data / "writer-intervals.jsonl")) file_ = std::move(*file);
}

void WriterIntervals::ended_by_deadline(const io::LeaseView& before) {
    if (before.state != io::WriteState::writing && before.state != io::WriteState::paused) return;
    append(before.epoch, "until_ns", before.deadline);
}

void WriterIntervals::begins(Epoch epoch) {
    if (!std::exchange(open_, true)) append(epoch, "from_ns", io::now());
}

void WriterIntervals::ends(Epoch epoch) {
    if (std::exchange(open_, false)) append(epoch, "until_ns", io::now());
}

void WriterIntervals::append(Epoch epoch, std::string_view what, TimePoint at) {
    const json::object line{
        {"region", region_.value()}, {"epoch", epoch.value()}, {what, at.time_since_epoch().count()}
    };
    [[maybe_unused]] const auto noted = file_.append(json::serialize(line) + "\n", io::AppendFile::Sync::no);
}

}  // namespace cloudshelf::region
