#pragma once

#include "base/ids.hpp"
#include "io/file.hpp"
#include "io/lease_page.hpp"

#include <filesystem>
#include <string_view>

namespace cloudshelf::region {

/// `<data>/writer-intervals.jsonl`: from when to when this region could write, one line for each beginning and end. For
/// reports, which look for overlaps; nobody decides by it.
class WriterIntervals {
public:
    WriterIntervals(const std::filesystem::path& data, RegionName region);

    /// Whoever ran before us may have written until its page's deadline, and not a moment longer.
    void ended_by_deadline(const io::LeaseView& before);
    void begins(Epoch epoch);
    void ends(Epoch epoch);

private:
    void append(Epoch epoch, std::string_view what, TimePoint at);

    RegionName region_;
    io::AppendFile file_;
    bool open_ = false;
};

}  // namespace cloudshelf::region
