#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::bookstore {

/// Reads CSV as RFC 4180 has it, strictly: a quote inside an unquoted field or text after a closing quote is an error.
/// After an error it goes on at the next line, so that one bad row costs one row.
class CsvReader {
public:
    explicit CsvReader(std::string_view text) : text_(text) {}

    struct Record {
        std::size_t line = 0;  // where it begins, counted from 1
        std::vector<std::string> fields;
    };
    bool at_end() const { return position_ >= text_.size(); }
    /// The line that the next record begins on.
    std::size_t line() const { return line_; }
    /// Precondition: not at the end. Errors: "bookstore.csv".
    Result<Record> next();

private:
    Result<Record> give_up(std::size_t start, std::size_t line, std::string message);
    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t line_ = 1;
};

}  // namespace cloudshelf::bookstore
