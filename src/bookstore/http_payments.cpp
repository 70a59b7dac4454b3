#include "bookstore/http_payments.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include <exception>
#include <future>

namespace cloudshelf::bookstore {
namespace json = boost::json;

struct HttpPayments::Impl {
    Impl(io::Executor executor_in, Options options_in)
        : executor(executor_in), options(std::move(options_in)), client(std::move(executor_in), one_shot()) {}

    /// A charge on a kept connection that turns out to be closed would be in doubt for nothing.
    static io::HttpClient::Options one_shot() {
        io::HttpClient::Options one_shot;
        one_shot.reuse_connections = false;
        return one_shot;
    }

    /// Runs on the executor; the caller's thread waits.
    Result<io::HttpResponse> send(Processor processor, io::HttpRequest request, Duration limit) {
        std::promise<Result<io::HttpResponse>> answered;
        auto answer = answered.get_future();
        const auto endpoint = processor == Processor::primary ? options.primary : options.backup;
        boost::asio::co_spawn(
            executor,
            client.send(endpoint, std::move(request), io::Deadline::after(limit)),
            [&answered](std::exception_ptr failed, Result<io::HttpResponse> result) {
                if (failed) result = fail(Error{.code = "io.closed", .message = "", .certainty = Certainty::unknown});
                answered.set_value(std::move(result));
            }
        );
        return answer.get();
    }

    static Charge judge(const Result<io::HttpResponse>& answer) {
        if (!answer) {
            return answer.error().certainty == Certainty::not_done ? Charge::not_charged : Charge::unknown;
        }
        if (answer->status == 404) return Charge::not_charged;
        boost::system::error_code bad;
        const auto body = json::parse(answer->body, bad);
        if (bad || !body.is_object() || answer->status >= 500) return Charge::failed;
        const auto* status = body.as_object().if_contains("status");
        if (status != nullptr && *status == "captured") return Charge::captured;
        if (status != nullptr && *status == "declined") return Charge::declined;
        return Charge::failed;
    }

    io::Executor executor;
    Options options;
    io::HttpClient client;
};

HttpPayments::HttpPayments(io::Executor executor, Options options)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(options))) {}
HttpPayments::~HttpPayments() = default;

Charge HttpPayments::charge(Processor processor, const std::string& key, std::int64_t cents, const std::string& token) {
    io::HttpRequest request;
    request.method = "POST";
    request.target = "/charges";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = json::serialize(json::object{{"key", key}, {"amount_cents", cents}, {"token", token}});
    return Impl::judge(impl_->send(processor, std::move(request), impl_->options.charge_limit));
}

Charge HttpPayments::look_up(Processor processor, const std::string& key) {
    io::HttpRequest request;
    request.target = "/charges/" + key;
    const auto answer = impl_->send(processor, std::move(request), impl_->options.look_up_limit);
    // Only what the processor says itself counts: one that can't be reached knows nothing of ours.
    return answer ? Impl::judge(answer) : Charge::unknown;
}

}  // namespace cloudshelf::bookstore
