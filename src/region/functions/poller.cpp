#include "region/functions/poller.hpp"

#include "io/log.hpp"
#include "region/functions/dispatcher.hpp"
#include "region/functions/event.hpp"
#include "region/functions/event_queue.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/mappings.hpp"
#include "region/functions/service.hpp"
#include "region/functions/streams_client.hpp"
#include "wire/lambda/date.hpp"
#include "wire/lambda/invocation.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

namespace cloudshelf::functions {
namespace {

/// A part of what GetRecords answered, first and behind the last.
struct Span {
    std::size_t from = 0;
    std::size_t to = 0;
    std::size_t size() const { return to - from; }
};

const boost::json::object* dynamodb_of(const boost::json::value& record) {
    const auto* members = record.if_object();
    const auto* found = members != nullptr ? members->if_contains("dynamodb") : nullptr;
    return found != nullptr ? found->if_object() : nullptr;
}

std::string sequence_of(const boost::json::value& record) {
    const auto* change = dynamodb_of(record);
    const auto* number = change != nullptr ? change->if_contains("SequenceNumber") : nullptr;
    return number != nullptr && number->is_string() ? std::string(std::string_view(number->get_string())) : "";
}

std::int64_t created_ms(const boost::json::value& record) {
    const auto* change = dynamodb_of(record);
    const auto* time = change != nullptr ? change->if_contains("ApproximateCreationDateTime") : nullptr;
    return time != nullptr && time->is_number() ? static_cast<std::int64_t>(time->to_number<double>() * 1000) : 0;
}

/// The event as Lambda's functions know it (Lambda developer guide, "Example Amazon DynamoDB event").
std::string payload_of(const boost::json::array& records, Span span, const std::string& stream_arn) {
    boost::json::array batch;
    for (auto i = span.from; i < span.to; ++i) {
        batch.push_back(records[i]);
        if (auto* record = batch.back().if_object()) (*record)["eventSourceARN"] = stream_arn;
    }
    return boost::json::serialize(boost::json::object{{"Records", std::move(batch)}});
}

/// What a destination is told of a batch that was given up (Lambda developer guide, "Example invocation record").
std::string batch_record(
    const lambda::EventSourceMapping& mapping,
    const boost::json::array& records,
    Span span,
    std::int64_t failures,
    std::int64_t now_ms
) {
    return boost::json::serialize(boost::json::object{
        {"version", "1.0"},
        {"timestamp", lambda::timestamp(now_ms)},
        {"requestContext",
         boost::json::object{
             {"requestId", draw_uuid()},
             {"functionArn", mapping.function_arn},
             {"condition", "RetryAttemptsExhausted"},
             {"approximateInvokeCount", failures},
         }},
        {"DDBStreamBatchInfo",
         boost::json::object{
             {"streamArn", mapping.stream_arn},
             {"batchSize", span.size()},
             {"startSequenceNumber", sequence_of(records[span.from])},
             {"endSequenceNumber", sequence_of(records[span.to - 1])},
         }},
    });
}

class Poller {
public:
    Poller(Service* service, std::string uuid) : service_(*service), uuid_(std::move(uuid)) {}

    io::Task<void> run() {
        while (!service_.stopping()) {
            mapping_ = service_.mappings().find(uuid_);
            if (!mapping_) co_return;
            bool went_on = false;
            if (mapping_->enabled) {
                went_on = co_await look();
            } else {
                iterator_.reset();
            }
            if (!went_on) co_await service_.pause(service_.options().poll);
        }
    }

private:
    bool goes_on() const {
        const auto now = service_.mappings().find(uuid_);
        return now && now->enabled && !service_.stopping();
    }

    /// Whether there was something, so that there may be more.
    io::Task<bool> look() {
        const auto opened = co_await open();
        if (!opened) co_return complain(opened.error());
        auto found = co_await service_.streams()->records(*iterator_, mapping_->batch_size);
        if (!found) {
            iterator_.reset();
            // What we had not read is gone: on with what is there.
            trimmed_ = found.error().code == "TrimmedDataAccessException";
            co_return complain(found.error());
        }
        iterator_ = found->next;
        if (found->records.empty()) co_return false;
        const auto delivered = co_await deliver(&found->records);
        if (!delivered) iterator_.reset();  // again from what is known to be done
        co_return delivered;
    }

    bool complain(const Error& error) {
        service_.mappings().note(uuid_, "PROBLEM: " + error.message);
        io::log(io::Level::warning, "functions.stream-unread", {{"mapping", uuid_}, {"why", error.message}});
        return false;
    }

    io::Task<Result<void>> open() {
        if (iterator_) co_return Result<void>();
        auto shard = co_await service_.streams()->first_shard(mapping_->stream_arn);
        if (!shard) co_return fail(shard.error());
        auto position = service_.mappings().position(uuid_);
        if (!position) co_return fail(position.error());
        StreamsClient::Start start{.stream_arn = mapping_->stream_arn, .shard = std::move(*shard)};
        start.kind = position->empty() ? mapping_->starting_position : "AFTER_SEQUENCE_NUMBER";
        start.sequence = std::move(*position);
        if (trimmed_) {
            start.kind = "TRIM_HORIZON";
            start.sequence.clear();
        }
        auto opened = co_await service_.streams()->iterator(std::move(start));
        if (!opened) {
            trimmed_ = opened.error().code == "TrimmedDataAccessException";
            co_return fail(opened.error());
        }
        trimmed_ = false;
        iterator_ = std::move(*opened);
        co_return Result<void>();
    }

