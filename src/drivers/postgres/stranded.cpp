#include "drivers/postgres/stranded.hpp"

#include "core/lease_record.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <set>

namespace cloudshelf::postgres {
namespace {

namespace json = boost::json;

/// Reads `column[type]:value` one after the other. A value that test_decoding did not print (an unchanged large value)
/// is left out of the row.
class ColumnReader {
public:
    explicit ColumnReader(std::string_view text) : text_(text) {}

    Columns read() {
        Columns columns;
        while (at_ < text_.size()) {
            std::string column = name();
            if (at_ >= text_.size() || text_[at_] != '[') break;
            skip_type();
            bool given = true;
            auto what = value(given);
            if (given) columns.emplace_back(std::move(column), std::move(what));
            if (at_ < text_.size() && text_[at_] == ' ') ++at_;
        }
        return columns;
    }

private:
    std::string name() {
        if (at_ < text_.size() && text_[at_] == '"') return quoted('"');
        const std::size_t from = at_;
        while (at_ < text_.size() && text_[at_] != '[') ++at_;
        return std::string(text_.substr(from, at_ - from));
    }

    void skip_type() {  // "[integer[]]:", "[character varying]:"
        int depth = 0;
        do {
            if (text_[at_] == '[') ++depth;
            if (text_[at_] == ']') --depth;
            ++at_;
        } while (depth > 0 && at_ < text_.size());
        if (at_ < text_.size() && text_[at_] == ':') ++at_;
    }

    std::optional<std::string> value(bool& given) {
        if (at_ < text_.size() && text_[at_] == 'B' && at_ + 1 < text_.size() && text_[at_ + 1] == '\'') ++at_;
        if (at_ < text_.size() && text_[at_] == '\'') return quoted('\'');
        const std::size_t from = at_;
        while (at_ < text_.size() && text_[at_] != ' ') ++at_;
        const std::string_view bare = text_.substr(from, at_ - from);
        given = bare != "unchanged-toast-datum";
        if (bare == "null") return std::nullopt;
        return std::string(bare);
    }

    std::string quoted(char mark) {
        std::string out;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] != mark) {
                out += text_[at_];
            } else if (at_ + 1 < text_.size() && text_[at_ + 1] == mark) {
                out += mark;
                ++at_;
            } else {
                ++at_;
                break;
            }
        }
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

json::object object_of(const Columns& columns) {
    json::object out;
    for (const auto& [name, value] : columns) {
        if (value) {
            out[name] = *value;
        } else {
            out[name] = nullptr;
        }
    }
    return out;
}

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        visit(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
}

}  // namespace

std::vector<std::string> copy_fields(std::string_view line) {
    std::vector<std::string> fields(1);
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\t') {
            fields.emplace_back();
        } else if (line[i] == '\\' && i + 1 < line.size()) {
            static constexpr std::string_view escaped = "btnvfr";
            static constexpr std::string_view meant = "\b\t\n\v\f\r";
            ++i;
            const auto known = escaped.find(line[i]);
            fields.back() += known == std::string_view::npos ? line[i] : meant[known];
        } else {
            fields.back() += line[i];
        }
    }
    return fields;
}

std::optional<Change> parse_change(std::string_view decoded) {
    if (!decoded.starts_with("table ")) return std::nullopt;
    // A table's quoted name may hold anything, so the colon after it is looked for outside quotes.
    std::size_t end = 6;
    for (bool quoted = false; end < decoded.size(); ++end) {
        if (decoded[end] == '"') quoted = !quoted;
        if (!quoted && decoded[end] == ':') break;
    }
    Change change;
    change.table = decoded.substr(6, end - 6);
    std::string_view rest = end + 2 <= decoded.size() ? decoded.substr(end + 2) : std::string_view();
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    change.operation = rest.substr(0, colon);
    rest = colon + 2 <= rest.size() ? rest.substr(colon + 2) : std::string_view();
    if (rest.starts_with('(') || change.operation == "TRUNCATE") return change;
    if (rest.starts_with("old-key: ")) {
        // The new row begins where a value has ended: the same words inside a value are within quotes.
        bool quoted = false;
        std::size_t at = 9;
        for (; at < rest.size(); ++at) {
            if (rest[at] == '\'') quoted = !quoted;
            if (!quoted && rest.substr(at).starts_with(" new-tuple: ")) break;
        }
        change.old_key = ColumnReader(rest.substr(9, at - 9)).read();
        rest = at + 12 <= rest.size() ? rest.substr(at + 12) : std::string_view();
    }
    change.row = ColumnReader(rest).read();
    return change;
}

Result<Stranded> stranded_changes(std::string_view changes, std::string_view keys, Lsn fork) {
    std::map<std::string, std::set<std::string>> key_columns;
    for_each_line(keys, [&](std::string_view line) {
        auto fields = copy_fields(line);
        if (fields.size() == 2) key_columns[fields[0]].insert(fields[1]);
    });
    Stranded found;
    std::vector<Change> transaction;
    bool complete = false;
    for_each_line(changes, [&](std::string_view line) {
        const auto fields = copy_fields(line);
        if (fields.size() != 2) return;
        if (fields[0].empty() && fields[1] == "END") complete = true;
        if (fields[1].starts_with("BEGIN")) transaction.clear();
        if (auto change = parse_change(fields[1])) {
            if (change->table != "cloudshelf.heartbeat") transaction.push_back(std::move(*change));
        }
        if (!fields[1].starts_with("COMMIT")) return;
        // What counts is where the transaction ended: begun before the fork and committed beyond it, it is stranded
        // as a whole.
        const auto ended = core::parse_lsn(fields[0]);
        if (ended && *ended > fork) {
            for (const Change& change : transaction) {
                Columns key = change.old_key;
                if (key.empty()) {
                    const auto& names = key_columns[change.table];
                    for (const auto& column : change.row)
                        if (names.contains(column.first) || change.operation == "DELETE") key.push_back(column);
                }
                const json::object row{
                    {"table", change.table},
                    {"key", object_of(key)},
                    {"operation", change.operation},
                    {"row", change.operation == "DELETE" ? json::object() : object_of(change.row)},
                    {"lsn", fields[0]},
                };
                found.lines += json::serialize(row) + "\n";
                ++found.count;
            }
        }
        transaction.clear();
    });
    if (!complete) return fail("postgres.stranded", "reading the old server's changes was cut short");
    return found;
}

}  // namespace cloudshelf::postgres
