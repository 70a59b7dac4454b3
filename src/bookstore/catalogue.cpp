#include "bookstore/catalogue.hpp"

#include "base/digest.hpp"
#include "bookstore/answers.hpp"
#include "bookstore/csv.hpp"
#include "bookstore/embedded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>

namespace cloudshelf::bookstore {

namespace {

constexpr Statement store_authors{
    "store_authors", "INSERT INTO authors (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"
};
constexpr Statement store_categories{
    "store_categories", "INSERT INTO categories (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"
};
constexpr Statement store_rows{
    "store_rows",
    "INSERT INTO books (source, title, authors, year, isbn, price_cents) "
    "SELECT source, title, authors, nullif(year, '')::integer, nullif(isbn, ''), price_cents "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) "
    "row (source, title, authors, year, isbn, price_cents) "
    "ON CONFLICT (source) DO UPDATE SET title = excluded.title, authors = excluded.authors, year = excluded.year, "
    "isbn = excluded.isbn, price_cents = excluded.price_cents "
    "WHERE (books.title, books.authors, books.year, books.isbn, books.price_cents) IS DISTINCT FROM "
    "(excluded.title, excluded.authors, excluded.year, excluded.isbn, excluded.price_cents)"
};
constexpr Statement link_authors{
    "link_authors",
    "INSERT INTO book_authors (book_id, author_id) SELECT book_id, author_id "
    "FROM unnest($1::text[], $2::text[]) link (source, name) JOIN books USING (source) JOIN authors USING (name) "
    "ON CONFLICT DO NOTHING"
};
constexpr Statement link_categories{
    "link_categories",
    "INSERT INTO book_categories (book_id, category_id) SELECT book_id, category_id "
    "FROM unnest($1::text[], $2::text[]) link (source, name) JOIN books USING (source) JOIN categories USING (name) "
    "ON CONFLICT DO NOTHING"
};

/// The parts between separators, trimmed, without empty and repeated ones.
std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        auto part = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        if (!part.empty() && std::ranges::find(parts, part) == parts.end()) parts.emplace_back(part);
    }
    return parts;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : "; ") + part;
    return text;
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t more = first < 0x80 ? 0 : first < 0xc2 ? 9 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        if (first == 0 || first > 0xf4 || more == 9 || i + more >= text.size()) return false;
        for (std::size_t k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            const bool overlong = k == 1 && ((first == 0xe0 && next < 0xa0) || (first == 0xf0 && next < 0x90));
            const bool outside = k == 1 && ((first == 0xed && next > 0x9f) || (first == 0xf4 && next > 0x8f));
            if ((next & 0xc0) != 0x80 || overlong || outside) return false;
        }
        i += more + 1;
    }
    return true;
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

int check_digit13(std::string_view twelve) {
    int sum = 0;
    for (std::size_t i = 0; i < 12; ++i) sum += (twelve[i] - '0') * (i % 2 == 0 ? 1 : 3);
    return (10 - sum % 10) % 10;
}

/// A year as goodbooks-10k writes it: "2008.0", "-750.0", or nothing. False: something else.
bool read_year(std::string_view text, std::optional<int>& year) {
    if (text.empty()) return true;
    if (text.ends_with(".0")) text.remove_suffix(2);
    int number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return false;
    if (number < -5000 || number > 2100) return false;
    year = number;
    return true;
}

struct Columns {
    std::size_t id, isbn, isbn13, authors, year, title, count;
};

Result<Book> goodbook(const std::vector<std::string>& fields, const Columns& columns) {
    const auto bad = [](std::string reason) { return fail("bookstore.bad-row", std::move(reason)); };
    if (fields.size() != columns.count) {
        return bad(fmt::format("{} fields; the header has {}", fields.size(), columns.count));
    }
    for (const auto& field : fields) {
        if (!is_utf8(field)) return bad("not valid UTF-8");
    }
    const auto& id = fields[columns.id];
    if (!all_digits(id) || id.size() > 12) return bad(fmt::format("book_id \"{}\" is not a whole number", id));
    Book book;
    book.source = "goodbooks/" + id;
    book.title = fields[columns.title];
    if (book.title.empty() || book.title.size() > 1000) return bad("the title is empty or longer than 1000 bytes");
    book.authors = split(fields[columns.authors], ',');
    if (book.authors.empty()) return bad("there is no author");
    if (!read_year(fields[columns.year], book.year)) {
        return bad(fmt::format("original_publication_year \"{}\" is not a year", fields[columns.year]));
    }
    book.isbn = isbn13_of_isbn10(fields[columns.isbn]);
    if (book.isbn.empty() && is_isbn13(fields[columns.isbn13])) book.isbn = fields[columns.isbn13];
    // The file has no prices: one that is the same in every import will do.
    book.price_cents = 599 + static_cast<std::int64_t>(std::stoull(id) * 7919 % 41) * 50;
    return book;
}

