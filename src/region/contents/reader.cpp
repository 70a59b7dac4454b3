#include "region/contents/reader.hpp"

#include "region/contents/errors.hpp"
#include "region/contents/shared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fcntl.h>

namespace cloudshelf::contents {

Reader::Reader(std::shared_ptr<Shared> shared, OpenFile file)
    : shared_(std::move(shared)),
      file_(std::move(file.descriptor)),
      name_{.sha256 = file.header.sha256, .key = file.header.key},
      length_(file.header.length),
      prologue_(file.header.prologue()),
      opener_(file.data_key) {
    if (length_ > piece_bytes) ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // doubles the read-ahead
}

std::size_t Reader::size_of_piece(std::uint64_t piece) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, length_ - piece * piece_bytes));
}

Result<void> Reader::open_piece(std::uint64_t piece, char* to) {
    const auto altered = [&](std::string_view why) {
        ++shared_->counts.corrupt;
        return fail(corrupt(name_, fmt::format("piece {}: {}", piece, why)));
    };
    std::size_t size = size_of_piece(piece) + tag_bytes;
    sealed_.resize(size);
    const std::size_t wanted = size;
    // EIO among them: where the disk cannot read it, it has to come from the other region as well.
    const int number = read_all_at(file_.get(), sealed_.data(), size, offset_of_piece(piece));
    if (number != 0) return altered(std::strerror(number));
    if (size != wanted) return altered("the file ends within it");
    const Last last = piece + 1 == count_of_pieces(length_) ? Last::yes : Last::no;
    if (!opener_.open(nonce_of_piece(piece), bound_to_piece(prologue_, last), sealed_, to)) {
        return altered("it was changed");
    }
    return {};
}

Result<std::size_t> Reader::read_into(std::uint64_t offset, std::span<char> to) {
    if (offset >= length_) return std::size_t{0};
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), length_ - offset));
    std::size_t done = 0;
    while (done < wanted) {
        const std::uint64_t piece = (offset + done) / piece_bytes;
        const std::size_t within = static_cast<std::size_t>((offset + done) % piece_bytes);
        const std::size_t size = size_of_piece(piece);
        const std::size_t taken = std::min(wanted - done, size - within);
        char* const place = to.data() + done;
        if (kept_piece_ == piece) {
            std::copy_n(kept_.data() + within, taken, place);
        } else if (taken == size) {
            if (auto opened = open_piece(piece, place); !opened) return fail(std::move(opened.error()));
        } else {
            kept_piece_.reset();
            kept_.resize(size);
            if (auto opened = open_piece(piece, kept_.data()); !opened) return fail(std::move(opened.error()));
            kept_piece_ = piece;
            std::copy_n(kept_.data() + within, taken, place);
        }
        done += taken;
    }
    shared_->counts.read_bytes += done;
    return done;
}

Result<std::string> Reader::read(std::uint64_t offset, std::size_t size) {
    std::string bytes;
    if (offset >= length_) return bytes;
    bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, length_ - offset)));
    auto count = read_into(offset, bytes);
    if (!count) return fail(std::move(count.error()));
    return bytes;
}

Result<void> Reader::prove_empty() {
    char nothing = 0;
    return open_piece(0, &nothing);
}

void Reader::forget_pages() {
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace cloudshelf::contents
