#include "core/timelines.hpp"

#include "core/lease_record.hpp"

#include <algorithm>
#include <sstream>
#include <string>

namespace cloudshelf::core {

std::vector<Fork> parse_history(std::string_view text) {
    std::vector<Fork> forks;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::uint32_t timeline = 0;
        std::string position;
        if (words >> timeline >> position) forks.push_back({timeline, parse_lsn(position).value_or(Lsn(0))});
    }
    return forks;
}

Lineage lineage(const Timelines& ours, const Timelines& writers) {
    if (writers.timeline < ours.timeline) return {};  // ours is a later one: promoted on both sides
    if (ours.forks.size() > writers.forks.size()) return {};
    if (!std::equal(ours.forks.begin(), ours.forks.end(), writers.forks.begin())) return {};
    if (writers.timeline == ours.timeline)
        return {.common = ours.forks.size() == writers.forks.size(), .fork = writers.end};
    for (const Fork& fork : writers.forks) {
        if (fork.timeline == ours.timeline) return {.common = true, .fork = fork.at};
    }
    return {};
}

bool follows_without_a_rewind(const OldData& ours, const Lineage& lineage) {
    const bool nothing_of_its_own = ours.is_standby || (ours.ended_cleanly && ours.checkpoint < lineage.fork);
    return lineage.common && nothing_of_its_own;
}

}  // namespace cloudshelf::core
