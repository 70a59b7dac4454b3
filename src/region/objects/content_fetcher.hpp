#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "io/task.hpp"
#include "region/contents/store.hpp"
#include "region/objects/content_frames.hpp"
#include "region/objects/service.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::objects {

/// A content that is to come from another region.
struct WantedContent {
    contents::ContentName there;
    std::string key;  // that it is to lie under here
    std::uint64_t length = 0;
};

/// What became of it. `pin` is there when it is; then the file is durable.
struct FetchedContent {
    enum class Outcome : std::uint8_t { here, missing, unreadable, no_key } outcome = Outcome::here;
    contents::Pin pin;
};

/// Brings contents from one region: many small ones with one question, large ones in several ranges at a time. A range
/// that is cut off is asked for again, and what has come of a large content before all attempts failed is gone on with
/// by the next call. Lives on the service's executor.
class ContentFetcher {
public:
    ContentFetcher(Service& service, Peer peer);

    /// All of these, in their order. Errors: of the link, those of contents::Writer; what had come whole by then is
    /// here, and found by the next call's caller.
    io::Task<Result<std::vector<FetchedContent>>> fetch(std::vector<WantedContent> wanted);

private:
    using Outcome = FetchedContent::Outcome;
    struct Work;   // of one call
    struct Large;  // a large content, as far as it has come
    struct Question;

    io::Task<void> fetch_question(Work* work, std::vector<std::size_t> numbers);
    io::Task<Result<void>> ask(Question* question);
    io::Task<void> fetch_large(Work* work, std::size_t number);
    io::Task<void> fetch_ranges(std::shared_ptr<Large> large);
    io::Task<Result<std::string>> fetch_range(std::string name, std::uint64_t offset, std::uint64_t length);
    Result<FetchedContent> store(const WantedContent& wanted, Frame frame);
    io::HttpRequest request(std::string method, std::string target) const;

    Service& service_;
    Peer peer_;
    io::HttpClient client_;
    std::map<contents::ContentName, std::shared_ptr<Large>> begun_;  // by their names here
};

}  // namespace cloudshelf::objects
