#include "region/objects/content_source.hpp"

#include "base/digest.hpp"
#include "region/objects/content_frames.hpp"
#include "region/objects/references.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace cloudshelf::objects {
namespace {

constexpr std::string_view place = "/contents/";
constexpr std::size_t piece_bytes = 1 << 20;
constexpr std::uint64_t range_bytes_max = 16 << 20;

io::HttpResponse refuse(const Error& error) {
    return io::HttpResponse::error(error.code == "contents.missing" ? 404 : 500, error.code, error.message);
}

/// A content, open. What is missing though somebody refers to it is an error of another name: it is not gone for good.
Result<contents::Reader> open(Service& service, const contents::ContentName& name) {
    auto opened = service.contents().open(name);
    if (opened || opened.error().code != "contents.missing") return opened;
    const auto wanted = is_referenced(service, name);
    if (!wanted) return fail(wanted.error());
    if (*wanted) return fail("contents.lost", contents::flat(name) + " is referred to, and has no file");
    return opened;
}

/// The name that a path asks for, the key looked up where it has none.
Result<contents::ContentName> asked_name(Service& service, std::string_view text) {
    if (auto name = contents::from_flat(text)) return std::move(*name);
    if (contents::is_sha256(text)) {
        auto found = find_referenced(service, text);
        if (!found) return fail(found.error());
        if (*found) return std::move(**found);
    }
    return fail("contents.missing", "no content of that name");
}

struct Opened {
    contents::Reader reader;
    std::string first;  // bytes of the range
    std::uint64_t length = 0;
    std::uint64_t offset = 0;
    std::uint64_t whole = 0;
};

Result<std::shared_ptr<Opened>> open_part(Service& service, const std::string& path, const std::string& range) {
    const auto name = asked_name(service, std::string_view(path).substr(place.size()));
    if (!name) return fail(name.error());
    auto reader = open(service, *name);
    if (!reader) return fail(reader.error());
    Opened opened{.reader = std::move(*reader), .first = {}};
    opened.length = opened.whole = opened.reader.length();
    if (!range.empty()) {
        const auto parsed = s3::parse_range(range, opened.whole);
        if (!parsed || !*parsed || (*parsed)->length > range_bytes_max)
            return fail("objects.bad-range", "Range: bytes=a-b, at most 16 MiB");
        opened.offset = (*parsed)->offset;
        opened.length = (*parsed)->length;
    }
    const std::size_t wanted = range.empty() ? piece_bytes : range_bytes_max;
    auto first = opened.reader.read(opened.offset, std::min<std::uint64_t>(opened.length, wanted));
    if (!first) return fail(first.error());
    opened.first = std::move(*first);
    return std::make_shared<Opened>(std::move(opened));
}

/// The rest of a content, as it is read. What cannot be read ends the connection: who asked sees that some is missing.
io::Task<void> send_rest(Service* service, std::shared_ptr<Opened> opened, io::HttpResponse::Writer write) {
    std::uint64_t sent = opened->first.size();
    bool taken = co_await write(std::move(opened->first));
    while (taken && sent < opened->length) {
        auto work = [opened, sent] {
            return opened->reader.read(
                opened->offset + sent, std::min<std::uint64_t>(opened->length - sent, piece_bytes)
            );
        };
        auto bytes = co_await service->working().run(std::move(work));
        if (!bytes || bytes->empty()) co_return;
        sent += bytes->size();
        taken = co_await write(std::move(*bytes));
    }
}

std::string frame_of(Service& service, const contents::ContentName& name) {
    auto opened = open(service, name);
    if (opened && opened->length() <= frame_bytes_max) {
        auto bytes = opened->read(0, opened->length());
        if (bytes) return encode_frame({.kind = FrameKind::whole, .bytes = std::move(*bytes)});
    }
    const bool missing = !opened && opened.error().code == "contents.missing";
    return encode_frame({.kind = missing ? FrameKind::missing : FrameKind::unreadable, .bytes = {}});
}

/// The frames of as many as fill a piece.
struct Question {
    std::vector<contents::ContentName> names;
    std::size_t next = 0;

    std::string frames(Service& service) {
        std::string piece;
        while (next < names.size() && piece.size() < piece_bytes / 2) piece += frame_of(service, names[next++]);
        return piece;
    }
};

io::Task<void> send_frames(Service* service, std::shared_ptr<Question> question, io::HttpResponse::Writer write) {
    while (question->next < question->names.size()) {
        auto work = [service, question] { return question->frames(*service); };
        auto piece = co_await service->working().run(std::move(work));
        const bool taken = co_await write(std::move(piece));
        if (!taken) co_return;
    }
}

}  // namespace

bool shows_secret(const io::HttpRequest& request, std::string_view secret) {
    return secret.empty() ||
           equal_in_constant_time(request.header("Authorization"), std::string("Bearer ").append(secret));
}

io::Task<io::HttpResponse> ContentSource::answer(io::HttpRequest request) {
    if (!shows_secret(request, service_.options().log_secret))
        co_return io::HttpResponse::error(401, "log.not-authorized", "the secret is not ours");
    if (request.method == "POST" && request.path() == "/contents") {
        auto answered = co_await many(std::move(request));
        co_return answered;
    }
    if (request.method == "GET" && request.path().starts_with(place)) {
        auto answered = co_await one(std::move(request));
        co_return answered;
    }
    co_return io::HttpResponse::error(404, "objects.no-such-call", request.path());
}

io::Task<io::HttpResponse> ContentSource::one(io::HttpRequest request) {
    const std::string range(request.header("Range"));
    auto work = [this, path = std::string(request.path()), range] { return open_part(service_, path, range); };
    auto part = co_await service_.working().run(std::move(work));
    if (!part && part.error().code == "objects.bad-range")
        co_return io::HttpResponse::error(416, part.error().code, part.error().message);
    if (!part) co_return refuse(part.error());
    const auto opened = std::move(*part);
    io::HttpResponse response{.status = range.empty() ? 200 : 206};
    response.headers.emplace_back("Content-Type", "application/octet-stream");
    if (!range.empty()) {
        const s3::ByteRange sent{.offset = opened->offset, .length = opened->length};
        response.headers.emplace_back("Content-Range", sent.content_range(opened->whole));
    }
    if (opened->first.size() == opened->length) {
        response.body = std::move(opened->first);
        co_return response;
    }
    response.content_length = opened->length;
    response.stream = [service = &service_, opened](io::HttpResponse::Writer write) {
        return send_rest(service, opened, std::move(write));
    };
    co_return response;
}

io::Task<io::HttpResponse> ContentSource::many(io::HttpRequest request) {
    auto names = decode_question(request.body);
    if (!names) co_return io::HttpResponse::error(400, names.error().code, names.error().message);
    const auto question = std::make_shared<Question>(Question{.names = std::move(*names)});
    io::HttpResponse response{.headers = {{"Content-Type", "application/octet-stream"}}};
    response.stream = [service = &service_, question](io::HttpResponse::Writer write) {
        return send_frames(service, question, std::move(write));
    };
    co_return response;
}

}  // namespace cloudshelf::objects
