#pragma once

#include "core/health_check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cloudshelf::probe {

/// Reads one answer to a GET or POST as it arrives (RFC 9112), in place: nothing is allocated, everything has a limit.
/// Strict: what two readers could understand in two ways is no answer.
class HttpAnswer {
public:
    static constexpr std::size_t line_bytes_max = 8 << 10;
    static constexpr std::size_t head_bytes_max = 32 << 10;  // with interim answers and trailers
    static constexpr int interim_answers_max = 8;

    enum class Progress { more, done, bad };

    /// Ready for the next answer, which is done once `body_wanted` bytes of its body were seen, or at its end.
    void reset(std::size_t body_wanted);
    /// Takes the bytes that arrived. After `done` or `bad` it takes no more.
    Progress feed(std::string_view bytes);
    /// The peer has closed: the end of a body without a length, or of an answer cut short (`bad`).
    Progress end();

    /// Of the final answer, 200 to 599; 0 before it.
    int status() const { return status_; }
    bool head_done() const { return stage_ > Stage::header; }
    bool anything_came() const { return anything_came_; }
    /// The first core::search_bytes_max bytes of the body, without the framing of chunks.
    std::string_view body() const { return {body_.data(), body_size_}; }
    /// Content-Encoding is there and not "identity": the body is not what a search is meant for.
    bool encoded() const { return encoded_; }
    /// X-Amz-Function-Error is there: the function ran and failed (Lambda, API reference, "Invoke").
    bool function_error() const { return function_error_; }
    /// Once done: whether the connection may carry another request.
    bool reusable() const { return stage_ == Stage::done && complete_ && keep_alive_ && !surplus_; }

private:
    enum class Stage { status_line, header, sized, chunk_size, chunk, chunk_end, trailer, until_close, done, bad };

    std::optional<std::string_view> next_line(std::string_view& bytes);
    void on_line(std::string_view line);
    void on_status_line(std::string_view line);
    void on_header(std::string_view line);
    void on_head_end();
    void on_chunk_size(std::string_view line);
    void take_body(std::string_view& bytes);
    void complete();
    void start_head();

    Stage stage_ = Stage::status_line;
    std::size_t body_wanted_ = 0;
    std::size_t body_seen_ = 0;
    std::size_t head_bytes_ = 0;
    int interim_ = 0;
    int status_ = 0;
    bool http_1_0_ = false;
    bool keep_alive_ = false;
    bool chunked_ = false;
    bool encoded_ = false;
    bool function_error_ = false;
    bool anything_came_ = false;
    bool complete_ = false;
    bool surplus_ = false;
    std::optional<std::uint64_t> length_;
    std::uint64_t left_ = 0;  // of the body, or of the chunk
    std::size_t line_size_ = 0;
    std::size_t body_size_ = 0;
    std::array<char, line_bytes_max> line_;  // of a line that has not come whole yet
    std::array<char, core::search_bytes_max> body_;
};

}  // namespace cloudshelf::probe
