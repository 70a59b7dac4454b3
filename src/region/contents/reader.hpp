#pragma once

#include "base/result.hpp"
#include "region/contents/cipher.hpp"
#include "region/contents/file.hpp"
#include "region/contents/header.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace cloudshelf::contents {

struct OpenFile;
struct Shared;

/// Reads one content: bytes that were decrypted and whose tag was right, or an error. It reads the file that was there
/// when it was opened, also when that is removed or replaced meanwhile. For one thread at a time.
class Reader {
public:
    /// Plain bytes.
    std::uint64_t length() const { return length_; }

    /// Up to `size` bytes from `offset`; fewer, or none, only where the content ends. Whole pieces of 256 KiB are
    /// decrypted; the last one is kept, so that reading on in order decrypts nothing twice. Errors: "contents.corrupt".
    Result<std::string> read(std::uint64_t offset, std::size_t size);
    /// The same into a place of the caller's; answers how many bytes.
    Result<std::size_t> read_into(std::uint64_t offset, std::span<char> to);

    /// An empty content has one piece, of a tag alone, which nothing reads. Errors: "contents.corrupt".
    Result<void> prove_empty();

    /// Tells the kernel that the file's pages will not be asked for again, as a scrubber does.
    void forget_pages();

private:
    friend class Store;
    Reader(std::shared_ptr<Shared> shared, OpenFile file);

    std::size_t size_of_piece(std::uint64_t piece) const;
    Result<void> open_piece(std::uint64_t piece, char* to);

    std::shared_ptr<Shared> shared_;
    Descriptor file_;
    ContentName name_;
    std::uint64_t length_ = 0;
    std::string prologue_;
    Opener opener_;
    std::string sealed_;
    std::string kept_;  // the plain bytes of `kept_piece_`
    std::optional<std::uint64_t> kept_piece_;
};

}  // namespace cloudshelf::contents
