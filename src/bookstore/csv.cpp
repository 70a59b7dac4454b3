#include "bookstore/csv.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::bookstore {

Result<CsvReader::Record> CsvReader::give_up(std::size_t start, std::size_t line, std::string message) {
    position_ = std::min(text_.find('\n', start), text_.size());
    if (position_ < text_.size()) ++position_;
    line_ = line + 1;
    return fail("bookstore.csv", std::move(message));
}

Result<CsvReader::Record> CsvReader::next() {
    const auto start = position_;
    Record record{.line = line_, .fields = {}};
    auto at = position_;
    auto line = line_;
    for (;;) {  // one field each time
        std::string field;
        if (at < text_.size() && text_[at] == '"') {
            for (++at;; ++at) {
                if (at >= text_.size()) return give_up(start, record.line, "a quoted field is never closed");
                if (text_[at] == '"') {
                    if (at + 1 >= text_.size() || text_[at + 1] != '"') break;
                    ++at;
                } else if (text_[at] == '\n') {
                    ++line;
                }
                field += text_[at];
            }
            ++at;
        } else {
            const auto end = std::min(text_.find_first_of(",\"\r\n", at), text_.size());
            field.assign(text_.substr(at, end - at));
            at = end;
        }
        record.fields.push_back(std::move(field));
        if (at < text_.size() && text_[at] == ',') {
            ++at;
            continue;
        }
        if (at < text_.size() && text_[at] == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n') ++at;
        if (at >= text_.size() || text_[at] == '\n') break;
        return give_up(
            start,
            record.line,
            fmt::format("field {}: expected a comma or the end of the line after it", record.fields.size())
        );
    }
    position_ = std::min(at + 1, text_.size());
    line_ = line + 1;
    return record;
}

}  // namespace cloudshelf::bookstore
