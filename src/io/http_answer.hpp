#pragma once

#include "io/channel.hpp"
#include "io/http.hpp"
#include "io/patience.hpp"

#include <memory>
#include <string_view>

namespace cloudshelf::io {

/// How an answer goes out, apart from what it says. What it points to outlives the writing.
struct AnswerTerms {
    std::string_view server_name;
    unsigned version = 11;
    bool keep_alive = true;
    bool head_only = false;          // asked with HEAD
    const bool* stopping = nullptr;  // when that is true, a body without end ends
    Patience::Options whole;         // for a body that is there
    Patience::Options streamed;      // for one that is written piece by piece
};

/// Writes an answer: whole, of a known length, or in chunks. True when all of it went and the connection may take
/// another request. The channel is kept for as long as the response's stream keeps its writer.
Task<bool> write_answer(std::shared_ptr<Channel> channel, HttpResponse response, AnswerTerms terms);

}  // namespace cloudshelf::io
