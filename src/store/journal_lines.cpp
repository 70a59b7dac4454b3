#include "store/journal_lines.hpp"

#include "store/chain.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <map>
#include <tuple>

namespace cloudshelf::store {
namespace {

namespace json = boost::json;

/// One line without its end. False at the end of the file, or where it is longer than any of ours.
bool next_line(std::istream& in, std::string& line) {
    line.clear();
    for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
        if (c == '\n') return true;
        if (line.size() == line_bytes_max) return false;
        line.push_back(static_cast<char>(c));
    }
    return false;
}

/// An entry, and the copies that have it.
struct Version {
    JournalEntry entry;
    std::vector<std::string> in;
};

}  // namespace

json::object to_json(const JournalEntry& entry) {
    return {
        {"index", entry.index},
        {"at", entry.at},
        {"epoch", entry.epoch},
        {"term", entry.term},
        {"execution", entry.execution},
        {"kind", entry.kind},
        {"data", entry.data},
        {"previous_hash", entry.previous_hash},
        {"hash", entry.hash},
    };
}

std::string to_line(const JournalEntry& entry) {
    return json::serialize(to_json(entry)) + "\n";
}

Result<JournalEntry> parse_line(std::string_view line) {
    boost::system::error_code bad;
    const json::value value = json::parse(line, bad);
    if (bad) return fail("journal.unreadable", fmt::format("no journal entry: {}", bad.message()));
    return parse_entry(value);
}

Result<JournalEntry> parse_entry(const json::value& value) {
    try {
        const auto text = [&](const char* field) { return json::value_to<std::string>(value.at(field)); };
        const auto number = [&](const char* field) { return json::value_to<std::uint64_t>(value.at(field)); };
        return JournalEntry{
            .index = number("index"),
            .at = text("at"),
            .epoch = number("epoch"),
            .term = value.as_object().contains("term") ? number("term") : 0,
            .execution = text("execution"),
            .kind = text("kind"),
            .data = text("data"),
            .previous_hash = text("previous_hash"),
            .hash = text("hash"),
        };
    } catch (const std::exception& problem) {
        return fail("journal.unreadable", fmt::format("no journal entry: {}", problem.what()));
    }
}

Result<JournalFileContent> read_journal_file(
    const std::filesystem::path& path, const std::function<void(const JournalEntry&)>& entry
) {
    JournalFileContent content;
    if (!std::filesystem::exists(path)) return content;
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail("journal.unreadable", fmt::format("{}: cannot be read", path.string()));
    ChainCheck check;
    std::string line;
    while (next_line(in, line)) {
        const auto parsed = parse_line(line);
        const std::uint64_t expected = content.last.index + 1;
        if (!parsed) {
            content.fault = JournalFault{expected, parsed.error().message};
            return content;
        }
        // What came before a copy's first entry is in another file.
        if (content.first.index == 0) check = ChainCheck({.index = parsed->index - 1, .hash = parsed->previous_hash});
        content.fault = check.next(*parsed);
        if (content.fault) return content;
        if (content.first.index == 0) content.first = *parsed;
        content.last = *parsed;
        content.whole_bytes += line.size() + 1;
        if (entry) entry(*parsed);
    }
    content.torn = !line.empty();
    return content;
}

namespace {

/// "0a1b2c3d of term 3 in a, b; …"
std::string who_says_what(const std::vector<const Version*>& versions) {
    std::string who;
    for (const Version* version : versions)
        who += fmt::format(
            "{}{} of term {} in {}",
            who.empty() ? "" : "; ",
            version->entry.hash.substr(0, 8),
            version->entry.term,
            fmt::join(version->in, ", ")
        );
    return who;
}

}  // namespace

MergedJournal merge_journals(std::span<const JournalCopyOf> copies) {
    std::map<std::tuple<std::uint64_t, std::uint64_t, std::string>, Version> versions;  // by term, index, hash
    for (const auto& copy : copies) {
        for (const auto& entry : copy.entries) {
            auto& version = versions[{entry.term, entry.index, entry.hash}];
            version.entry = entry;
            version.in.push_back(copy.name);
        }
    }
    std::map<std::uint64_t, std::vector<const Version*>> at;
    for (const auto& [place, version] : versions) at[version.entry.index].push_back(&version);
    MergedJournal merged;
    std::uint64_t before = 0;
    for (auto one = at.begin(); one != at.end();) {
        const std::uint64_t index = one->first;
        if (before > 0 && index > before + 1)
            merged.differences.push_back(fmt::format("entries {} to {} are in no copy", before + 1, index - 1));
        before = index;
        auto next = std::next(one);
        if (one->second.size() > 1) {
            // One line for all that differ in a row.
            for (; next != at.end() && next->first == before + 1 && next->second.size() > 1; ++next) ++before;
            merged.differences.push_back(fmt::format(
                "entries {} to {} are not the same everywhere; {}: {}", index, before, index, who_says_what(one->second)
            ));
        }
        one = next;
    }
    for (auto& [place, version] : versions) merged.entries.push_back(std::move(version.entry));
    return merged;
}

}  // namespace cloudshelf::store
