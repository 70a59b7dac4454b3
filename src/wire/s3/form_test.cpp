// Goal: forms are read as browsers send them, however they are cut, and what is none is refused.
#include "wire/s3/form.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view type = "multipart/form-data; boundary=\"a+b\"";

std::string part(std::string_view disposition, std::string_view body) {
    return std::string("--a+b\r\nContent-Disposition: form-data; ")
        .append(disposition)
        .append("\r\n\r\n")
        .append(body)
        .append("\r\n");
}

const std::string good =
    part("name=\"Key\"", "a b") + part("name=empty", "") +
    part("name=\"file\"; filename=\"C:\\dir\\photo.png\"\r\nContent-Type: image/png", "x\r\n--a+c\r\ny") +
    part("name=\"late\"", "z") + "--a+b--\r\n";

struct Outcome {
    std::string code;  // empty: it was taken
    std::string file;
    bool finished = false;
};

Outcome read(std::string_view body, std::size_t piece_bytes) {
    auto form = FormReader::of(type).value();
    Outcome outcome;
    for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
        if (auto fed = form.feed(body.substr(at, piece_bytes), outcome.file); !fed) {
            outcome.code = fed.error().code;
            return outcome;
        }
    }
    outcome.finished = form.finished();
    return outcome;
}

TEST(Form, IsTheSameHoweverItIsCut) {
    for (std::size_t piece_bytes = 1; piece_bytes <= good.size(); ++piece_bytes) {
        const auto outcome = read(good, piece_bytes);
        ASSERT_EQ(outcome.code, "") << piece_bytes;
        ASSERT_EQ(outcome.file, "x\r\n--a+c\r\ny") << piece_bytes;
        ASSERT_TRUE(outcome.finished) << piece_bytes;
    }
}

TEST(Form, HasItsFieldsBeforeTheFile) {
    auto form = FormReader::of(type).value();
    std::string file;
    const auto file_at = good.find("x\r\n--a+c");
    ASSERT_TRUE(form.feed(std::string_view(good).substr(0, file_at - 1), file));
    EXPECT_FALSE(form.has_fields());
    ASSERT_TRUE(form.feed(std::string_view(good).substr(file_at - 1), file));
    EXPECT_TRUE(form.has_fields());
    const std::vector<std::pair<std::string, std::string>> fields{{"key", "a b"}, {"empty", ""}};
    EXPECT_EQ(form.fields(), fields);
    EXPECT_EQ(form.file_name(), "photo.png");
    EXPECT_EQ(form.field("key"), "a b");
    EXPECT_EQ(form.field("late"), std::nullopt);
}

TEST(Form, MayHaveAFileWithoutBytes) {
    const auto outcome = read(part("name=\"file\"", "") + "--a+b--", 3);
    EXPECT_EQ(outcome.code, "");
    EXPECT_EQ(outcome.file, "");
    EXPECT_TRUE(outcome.finished);
}

TEST(Form, ThatIsNoneIsRefused) {
    EXPECT_EQ(read("hello, what is this", 100).code, "MalformedPOSTRequest");
    EXPECT_EQ(read("--a+bx\r\n", 100).code, "MalformedPOSTRequest");
    EXPECT_EQ(read(part("filename=\"x\"", "y"), 100).code, "MalformedPOSTRequest");
    EXPECT_EQ(read("--a+b\r\n" + std::string(9000, 'h'), 100).code, "MalformedPOSTRequest");
    EXPECT_EQ(read(part("name=\"key\"", "a") + "--a+b--\r\n", 100).code, "IncorrectNumberOfFilesInPostRequest");
    EXPECT_EQ(read(part("name=\"key\"", std::string(21 << 10, 'a')), 100).code, "MaxPostPreDataLengthExceededError");
    EXPECT_FALSE(read(part("name=\"file\"", "cut"), 100).finished);
    for (const std::string_view bad :
         {"",
          "text/plain; boundary=a",
          "multipart/form-data",
          "multipart/form-data; boundary=",
          "multipart/form-datas; boundary=a"})
        EXPECT_EQ(FormReader::of(bad).error().code, "MalformedPOSTRequest") << bad;
    EXPECT_EQ(
        FormReader::of("multipart/form-data; boundary=" + std::string(71, 'a')).error().code, "MalformedPOSTRequest"
    );
}

}  // namespace
}  // namespace cloudshelf::s3
