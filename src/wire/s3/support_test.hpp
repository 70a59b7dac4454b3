#pragma once

#include "base/result.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace cloudshelf::s3 {

/// "CODE: message", or an empty text where it went well.
template <class Value>
std::string refusal(const Result<Value>& result) {
    return result ? "" : result.error().code + ": " + result.error().message;
}

template <class Value>
std::string code_of(const Result<Value>& result) {
    return result ? "" : result.error().code;
}

/// Reads, writes, reads again: both readings are the same.
template <class Parse>
auto twice(Parse parse, const std::string& text) {
    auto read = parse(text);
    EXPECT_TRUE(read) << text << "\n" << refusal(read);
    if (read) {
        const auto again = parse(print(*read));
        EXPECT_TRUE(again) << print(*read) << "\n" << refusal(again);
        EXPECT_TRUE(again && *again == *read) << print(*read);
    }
    return read ? *std::move(read) : typename decltype(read)::value_type{};
}

}  // namespace cloudshelf::s3