Result<void> store_batch(const Book* first, const Book* last, Database& database) {
    std::set<std::string> authors;
    std::set<std::string> categories;
    std::vector<std::string> source, title, author_text, year, isbn, price;
    std::vector<std::string> author_source, author_name, category_source, category_name;
    for (const auto* book = first; book != last; ++book) {
        source.push_back(book->source);
        title.push_back(book->title);
        author_text.push_back(joined(book->authors));
        year.push_back(book->year ? std::to_string(*book->year) : "");
        isbn.push_back(book->isbn);
        price.push_back(std::to_string(book->price_cents));
        for (const auto& name : book->authors) {
            authors.insert(name);
            author_source.push_back(book->source);
            author_name.push_back(name);
        }
        for (const auto& name : book->categories) {
            categories.insert(name);
            category_source.push_back(book->source);
            category_name.push_back(name);
        }
    }
    auto transaction = database.begin(Durability::local);
    if (!transaction) return fail(transaction.error());
    const auto run = [&](const Statement& statement, const std::vector<Value>& parameters) -> Result<void> {
        const auto done = (*transaction)->query(statement, parameters);
        if (!done) return fail(done.error());
        return {};
    };
    const std::vector<std::string> author_list(authors.begin(), authors.end());
    const std::vector<std::string> category_list(categories.begin(), categories.end());
    const std::vector<Value> rows{
        array_text(source),
        array_text(title),
        array_text(author_text),
        array_text(year),
        array_text(isbn),
        array_text(price)
    };
    const std::pair<const Statement*, std::vector<Value>> steps[] = {
        {&store_authors, {array_text(author_list)}},
        {&store_categories, {array_text(category_list)}},
        {&store_rows, rows},
        {&link_authors, {array_text(author_source), array_text(author_name)}},
        {&link_categories, {array_text(category_source), array_text(category_name)}}
    };
    for (const auto& [statement, parameters] : steps) {
        const auto done = run(*statement, parameters);
        if (!done) return done;
    }
    if ((*transaction)->commit() != Commit::done) {
        return fail(
            "db.unavailable", "a batch was not surely stored: import the file again, that changes nothing else"
        );
    }
    return {};
}

}  // namespace

bool is_isbn13(std::string_view text) {
    return text.size() == 13 && all_digits(text) && check_digit13(text) == text[12] - '0';
}

std::string isbn13_of_isbn10(std::string_view text) {
    if (text.size() < 8 || text.size() > 10) return {};
    const std::string ten = std::string(10 - text.size(), '0') + std::string(text);
    const bool with_x = ten[9] == 'X' || ten[9] == 'x';
    if (!all_digits(std::string_view(ten).substr(0, with_x ? 9 : 10))) return {};
    int sum = with_x ? 10 : ten[9] - '0';
    for (int i = 0; i < 9; ++i) sum += (ten[static_cast<std::size_t>(i)] - '0') * (10 - i);
    if (sum % 11 != 0) return {};
    const auto twelve = "978" + ten.substr(0, 9);
    return twelve + std::to_string(check_digit13(twelve));
}

Result<void> store_books(const std::vector<Book>& books, std::size_t batch, Database& database) {
    for (std::size_t begin = 0; begin < books.size(); begin += std::max<std::size_t>(batch, 1)) {
        const auto end = std::min(books.size(), begin + std::max<std::size_t>(batch, 1));
        const auto stored = store_batch(books.data() + begin, books.data() + end, database);
        if (!stored) return stored;
    }
    return {};
}

