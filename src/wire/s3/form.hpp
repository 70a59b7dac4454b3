#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {

/// All fields in front of the file, names and values (S3 API, POST Object).
inline constexpr std::size_t form_fields_bytes_max = std::size_t{20} << 10;

/// Reads a form that a browser sends (multipart/form-data, RFC 7578) as it comes: fields, then the one file. What
/// follows the file is passed over, as S3 does. Errors of all: MalformedPOSTRequest,
/// MaxPostPreDataLengthExceededError, IncorrectNumberOfFilesInPostRequest for a form that ends without a file.
class FormReader {
public:
    /// `content_type`: the request's, which has the boundary.
    static Result<FormReader> of(std::string_view content_type);

    /// Takes what comes next, of any size; what it has of the file is appended to `file`.
    Result<void> feed(std::string_view bytes, std::string& file);

    /// The file has begun, so that all fields are known.
    bool has_fields() const { return state_ == State::file || finished(); }
    /// The file has ended.
    bool finished() const { return state_ == State::end; }

    /// In their order, names in lower case; one for the file is not among them.
    const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
    /// The first of that name, which is in lower case.
    std::optional<std::string_view> field(std::string_view name) const;
    /// The file's name without folders; empty: none was given.
    const std::string& file_name() const { return file_name_; }

private:
    explicit FormReader(std::string_view boundary);

    enum class State : std::uint8_t { preamble, delimiter, head, field, file, end };
    Result<bool> step(std::string& file);
    Result<bool> take_delimiter();
    Result<bool> take_head();
    Result<bool> take_field();
    bool take_file(std::string& file);

    std::string delimiter_;  // with the line's end before it
    std::string waiting_;
    State state_ = State::preamble;
    std::string name_;  // of the field that is read
    std::string file_name_;
    std::size_t fields_bytes_ = 0;
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace cloudshelf::s3
