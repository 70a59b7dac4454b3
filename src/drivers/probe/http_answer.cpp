#include "drivers/probe/http_answer.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cloudshelf::probe {
namespace {

bool is_token_char(unsigned char c) {  // RFC 9110 §5.6.2
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

bool is_text_char(unsigned char c) {  // of field values and reason phrases: no control characters but the tab
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

unsigned char lower(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool same(std::string_view text, std::string_view lower_case) {
    return std::ranges::equal(text, lower_case, [](unsigned char a, unsigned char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Whether one of the comma-separated words is this one.
bool lists(std::string_view value, std::string_view word) {
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        if (same(trimmed(value.substr(0, comma)), word)) return true;
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return false;
}

/// Digits alone, no sign, at most `digits_max`.
std::optional<std::uint64_t> number(std::string_view text, std::size_t digits_max, int base) {
    std::uint64_t value = 0;
    if (text.empty() || text.size() > digits_max) return std::nullopt;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

void HttpAnswer::reset(std::size_t body_wanted) {
    start_head();
    body_wanted_ = body_wanted;
    body_seen_ = head_bytes_ = line_size_ = body_size_ = 0;
    interim_ = 0;
    anything_came_ = complete_ = surplus_ = false;
}

void HttpAnswer::start_head() {
    stage_ = Stage::status_line;
    status_ = 0;
    http_1_0_ = keep_alive_ = chunked_ = encoded_ = function_error_ = false;
    length_.reset();
    left_ = 0;
}

HttpAnswer::Progress HttpAnswer::feed(std::string_view bytes) {
    anything_came_ |= !bytes.empty();
    while (!bytes.empty() && stage_ < Stage::done) {
        if (stage_ == Stage::sized || stage_ == Stage::chunk || stage_ == Stage::until_close) {
            take_body(bytes);
        } else if (const auto line = next_line(bytes)) {
            line_size_ = 0;
            on_line(*line);
        }
    }
    surplus_ |= !bytes.empty();
    if (stage_ == Stage::bad) return Progress::bad;
    return stage_ == Stage::done ? Progress::done : Progress::more;
}

HttpAnswer::Progress HttpAnswer::end() {
    if (stage_ == Stage::until_close) complete();
    keep_alive_ = false;
    if (stage_ != Stage::done) stage_ = Stage::bad;
    return stage_ == Stage::done ? Progress::done : Progress::bad;
}

/// The next line without its CRLF, once it has come whole.
std::optional<std::string_view> HttpAnswer::next_line(std::string_view& bytes) {
    const std::size_t feed_at = bytes.find('\n');
    const std::string_view part = bytes.substr(0, feed_at == std::string_view::npos ? bytes.size() : feed_at + 1);
    head_bytes_ += part.size();
    if (line_size_ + part.size() > line_bytes_max || head_bytes_ > head_bytes_max) {
        stage_ = Stage::bad;
        return std::nullopt;
    }
    bytes.remove_prefix(part.size());
    std::string_view line = part;
    if (line_size_ > 0 || feed_at == std::string_view::npos) {
        std::ranges::copy(part, line_.begin() + static_cast<std::ptrdiff_t>(line_size_));
        line_size_ += part.size();
        line = {line_.data(), line_size_};
    }
    if (feed_at == std::string_view::npos) return std::nullopt;
    if (!line.ends_with("\r\n")) {  // RFC 9112 §2.2 lets one take a bare LF; we do not
        stage_ = Stage::bad;
        return std::nullopt;
    }
    line.remove_suffix(2);
    if (!std::ranges::all_of(line, is_text_char)) stage_ = Stage::bad;
    return line;
}

void HttpAnswer::on_line(std::string_view line) {
    switch (stage_) {
        case Stage::status_line:
            return on_status_line(line);
        case Stage::header:
            return line.empty() ? on_head_end() : on_header(line);
        case Stage::chunk_size:
            return on_chunk_size(line);
        case Stage::chunk_end:
            stage_ = line.empty() ? Stage::chunk_size : Stage::bad;
            return;
        case Stage::trailer:
            return line.empty() ? complete() : on_header(line);
        default:
            return;
    }
}

void HttpAnswer::on_status_line(std::string_view line) {
    const bool known = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
    const auto status = known ? number(line.substr(9, 3), 3, 10) : std::nullopt;
    // The space after the number is often forgotten where there is no reason phrase.
    if (!status || *status < 100 || *status > 599 || (line.size() > 12 && line[12] != ' ')) {
        stage_ = Stage::bad;
        return;
    }
    status_ = static_cast<int>(*status);
    http_1_0_ = line[7] == '0';
    keep_alive_ = !http_1_0_;
    stage_ = Stage::header;
}

void HttpAnswer::on_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, std::min(colon, line.size()));
    // A space before the colon, or a folded line, hides a header from one reader or the other (RFC 9112 §5.1, §5.2).
    if (colon == std::string_view::npos || name.empty() || !std::ranges::all_of(name, is_token_char)) {
        stage_ = Stage::bad;
        return;
    }
    if (stage_ == Stage::trailer) return;
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (same(name, "content-length")) {
        const auto length = number(value, 18, 10);
        if (!length || length_.value_or(*length) != *length) stage_ = Stage::bad;
        length_ = length;
    } else if (same(name, "transfer-encoding")) {
        if (chunked_ || !same(value, "chunked")) stage_ = Stage::bad;
        chunked_ = true;
    } else if (same(name, "connection")) {
        if (lists(value, "close")) keep_alive_ = false;
    } else if (same(name, "content-encoding")) {
        encoded_ |= !same(value, "identity");
    } else if (same(name, "x-amz-function-error")) {
        function_error_ = true;
    }
}

void HttpAnswer::on_head_end() {
    if (chunked_ && (length_ || http_1_0_)) {  // RFC 9112 §6.1: how smuggling begins
        stage_ = Stage::bad;
        return;
    }
    if (status_ < 200) {
        if (status_ == 101 || ++interim_ > interim_answers_max) {
            stage_ = Stage::bad;
        } else {
            start_head();
        }
        return;
    }
    left_ = length_.value_or(0);
    if (status_ == 204 || status_ == 304 || length_ == 0) {
        complete();
    } else if (chunked_) {
        stage_ = Stage::chunk_size;
    } else {
        stage_ = length_ ? Stage::sized : Stage::until_close;
    }
    if (body_wanted_ == 0) stage_ = Stage::done;
}

void HttpAnswer::on_chunk_size(std::string_view line) {
    const auto size = number(trimmed(line.substr(0, std::min(line.find(';'), line.size()))), 8, 16);
    if (!size) {
        stage_ = Stage::bad;
        return;
    }
    left_ = *size;
    stage_ = left_ == 0 ? Stage::trailer : Stage::chunk;
}

void HttpAnswer::take_body(std::string_view& bytes) {
    const std::size_t all = bytes.size();
    const std::size_t count =
        stage_ == Stage::until_close ? all : static_cast<std::size_t>(std::min<std::uint64_t>(all, left_));
    const std::size_t kept = std::min(count, body_.size() - body_size_);
    std::ranges::copy(bytes.substr(0, kept), body_.begin() + static_cast<std::ptrdiff_t>(body_size_));
    body_size_ += kept;
    body_seen_ += count;
    bytes.remove_prefix(count);
    if (stage_ != Stage::until_close) left_ -= count;
    if (stage_ == Stage::sized && left_ == 0) {
        complete();
    } else if (stage_ == Stage::chunk && left_ == 0) {
        stage_ = Stage::chunk_end;
    }
    if (stage_ < Stage::done && body_seen_ >= body_wanted_) stage_ = Stage::done;
}

void HttpAnswer::complete() {
    complete_ = true;
    stage_ = Stage::done;
}

}  // namespace cloudshelf::probe
