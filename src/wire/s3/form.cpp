#include "wire/s3/form.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

constexpr std::size_t boundary_bytes_max = 70;  // RFC 2046 §5.1.1
constexpr std::size_t head_bytes_max = std::size_t{8} << 10;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

std::unexpected<Error> malformed() {
    return fail(errors::malformed_post_request());
}

std::unexpected<Error> too_large() {
    return fail(errors::named("MaxPostPreDataLengthExceededError"));
}

/// A parameter of a header's value, `; name="value"` or `; name=value`; nothing where it is not there. Browsers write
/// quotes within as %22, and leave backslashes as they are.
std::optional<std::string> parameter(std::string_view header, std::string_view wanted) {
    text::take_until(header, ';');
    while (!header.empty()) {
        const std::string_view name = text::trimmed(text::take_until(header, '='));
        std::string_view value;
        if (header.starts_with('"')) {
            header.remove_prefix(1);
            value = text::take_until(header, '"');
            text::take_until(header, ';');
        } else {
            value = text::trimmed(text::take_until(header, ';'));
        }
        if (text::equal_ignoring_case(name, wanted)) return std::string(value);
    }
    return std::nullopt;
}

/// Some browsers send whole paths.
std::string without_folders(std::string_view path) {
    const auto slash = path.find_last_of("/\\");
    return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace

FormReader::FormReader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), waiting_(line_end) {}  // the first delimiter begins the body

Result<FormReader> FormReader::of(std::string_view content_type) {
    std::string_view rest = content_type;
    const bool is_form = text::equal_ignoring_case(text::trimmed(text::take_until(rest, ';')), "multipart/form-data");
    const auto boundary = parameter(content_type, "boundary");
    if (!is_form || !boundary || boundary->empty() || boundary->size() > boundary_bytes_max) return malformed();
    return FormReader(*boundary);
}

std::optional<std::string_view> FormReader::field(std::string_view name) const {
    const auto found =
        std::ranges::find(fields_, name, [](const auto& field) { return std::string_view(field.first); });
    return found == fields_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

Result<void> FormReader::feed(std::string_view bytes, std::string& file) {
    if (finished()) return {};
    waiting_ += bytes;
    for (;;) {
        const auto more = step(file);
        if (!more) return fail(more.error());
        if (!*more) return {};
    }
}

/// One step; false: it waits for more, or nothing follows.
Result<bool> FormReader::step(std::string& file) {
    switch (state_) {
        case State::preamble:
            if (waiting_.size() < delimiter_.size()) return false;
            if (!waiting_.starts_with(delimiter_)) return malformed();
            waiting_.erase(0, delimiter_.size());
            state_ = State::delimiter;
            return true;
        case State::delimiter:
            return take_delimiter();
        case State::head:
            return take_head();
        case State::field:
            return take_field();
        case State::file:
            return take_file(file);
        case State::end:
            break;
    }
    waiting_.clear();
    return false;
}

Result<bool> FormReader::take_delimiter() {
    if (waiting_.size() < line_end.size()) return false;
    if (waiting_.starts_with("--")) return fail(errors::named("IncorrectNumberOfFilesInPostRequest"));
    if (!waiting_.starts_with(line_end)) return malformed();
    state_ = State::head;  // which begins with the line's end, so that one without lines ends like any other
    return true;
}

Result<bool> FormReader::take_head() {
    const auto end = waiting_.find(head_end);
    if (std::min(end, waiting_.size()) > head_bytes_max) return malformed();
    if (end == std::string::npos) return false;
    std::optional<std::string> name;
    std::string_view lines(waiting_.data(), end);
    while (!lines.empty()) {
        std::string_view line = text::take_until(lines, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        std::string_view value = line;
        const std::string_view header = text::trimmed(text::take_until(value, ':'));
        if (!text::equal_ignoring_case(header, "content-disposition")) continue;
        name = parameter(value, "name");
        file_name_ = without_folders(parameter(value, "filename").value_or(""));
    }
    if (!name || name->empty()) return malformed();
    waiting_.erase(0, end + head_end.size());
    name_ = text::lower(*name);
    fields_bytes_ += name_.size();
    state_ = name_ == "file" ? State::file : State::field;
    return true;
}

Result<bool> FormReader::take_field() {
    const auto end = waiting_.find(delimiter_);
    if (std::min(end, waiting_.size()) + fields_bytes_ > form_fields_bytes_max) return too_large();
    if (end == std::string::npos) return false;
    fields_.emplace_back(name_, waiting_.substr(0, end));
    fields_bytes_ += end;
    waiting_.erase(0, end + delimiter_.size());
    state_ = State::delimiter;
    return true;
}

/// All but what may be the beginning of the delimiter.
bool FormReader::take_file(std::string& file) {
    const auto end = waiting_.find(delimiter_);
    if (end != std::string::npos) {
        file.append(waiting_, 0, end);
        state_ = State::end;
        return true;
    }
    const std::size_t sure = waiting_.size() - std::min(waiting_.size(), delimiter_.size() - 1);
    file.append(waiting_, 0, sure);
    waiting_.erase(0, sure);
    return false;
}

}  // namespace cloudshelf::s3
