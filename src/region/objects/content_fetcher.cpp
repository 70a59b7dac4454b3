#include "region/objects/content_fetcher.hpp"

#include "region/log/json.hpp"
#include "region/objects/at_once.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::objects {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t contents_per_request = 32;
constexpr std::uint64_t bytes_per_request = 2 << 20;
constexpr std::size_t requests_at_once = 8;
constexpr std::size_t large_at_once = 3;
constexpr std::uint64_t range_bytes = 4 << 20;
constexpr std::size_t ranges_at_once = 4;  // of one content; so many are in memory
constexpr int attempts_max = 8;
constexpr Duration first_pause = 100ms;
constexpr Duration longest_pause = 2s;
constexpr Duration silence_max = 10s;
constexpr Duration answer_within = 10min;  // silence ends it sooner
constexpr std::size_t begun_max = 8;

/// An answer that is no success.
Error refusal(const io::HttpResponse& answer) {
    if (auto error = changelog::parse_error(answer.body)) return std::move(*error);
    return {.code = "objects.refused", .message = fmt::format("the other region answered {}", answer.status)};
}

bool is_final(const Error& error) {
    return error.code.starts_with("contents.");
}

io::HttpClient::Options client_options() {
    io::HttpClient::Options options;
    options.body_idle_timeout = silence_max;
    return options;
}

}  // namespace

struct ContentFetcher::Work {
    std::vector<WantedContent> wanted;
    std::vector<FetchedContent> fetched;
    std::optional<Error> failed;  // the first failure: what has not begun by then does not begin
};

struct ContentFetcher::Question {
    Work* work;
    std::vector<std::size_t> numbers;
    std::size_t answered = 0;
    FrameReader reader;
};

struct ContentFetcher::Large {
    Large(const io::Executor& executor, WantedContent content, contents::Writer begun)
        : wanted(std::move(content)), writer(std::move(begun)), turn(executor, asio::steady_timer::time_point::max()) {}

    WantedContent wanted;
    contents::Writer writer;
    std::uint64_t next = 0;      // where the next range begins
    std::uint64_t appended = 0;  // bytes
    asio::steady_timer turn;     // ends when another range may be appended
    std::optional<Error> failed;
};

ContentFetcher::ContentFetcher(Service& service, Peer peer)
    : service_(service), peer_(std::move(peer)), client_(service.executor(), client_options()) {}

io::HttpRequest ContentFetcher::request(std::string method, std::string target) const {
    io::HttpRequest made{.method = std::move(method), .target = "/-/contents" + target};
    const auto& secret = service_.options().log_secret;
    if (!secret.empty()) made.headers.emplace_back("Authorization", "Bearer " + secret);
    return made;
}

io::Task<Result<std::vector<FetchedContent>>> ContentFetcher::fetch(std::vector<WantedContent> wanted) {
    Work work{.wanted = std::move(wanted), .fetched = {}, .failed = {}};
    work.fetched.resize(work.wanted.size());
    std::vector<std::vector<std::size_t>> questions;
    std::vector<std::size_t> large;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < work.wanted.size(); ++i) {
        const std::uint64_t length = work.wanted[i].length;
        if (length > frame_bytes_max) {
            large.push_back(i);
            continue;
        }
        if (questions.empty() || questions.back().size() == contents_per_request ||
            bytes + length > bytes_per_request) {
            questions.emplace_back();
            bytes = 0;
        }
        questions.back().push_back(i);
        bytes += length;
    }
    const auto ask_for = [this, &work, &questions](std::size_t number) {
        return fetch_question(&work, std::move(questions[number]));
    };
    co_await each_at_once(questions.size(), requests_at_once, ask_for);
    const auto one_large = [this, &work, &large](std::size_t number) { return fetch_large(&work, large[number]); };
    co_await each_at_once(large.size(), large_at_once, one_large);
    if (work.failed) co_return fail(*work.failed);
    co_return std::move(work.fetched);
}

