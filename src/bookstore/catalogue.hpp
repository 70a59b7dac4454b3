#pragma once

#include "bookstore/ports.hpp"

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::bookstore {

struct Book {
    std::string source;  // "goodbooks/17": the same book has the same source in every import
    std::string title;
    std::vector<std::string> authors;
    std::optional<int> year;  // negative: before the common era
    std::string isbn;         // 13 digits, or empty
    std::vector<std::string> categories;
    std::int64_t price_cents = 0;
};

struct ImportReport {
    struct Rejected {
        std::size_t line = 0;
        std::string reason;
    };
    std::size_t kept = 0;
    std::vector<Rejected> rejected;
};

/// Imports a file in the format of goodbooks-10k (a header line, then one book a row). Bad rows are rejected with their
/// line number, good ones are kept, one transaction per batch; importing the same file again changes nothing.
/// Errors: "bookstore.not-a-catalogue" (no such columns), "db.…".
Result<ImportReport> import_catalogue(std::istream& csv, std::size_t batch, Database& database);

/// Stores the catalogue that ships with the program. Again changes nothing.
Result<ImportReport> load_shipped_catalogue(Database& database);

/// The catalogue that ships with the program.
Result<std::vector<Book>> shipped_catalogue();

/// One transaction per batch; idempotent.
Result<void> store_books(const std::vector<Book>& books, std::size_t batch, Database& database);

/// Whether these are 13 digits of which the last one checks the others.
bool is_isbn13(std::string_view text);
/// The ISBN-13 of an ISBN-10, whose leading zeros a spreadsheet may have dropped; empty when its check digit is wrong.
std::string isbn13_of_isbn10(std::string_view text);

}  // namespace cloudshelf::bookstore