    /// All records, however many tries it takes. False: not all, because the mapping or the service ends, or because
    /// the disk does not keep how far we are.
    io::Task<bool> deliver(const boost::json::array* records) {
        std::deque<Span> spans{{0, records->size()}};
        failures_ = 0;
        while (!spans.empty()) {
            const auto span = spans.front();
            const auto came_to = co_await try_batch(records, span);
            if (came_to == Step::end) co_return false;
            if (came_to == Step::again) {
                co_await wait_after(failures_);
                continue;
            }
            failures_ = 0;
            spans.pop_front();
            if (came_to == Step::done) continue;
            const auto middle = span.from + span.size() / 2;
            spans.push_front({middle, span.to});
            spans.push_front({span.from, middle});
        }
        co_return true;
    }

    /// What a try of a batch came to.
    enum class Step : std::uint8_t { done, again, halve, end };

    io::Task<Step> try_batch(const boost::json::array* records, Span span) {
        if (!goes_on()) co_return Step::end;  // it was deleted while records were on their way
        auto payload = payload_of(*records, span, mapping_->stream_arn);
        if (payload.size() > lambda::payload_bytes_max && span.size() > 1) co_return Step::halve;
        const auto verdict = co_await invoke(std::move(payload));
        if (verdict != Verdict::succeeded && !goes_on()) co_return Step::end;
        if (auto newest = service_.mappings().find(uuid_)) mapping_ = std::move(newest);
        if (verdict == Verdict::no_room) co_return Step::again;
        if (verdict == Verdict::failed) {
            const auto age_ms = service_.wall_ms() - created_ms((*records)[span.from]);
            const auto next = after_failure(*mapping_, span.size(), ++failures_, age_ms);
            if (next == AfterFailure::try_again) co_return Step::again;
            if (next == AfterFailure::halve) co_return Step::halve;
            co_await give_up(records, span);
        }
        const auto kept = co_await keep(sequence_of((*records)[span.to - 1]));
        co_return kept ? Step::done : Step::end;
    }

    /// A second, then twice as long each time, up to a minute.
    io::Task<void> wait_after(std::int64_t failures) {
        const auto doubled = std::clamp<std::int64_t>(failures - 1, 0, 6);
        const auto wait =
            std::min<Duration>(service_.options().poll * (std::int64_t{1} << doubled), service_.options().poll * 60);
        co_await service_.pause(wait);
    }

    io::Task<Verdict> invoke(std::string payload) {
        const auto target = lambda::read_reference(mapping_->function_arn);
        const auto function = target ? service_.catalogue().find(target->name) : nullptr;
        const auto* version = function ? function->resolve(target->qualifier) : nullptr;
        if (version == nullptr) {
            service_.mappings().note(uuid_, "PROBLEM: there is no such function");
            co_return Verdict::no_room;
        }
        auto code = service_.runnables().runnable(*function, *version);
        if (!code) co_return Verdict::no_room;
        Invocation invocation{.request_id = draw_uuid(), .arn = mapping_->function_arn, .payload = std::move(payload)};
        const auto outcome = co_await service_.runnables().runner().invoke(std::move(*code), std::move(invocation));
        if (!outcome) co_return Verdict::no_room;
        service_.mappings().note(uuid_, outcome->function_error ? "PROBLEM: Function call failed" : "OK");
        co_return outcome->function_error ? Verdict::failed : Verdict::succeeded;
    }

    io::Task<bool> keep(std::string sequence) {
        const auto kept = co_await service_.mappings().set_position(uuid_, std::move(sequence));
        if (!kept) co_return complain(kept.error());
        co_return true;
    }

    io::Task<void> give_up(const boost::json::array* records, Span span) {
        io::log(
            io::Level::warning,
            "functions.batch-given-up",
            {{"mapping", uuid_}, {"records", std::to_string(span.size())}, {"failures", std::to_string(failures_)}}
        );
        if (mapping_->on_failure.empty()) co_return;
        const auto now_ms = service_.wall_ms();
        Event about;
        if (const auto target = lambda::read_reference(mapping_->function_arn)) about.function = target->name;
        auto record = batch_record(*mapping_, *records, span, failures_, now_ms);
        auto event = delivery(about, std::move(record), mapping_->on_failure, now_ms);
        if (!event) co_return;
        Due due{.due_ms = now_ms, .event = std::move(*event)};
        const auto queued = co_await service_.events().add(std::move(due));
        if (!queued) io::log(io::Level::error, "functions.event-unwritten", {{"why", queued.error().message}});
        service_.dispatcher().wake();
    }

    Service& service_;
    std::string uuid_;
    MappingPtr mapping_;
    std::optional<std::string> iterator_;
    bool trimmed_ = false;
    std::int64_t failures_ = 0;  // of the batch that is being tried
};

}  // namespace

AfterFailure after_failure(
    const lambda::EventSourceMapping& mapping, std::size_t records, std::int64_t failures, std::int64_t age_ms
) {
    if (mapping.bisect && records > 1) return AfterFailure::halve;
    const bool too_often = mapping.retries_max >= 0 && failures > mapping.retries_max;
    const bool too_old = mapping.age_seconds_max >= 0 && age_ms > mapping.age_seconds_max * 1000;
    return too_often || too_old ? AfterFailure::give_up : AfterFailure::try_again;
}

io::Task<void> poll_mapping(Service* service, std::string uuid) {
    Poller poller(service, std::move(uuid));
    co_await poller.run();
}

}  // namespace cloudshelf::functions