/// Writes one content as it came. On a thread of the pool.
Result<FetchedContent> ContentFetcher::store(const WantedContent& wanted, Frame frame) {
    if (frame.kind == FrameKind::missing) return FetchedContent{.outcome = Outcome::missing, .pin = {}};
    if (frame.kind == FrameKind::unreadable) return FetchedContent{.outcome = Outcome::unreadable, .pin = {}};
    auto writer = service_.contents().begin(wanted.key);
    if (!writer && writer.error().code == "contents.no-key")
        return FetchedContent{.outcome = Outcome::no_key, .pin = {}};
    if (!writer) return fail(writer.error());
    if (auto appended = writer->append(frame.bytes); !appended) return fail(appended.error());
    auto stored = writer->finish({.expected_sha256 = wanted.there.sha256});
    if (!stored) return fail(stored.error());
    return FetchedContent{.outcome = Outcome::here, .pin = std::move(stored->pin)};
}

io::Task<void> ContentFetcher::fetch_question(Work* work, std::vector<std::size_t> numbers) {
    Question question{.work = work, .numbers = std::move(numbers), .reader = {}};
    Duration pause = first_pause;
    for (int attempt = 0; attempt < attempts_max && !work->failed && !service_.stopping(); ++attempt) {
        if (attempt > 0) co_await service_.pause(pause);
        pause = std::min(pause * 2, longest_pause);
        // What has come stays; only the rest is asked for.
        question.numbers.erase(
            question.numbers.begin(), question.numbers.begin() + static_cast<std::ptrdiff_t>(question.answered)
        );
        question.answered = 0;
        question.reader = {};
        const auto asked = co_await ask(&question);
        if (asked) co_return;
        if (attempt + 1 == attempts_max || is_final(asked.error())) work->failed = asked.error();
    }
    if (service_.stopping() && !work->failed) work->failed = Error{.code = "objects.stopping", .message = "it ends"};
}

io::Task<Result<void>> ContentFetcher::ask(Question* question) {
    std::vector<contents::ContentName> names;
    for (const auto number : question->numbers) names.push_back(question->work->wanted[number].there);
    auto asked = request("POST", "");
    asked.body = encode_question(names);
    const io::BodySink sink = [this, question](std::string piece) -> io::Task<Result<void>> {
        if (service_.stopping()) co_return fail("objects.stopping", "it ends");
        service_.following(peer_.region).fetched_bytes += piece.size();
        auto work = [this, question, bytes = std::move(piece)]() -> Result<void> {
            if (auto fed = question->reader.feed(bytes); !fed) return fed;
            while (auto frame = question->reader.next()) {
                if (question->answered == question->numbers.size())
                    return fail("objects.bad-frame", "more came than was asked for");
                const auto number = question->numbers[question->answered];
                auto stored = store(question->work->wanted[number], std::move(*frame));
                if (!stored) return fail(stored.error());
                question->work->fetched[number] = std::move(*stored);
                ++question->answered;
            }
            return {};
        };
        auto taken = co_await service_.working().run(std::move(work));
        co_return taken;
    };
    const auto answer =
        co_await client_.download(peer_.endpoint, std::move(asked), sink, io::Deadline::after(answer_within));
    if (!answer) co_return fail(answer.error());
    if (answer->status != 200) co_return fail(refusal(*answer));
    if (question->answered != question->numbers.size()) co_return fail("objects.bad-frame", "the answer ended early");
    co_return Result<void>();
}

