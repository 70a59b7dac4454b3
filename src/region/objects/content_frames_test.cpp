// Goal: contents arrive as they were sent, however the answer is cut into pieces, and what is no answer is refused.
#include "region/objects/content_frames.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::objects {
namespace {

std::vector<Frame> some_frames() {
    return {
        {.kind = FrameKind::whole, .bytes = "first"},
        {.kind = FrameKind::missing, .bytes = {}},
        {.kind = FrameKind::whole, .bytes = {}},
        {.kind = FrameKind::unreadable, .bytes = {}},
        {.kind = FrameKind::whole, .bytes = std::string(3000, 'x')},
    };
}

TEST(ContentFrames, ArriveInPiecesOfAnySize) {
    std::string answer;
    for (const auto& frame : some_frames()) answer += encode_frame(frame);
    for (const std::size_t size : {1u, 2u, 5u, 7u, 1000u, 100'000u}) {
        FrameReader reader;
        std::vector<Frame> came;
        for (std::size_t at = 0; at < answer.size(); at += size) {
            ASSERT_TRUE(reader.feed(std::string_view(answer).substr(at, size)));
            while (auto frame = reader.next()) came.push_back(std::move(*frame));
        }
        EXPECT_EQ(came, some_frames()) << "in pieces of " << size;
        EXPECT_TRUE(reader.between_frames());
    }
}

TEST(ContentFrames, AnAnswerThatEndsEarlyShows) {
    const std::string answer = encode_frame({.kind = FrameKind::whole, .bytes = "bytes"});
    for (std::size_t kept = 1; kept < answer.size(); ++kept) {
        FrameReader reader;
        ASSERT_TRUE(reader.feed(std::string_view(answer).substr(0, kept)));
        EXPECT_FALSE(reader.next());
        EXPECT_FALSE(reader.between_frames()) << kept << " bytes";
    }
}

TEST(ContentFrames, WhatIsNoFrameIsRefused) {
    using namespace std::string_view_literals;
    for (const auto bad : {"?\0\0\0\0"sv, "+\xff\xff\xff\xff"sv, "-\0\0\0\1x"sv}) {
        FrameReader reader;
        const auto fed = reader.feed(bad);
        ASSERT_FALSE(fed);
        EXPECT_EQ(fed.error().code, "objects.bad-frame");
    }
}

TEST(ContentFrames, AQuestionIsReadAsItWasAsked) {
    const std::vector<contents::ContentName> names{
        {.sha256 = std::string(64, 'a'), .key = "default"}, {.sha256 = std::string(64, '0'), .key = "orders-2"}
    };
    const auto text = encode_question(names);
    EXPECT_EQ(decode_question(text).value(), names);
    for (const auto& bad : {text.substr(1), text.substr(0, text.size() - 1), text + "\n", std::string("../../etc\n")})
        EXPECT_FALSE(decode_question(bad)) << bad;
    const std::vector<contents::ContentName> many(contents_per_question_max + 1, names[0]);
    EXPECT_FALSE(decode_question(encode_question(many)));
}

}  // namespace
}  // namespace cloudshelf::objects
