// Goal: strict CSV, rows rejected by line, the shipped catalogue sound; tokens that can't be forged.
#include "bookstore/catalogue.hpp"

#include "bookstore/csv.hpp"
#include "bookstore/fakes.hpp"
#include "bookstore/tokens.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace cloudshelf::bookstore {
namespace {

using Fields = std::vector<std::string>;

TEST(Csv, reads_what_rfc_4180_has) {
    CsvReader reader("a,\"b \"\"c\"\"\",\r\n\"two\nlines\",d,e\nlast,,");
    EXPECT_EQ(reader.next()->fields, (Fields{"a", "b \"c\"", ""}));
    const auto second = reader.next();
    EXPECT_EQ(second->fields, (Fields{"two\nlines", "d", "e"}));
    EXPECT_EQ(second->line, 2U);
    EXPECT_EQ(reader.line(), 4U);
    EXPECT_EQ(reader.next()->fields, (Fields{"last", "", ""}));
    EXPECT_TRUE(reader.at_end());
}

TEST(Csv, one_bad_row_costs_one_row) {
    for (const std::string bad : {"a\"b,c", "\"a\"b,c", "\"never closed,c", "a,b\rc"}) {
        const auto text = bad + "\ngood,row\n";
        CsvReader reader(text);
        EXPECT_FALSE(reader.next()) << bad;
        EXPECT_EQ(reader.line(), 2U) << bad;
        const auto good = reader.next();
        ASSERT_TRUE(good) << bad;
        EXPECT_EQ(good->fields, (Fields{"good", "row"}));
    }
}

TEST(Isbn, check_digits) {
    EXPECT_TRUE(is_isbn13("9780441013593"));
    EXPECT_FALSE(is_isbn13("9780441013594"));
    EXPECT_FALSE(is_isbn13("978044101359X"));
    EXPECT_EQ(isbn13_of_isbn10("0441013597"), "9780441013593");
    EXPECT_EQ(isbn13_of_isbn10("441013597"), "9780441013593") << "a dropped zero";
    EXPECT_EQ(isbn13_of_isbn10("043965548X"), "9780439655484");
    EXPECT_EQ(isbn13_of_isbn10("0441013598"), "");
    EXPECT_EQ(isbn13_of_isbn10(""), "");
}

const std::string header = "book_id,isbn,isbn13,authors,original_publication_year,title\n";

TEST(Import, keeps_good_rows_and_names_the_lines_of_bad_ones) {
    std::istringstream csv(
        header + "1,0441013597,,Frank Herbert,1965.0,Dune\n" + "two,,,A,1900,B\n" +  // line 3
        "3,,,,1900,No author\n" + "4,,,A,19x0,C\n" + "5,,,A,1900\n" + "1,,,A,1900,Again\n" + "8,,,A,1900,\xff\n" +
        "9,,,\"A, B\",-750.0,\"Multi\nline\"\n" + "10,,,A,,\n" + "11,,,A,,Yearless\n"
    );
    fakes::FakeDatabase database;
    std::vector<std::string> sources;
    database.answers["store_rows"] = [&](const std::vector<Value>& parameters) -> Result<Rows> {
        sources.push_back(*parameters[0]);
        return Rows{};
    };
    const auto report = import_catalogue(csv, 2, database);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->kept, 3U);
    std::set<std::size_t> lines;
    for (const auto& rejected : report->rejected) lines.insert(rejected.line);
    EXPECT_EQ(lines, (std::set<std::size_t>{3, 4, 5, 6, 7, 8, 11}));
    EXPECT_EQ(sources, (Fields{R"({"goodbooks/1","goodbooks/9"})", R"({"goodbooks/11"})"}))
        << "one transaction a batch";
    EXPECT_EQ(std::ranges::count(database.log, "commit local"), 2);
}

TEST(Import, refuses_what_is_no_catalogue) {
    fakes::FakeDatabase database;
    for (const std::string text : {"", "a,b\n1,2\n", "\"never closed"}) {
        std::istringstream csv(text);
        const auto report = import_catalogue(csv, 100, database);
        ASSERT_FALSE(report) << text;
        EXPECT_EQ(report.error().code, "bookstore.not-a-catalogue");
    }
    std::istringstream csv(header + "1,,,A,1900,B\n");
    database.down = true;
    EXPECT_EQ(import_catalogue(csv, 100, database).error().code, "db.unavailable");
}

TEST(Shipped, is_sound) {
    const auto books = shipped_catalogue();
    ASSERT_TRUE(books) << books.error().message;
    EXPECT_GE(books->size(), 300U);
    std::set<std::string> sources;
    for (const auto& book : *books) EXPECT_TRUE(sources.insert(book.source).second) << book.title;
}

TEST(Tokens, of_one_second_are_two) {
    const Secrets secrets{.session_keys = {"the old key, 1234567"}};
    EXPECT_NE(sign_session(secrets, "user", "one", 1000), sign_session(secrets, "user", "another", 1000));
}

TEST(Tokens, verify_only_what_a_key_of_ours_signed) {
    const std::string user = "11111111-1111-4111-8111-111111111111";
    const Secrets old{.session_keys = {"the old key, 1234567"}};
    const Secrets rolled{.session_keys = {"the new key, 1234567", "the old key, 1234567"}};
    const Secrets only_new{.session_keys = {"the new key, 1234567"}};
    const auto token = sign_session(old, user, user, 1000);
    EXPECT_EQ(verify_session(rolled, token, 999).value_or(""), user);
    EXPECT_EQ(verify_session(only_new, token, 999).error().code, "bad-token");
    EXPECT_EQ(verify_session(rolled, token, 1000).error().code, "expired-token");
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto damaged = token;
        damaged[i] = damaged[i] == '1' ? '2' : '1';
        EXPECT_FALSE(verify_session(old, damaged, 999)) << i;
        EXPECT_FALSE(verify_session(old, token.substr(0, i), 999)) << i;
    }
    EXPECT_TRUE(parse_session_keys("0123456789abcdef\r\n\n"));
    EXPECT_FALSE(parse_session_keys("short\n"));
    EXPECT_FALSE(parse_session_keys("\n"));
}

}  // namespace
}  // namespace cloudshelf::bookstore