io::Task<void> ContentFetcher::fetch_large(Work* work, std::size_t number) {
    if (work->failed) co_return;
    const WantedContent& wanted = work->wanted[number];
    FetchedContent& fetched = work->fetched[number];
    const contents::ContentName here{.sha256 = wanted.there.sha256, .key = wanted.key};
    auto large = begun_[here];
    if (!large) {
        auto writer = service_.contents().begin(wanted.key);
        if (!writer) {
            begun_.erase(here);
            if (writer.error().code != "contents.no-key") work->failed = writer.error();
            fetched.outcome = Outcome::no_key;
            co_return;
        }
        large = std::make_shared<Large>(service_.executor(), wanted, std::move(*writer));
        begun_[here] = large;
    }
    large->failed.reset();
    large->next = large->appended;  // what came out of order behind it is gone
    const std::size_t ranges = (wanted.length - large->next + range_bytes - 1) / range_bytes;
    const std::size_t workers = std::min<std::size_t>(ranges, ranges_at_once);
    const auto bring = [this, large](std::size_t) { return fetch_ranges(large); };
    co_await each_at_once(workers, workers, bring);
    if (large->failed && !is_final(*large->failed)) {
        work->failed = large->failed;
        if (begun_.size() > begun_max) begun_.erase(begun_.begin());
        co_return;
    }
    begun_.erase(here);
    if (large->failed) {
        const auto& code = large->failed->code;
        const bool theirs = code == "contents.missing" || code == "contents.lost" || code == "contents.corrupt";
        if (!theirs) work->failed = large->failed;  // ours: a full disk
        fetched.outcome = code == "contents.missing" ? Outcome::missing : Outcome::unreadable;
        co_return;
    }
    auto finish = [large] { return large->writer.finish({.expected_sha256 = large->wanted.there.sha256}); };
    auto stored = co_await service_.working().run(std::move(finish));
    if (stored) {
        fetched.pin = std::move(stored->pin);
    } else {
        work->failed = stored.error();
    }
}

/// One range after the other, each appended when all before it are.
io::Task<void> ContentFetcher::fetch_ranges(std::shared_ptr<Large> large) {
    const std::string name = contents::flat(large->wanted.there);
    while (!large->failed && large->next < large->wanted.length) {
        const std::uint64_t offset = large->next;
        const std::uint64_t length = std::min(range_bytes, large->wanted.length - offset);
        large->next += length;
        auto bytes = co_await fetch_range(name, offset, length);
        boost::system::error_code ignored;
        while (!large->failed && bytes && large->appended != offset)
            co_await large->turn.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (large->failed) break;
        Result<void> appended;
        if (bytes) {
            auto work = [large, piece = std::move(*bytes)] { return large->writer.append(piece); };
            appended = co_await service_.working().run(std::move(work));
            if (appended) large->appended += length;
        } else {
            appended = fail(bytes.error());
        }
        if (!appended) large->failed = appended.error();
        large->turn.cancel();
    }
}

io::Task<Result<std::string>> ContentFetcher::fetch_range(
    std::string name, std::uint64_t offset, std::uint64_t length
) {
    Result<std::string> range = fail("objects.stopping", "it ends");
    Duration pause = first_pause;
    for (int attempt = 0; attempt < attempts_max && !service_.stopping(); ++attempt) {
        if (attempt > 0) co_await service_.pause(pause);
        pause = std::min(pause * 2, longest_pause);
        auto asked = request("GET", '/' + name);
        asked.headers.emplace_back("Range", fmt::format("bytes={}-{}", offset, offset + length - 1));
        std::string bytes;
        bytes.reserve(length);
        const io::BodySink sink = [this, &bytes](std::string piece) -> io::Task<Result<void>> {
            if (service_.stopping()) co_return fail("objects.stopping", "it ends");
            service_.following(peer_.region).fetched_bytes += piece.size();
            bytes += piece;
            co_return Result<void>();
        };
        const auto answer =
            co_await client_.download(peer_.endpoint, std::move(asked), sink, io::Deadline::after(answer_within));
        if (answer && answer->status == 206 && bytes.size() == length) co_return bytes;
        range = fail(answer ? refusal(*answer) : answer.error());
        if (is_final(range.error())) break;
    }
    co_return range;
}

}  // namespace cloudshelf::objects