Result<ImportReport> import_catalogue(std::istream& csv, std::size_t batch, Database& database) {
    const std::string text{std::istreambuf_iterator<char>(csv), std::istreambuf_iterator<char>()};
    std::string_view content = text;
    if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
    CsvReader reader(content);
    const auto no_catalogue = [](std::string message) {
        return fail(
            "bookstore.not-a-catalogue", message + "; expected a file in the format of goodbooks-10k's books.csv"
        );
    };
    if (reader.at_end()) return no_catalogue("the file is empty");
    const auto header = reader.next();
    if (!header) return no_catalogue("line 1 is not CSV: " + header.error().message);
    std::map<std::string, std::size_t> where;
    for (std::size_t i = 0; i < header->fields.size(); ++i) where.emplace(header->fields[i], i);
    for (const auto* name : {"book_id", "isbn", "isbn13", "authors", "original_publication_year", "title"}) {
        if (!where.contains(name)) return no_catalogue(fmt::format("line 1 has no column \"{}\"", name));
    }
    const Columns columns{
        .id = where["book_id"],
        .isbn = where["isbn"],
        .isbn13 = where["isbn13"],
        .authors = where["authors"],
        .year = where["original_publication_year"],
        .title = where["title"],
        .count = header->fields.size()
    };

    ImportReport report;
    std::vector<Book> books;
    std::map<std::string, std::size_t> line_of;
    while (!reader.at_end()) {
        const auto line = reader.line();
        const auto record = reader.next();
        if (!record) {
            report.rejected.push_back({.line = line, .reason = record.error().message});
            continue;
        }
        auto book = goodbook(record->fields, columns);
        if (!book) {
            report.rejected.push_back({.line = line, .reason = book.error().message});
            continue;
        }
        const auto [seen, is_new] = line_of.emplace(book->source, line);
        if (!is_new) {
            report.rejected.push_back(
                {.line = line, .reason = fmt::format("its book_id is on line {} too", seen->second)}
            );
            continue;
        }
        books.push_back(std::move(*book));
        ++report.kept;
        if (books.size() >= batch) {
            const auto stored = store_books(books, batch, database);
            if (!stored) return fail(stored.error());
            books.clear();
        }
    }
    const auto stored = store_books(books, batch, database);
    if (!stored) return fail(stored.error());
    return report;
}

Result<std::vector<Book>> shipped_catalogue() {
    std::vector<Book> books;
    std::size_t number = 0;
    for (std::string_view rest = embedded::catalogue; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (++number == 1 || line.empty()) continue;  // the header
        std::vector<std::string> fields(1);
        for (const char c : line) {
            if (c == '\t') {
                fields.emplace_back();
            } else {
                fields.back() += c;
            }
        }
        const auto bad = [&](std::string_view what) {
            return fail("bookstore.bad-row", fmt::format("data/catalogue.tsv:{}: {}", number, what));
        };
        if (fields.size() != 6) return bad("expected title, authors, year, isbn, categories, price_cents");
        Book book;
        book.title = fields[0];
        book.authors = split(fields[1], ';');
        book.categories = split(fields[4], ';');
        if (book.title.empty() || book.authors.empty() || book.categories.empty()) return bad("something is empty");
        if (!read_year(fields[2], book.year)) return bad("the year is not a number");
        book.isbn = fields[3];
        if (!book.isbn.empty() && !is_isbn13(book.isbn)) return bad("the check digit of the ISBN is wrong");
        book.price_cents = whole_number(fields[5], {1, 1'000'000}).value_or(0);
        if (book.price_cents == 0) return bad("the price is not a number of cents");
        book.source = "shipped/" + sha256_hex(book.title + "\n" + book.authors.front()).substr(0, 16);
        books.push_back(std::move(book));
    }
    return books;
}

Result<ImportReport> load_shipped_catalogue(Database& database) {
    const auto books = shipped_catalogue();
    if (!books) return fail(books.error());
    const auto stored = store_books(*books, 500, database);
    if (!stored) return fail(stored.error());
    return ImportReport{.kept = books->size(), .rejected = {}};
}

}  // namespace cloudshelf::bookstore
