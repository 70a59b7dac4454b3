#include "drivers/probe/prober.hpp"

#include "drivers/probe/dns_check.hpp"
#include "drivers/probe/http_check.hpp"
#include "drivers/probe/link.hpp"
#include "drivers/probe/postgres_check.hpp"
#include "io/clock.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

namespace cloudshelf::probe {

namespace asio = boost::asio;
using boost::system::error_code;
using core::CheckType;
using core::Observation;
using core::ProbeId;
using namespace std::chrono_literals;

namespace {

Observation connect_failure(const error_code& problem) {
    if (problem == asio::error::connection_refused) return Observation::refused;
    if (problem == asio::error::timed_out) return Observation::connect_timed_out;
    if (problem == asio::error::connection_reset) return Observation::closed;
    // Ours, not the endpoint's: no port, no descriptor, no memory left.
    if (problem == boost::system::errc::address_not_available || problem == asio::error::no_descriptors ||
        problem == asio::error::no_buffer_space || problem == asio::error::no_memory)
        return Observation::not_made;
    return Observation::unreachable;
}

Observation handshake_failure(const error_code& problem, const TlsClient& tls) {
    if (tls.certificate_refused()) return Observation::certificate_bad;
    return problem == asio::error::connection_aborted ? Observation::tls_failed : Observation::closed;
}

/// Beyond it a Duration would overflow: certificates may end in the year 9999 (RFC 5280 §4.1.2.5).
constexpr auto left_max = std::chrono::days(36'500);

Duration left_until(std::chrono::sys_seconds moment) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return std::clamp<std::chrono::seconds>(moment - now, -left_max, left_max);
}

/// What is said to a target of this type; nothing to be said for `tcp`.
Result<Script> script_of(const Target& target) {
    switch (target.type) {
        case CheckType::http:
        case CheckType::https:
            return http_script(target);
        case CheckType::function:
            return function_script(target);
        case CheckType::dns:
            return dns_script(target);
        case CheckType::postgres:
            return postgres_script(target);
        case CheckType::tcp:
            return Script{.type = target.type};
        case CheckType::calculated:
        case CheckType::alarm:
            break;
    }
    return fail("probe.unsupported", fmt::format("checks of type {} are not probed", core::name(target.type)));
}

bool has_tls(const Target& target) {
    const bool may_have = target.type == CheckType::function || target.type == CheckType::postgres;
    return target.type == CheckType::https || (may_have && target.secured == Secured::yes);
}

}  // namespace

Limits default_limits(CheckType type) {
    return {.connect = type == CheckType::tcp ? 10s : 4s, .status = type == CheckType::function ? 4s : 2s, .body = 2s};
}

struct Prober::Impl : std::enable_shared_from_this<Impl> {
    struct Remote {
        Remote(const io::Executor& executor, Target what, Script said)
            : target(std::move(what)), script(std::move(said)), link(executor) {}

        bool keeps() const {
            const bool is_http = target.type == CheckType::http || target.type == CheckType::https;
            return target.connections == Connections::kept && (is_http || target.type == CheckType::function);
        }
        How how() const {
            return {
                .way = target.type == CheckType::dns ? Way::udp : Way::tcp,
                .parting = target.type == CheckType::postgres ? Parting::orderly : Parting::reset,
                .speaks_first = target.type != CheckType::tcp,
            };
        }

        Target target;
        Script script;
        TlsTerms tls;
        bool tls_first = false;  // before the first word
        Limits limits;
        asio::ip::tcp::endpoint at;
        Link link;
        std::optional<std::chrono::sys_seconds> certificate_ends;
        bool under_way = false;
        bool removed = false;
    };

    /// A look under way; there are `concurrency_max` of them, used again and again.
    struct Probe {
        Remote* remote = nullptr;  // null: free
        ProbeId id;
        ProbeResult result;
        TimePoint began{};
        TimePoint deadline{};
        bool timed_out = false;
        bool heard = false;
        bool answering = false;
        How how;
        Conversation* conversation = nullptr;  // null: nothing is said
        HttpConversation http;
        DnsConversation dns;
        PostgresConversation postgres;
        std::array<char, 16 << 10> buffer;

        Conversation* conversation_of(CheckType type) {
            if (type == CheckType::tcp) return nullptr;
            if (type == CheckType::dns) return &dns;
            if (type == CheckType::postgres) return &postgres;
            return &http;
        }
    };
    using Handler = void (Impl::*)(Probe&, const error_code&, std::size_t);

    Impl(const io::Executor& on, Options options, Sink told)
        : executor(on), sink(std::move(told)), timer(on), probes(options.concurrency_max) {
        for (auto& probe : probes) free.push_back(&probe);
    }

    auto then(Probe& probe, Handler handler) {
        return [self = shared_from_this(), &probe, handler](const error_code& problem, std::size_t count) {
            (*self.*handler)(probe, problem, count);
        };
    }

    bool begin(ProbeId id) {
        if (id.value() >= remotes.size() || !remotes[id.value()] || remotes[id.value()]->under_way) return false;
        remotes[id.value()]->under_way = true;
        ++under_way;
        if (free.empty()) {
            waiting.push_back(id);
        } else {
            launch(id);
        }
        return true;
    }

    void launch_waiting() {
        while (!waiting.empty() && !free.empty()) {
            const ProbeId id = waiting.front();
            waiting.pop_front();
            launch(id);
        }
    }

    void launch(ProbeId id) {
        Probe& probe = *free.back();
        free.pop_back();
        Remote& remote = *remotes[id.value()];
        probe.remote = &remote;
        probe.id = id;
        probe.conversation = probe.conversation_of(remote.target.type);
        start(probe);
    }

    void start(Probe& probe) {
        Remote& remote = *probe.remote;
        probe.result = {};
        probe.began = io::now();
        probe.timed_out = probe.heard = probe.answering = false;
        probe.how = remote.how();
        if (probe.conversation != nullptr) probe.conversation->begin(remote.script);
        probe.result.reused = remote.link.is_open();
        if (probe.result.reused) {
            expect_by(probe, probe.began + remote.limits.status);
            speak(probe);
        } else {
            connect(probe);
        }
    }

    void connect(Probe& probe) {
        Remote& remote = *probe.remote;
        remote.certificate_ends.reset();
        expect_by(probe, io::now() + remote.limits.connect);
        remote.link.connect(remote.at, probe.how, then(probe, &Impl::connected));
    }

    void connected(Probe& probe, const error_code& problem, std::size_t) {
        if (probe.timed_out) return finish(probe, Observation::connect_timed_out);
        if (problem) return finish(probe, connect_failure(problem));
        const TimePoint now = io::now();
        if (probe.how.way == Way::tcp) probe.result.connected = now - probe.began;
        if (probe.conversation == nullptr) return finish(probe, Observation::passed);
        expect_by(probe, now + probe.remote->limits.status);
        if (probe.remote->tls_first) return secure(probe);
        speak(probe);
    }

    void secure(Probe& probe) { probe.remote->link.secure(probe.remote->tls, then(probe, &Impl::secured)); }

    void secured(Probe& probe, const error_code& problem, std::size_t) {
        Remote& remote = *probe.remote;
        if (probe.timed_out) return finish(probe, Observation::answer_timed_out);
        if (problem) return finish(probe, handshake_failure(problem, remote.link.tls()));
        probe.result.secured = io::now() - probe.began;
        remote.certificate_ends = remote.link.tls().certificate_ends();
        speak(probe);
    }

    void speak(Probe& probe) { probe.remote->link.send(probe.conversation->words(), then(probe, &Impl::spoken)); }

    void spoken(Probe& probe, const error_code& problem, std::size_t) {
        if (probe.timed_out) return finish(probe, Observation::answer_timed_out);
        if (problem) return lost(probe, problem);
        listen(probe);
    }

    void listen(Probe& probe) { probe.remote->link.receive(probe.buffer, then(probe, &Impl::received)); }

    void received(Probe& probe, const error_code& problem, std::size_t count) {
        if (probe.timed_out) return finish(probe, Observation::answer_timed_out);
        Conversation& conversation = *probe.conversation;
        if (problem == asio::error::eof && probe.heard) {
            conversation.ended();
            return finish(probe, conversation.verdict());
        }
        if (problem) return lost(probe, problem);
        if (!probe.heard) probe.result.first_answer = io::now() - probe.began;
        probe.heard = true;
        // An empty datagram is no answer, and tells a conversation nothing.
        const Turn turn = count == 0 ? Turn::listen : conversation.heard({probe.buffer.data(), count});
        if (probe.result.reused && conversation.was_idle()) return look_again(probe);
        switch (turn) {
            case Turn::over:
                return finish(probe, conversation.verdict());
            case Turn::secure:
                return secure(probe);
            case Turn::use_tcp:
                probe.remote->link.close();
                probe.how.way = Way::tcp;
                return connect(probe);
            case Turn::listen:
                break;
        }
        if (conversation.answering() && !std::exchange(probe.answering, true))
            expect_by(probe, io::now() + probe.remote->limits.body);
        listen(probe);
    }

    /// The connection is gone. A kept one may have been closed for having been idle, which says nothing of the
    /// endpoint; a GET may be sent again (RFC 9110 §9.2.2), and an invocation that is a check, too.
    void lost(Probe& probe, const error_code& problem) {
        if (probe.how.way == Way::udp) return finish(probe, connect_failure(problem));  // ICMP, mostly
        if (!probe.result.reused || probe.heard) return finish(probe, Observation::closed);
        look_again(probe);
    }

    void look_again(Probe& probe) {
        if (probe.remote->removed || closed) return finish(probe, Observation::not_made);
        probe.remote->link.close();
        start(probe);
    }

    void finish(Probe& probe, Observation observation) {
        Remote& remote = *probe.remote;
        const bool reusable = remote.keeps() && !probe.timed_out && probe.conversation->reusable();
        ProbeResult result = probe.result;
        if (remote.certificate_ends) result.expires_in = left_until(*remote.certificate_ends);
        if (probe.conversation != nullptr) result.status = probe.conversation->status();
        if (!reusable || closed) remote.link.close();
        result.observation = observation;
        result.took = io::now() - probe.began;
        const ProbeId id = probe.id;
        const bool tell = !remote.removed && !closed;
        remote.under_way = false;
        --under_way;
        if (remote.removed) remotes[id.value()].reset();
        probe.remote = nullptr;
        free.push_back(&probe);
        if (closed) return;
        launch_waiting();
        if (tell) sink(id, result);
    }

    void expect_by(Probe& probe, TimePoint deadline) {
        probe.deadline = deadline;
        if (deadline < armed) arm(deadline);
    }

    /// One timer for all looks. It is moved only for a deadline sooner than it is set to, so that looks that end well
    /// in time leave it alone.
    void arm(TimePoint deadline) {
        armed = deadline;
        timer.expires_after(std::max(deadline - io::now(), Duration::zero()));
        timer.async_wait([self = shared_from_this()](const error_code& moved) {
            if (!moved && !self->closed) self->end_late_ones();
        });
    }

    void end_late_ones() {
        const TimePoint now = io::now();
        TimePoint soonest = TimePoint::max();
        for (Probe& probe : probes) {
            if (probe.remote == nullptr || probe.timed_out) continue;
            if (probe.deadline <= now) {
                probe.timed_out = true;
                probe.remote->link.close();  // what it waits for ends now, and finds itself late
            } else {
                soonest = std::min(soonest, probe.deadline);
            }
        }
        armed = TimePoint::max();
        if (soonest != armed) arm(soonest);
    }

    void remove(ProbeId id) {
        if (id.value() >= remotes.size() || !remotes[id.value()]) return;
        auto& remote = remotes[id.value()];
        remote->link.close();
        remote->removed = true;
        if (std::erase(waiting, id) > 0) {
            remote->under_way = false;
            --under_way;
        }
        if (!remote->under_way) remote.reset();
    }

    void close() {
        closed = true;
        timer.cancel();
        waiting.clear();
        for (auto& remote : remotes) {
            if (remote) remote->link.close();
        }
    }

    io::Executor executor;
    Sink sink;
    asio::steady_timer timer;
    TimePoint armed = TimePoint::max();
    TlsTermsMaker tls_terms;
    std::vector<Probe> probes;
    std::vector<Probe*> free;
    std::deque<ProbeId> waiting;
    std::vector<std::unique_ptr<Remote>> remotes;  // by id; ids are not used again
    std::size_t under_way = 0;
    bool closed = false;
};

Prober::Prober(io::Executor executor, Options options, Sink sink)
    : impl_(std::make_shared<Impl>(executor, options, std::move(sink))) {}

Prober::~Prober() {
    impl_->close();
}

Result<ProbeId> Prober::add(Target target) {
    error_code problem;
    const auto address = asio::ip::make_address_v4(target.endpoint.address, problem);
    if (problem || target.endpoint.port == 0)
        return fail("probe.bad-target", fmt::format("{} is no IPv4 address and port", target.endpoint.text()));
    auto script = script_of(target);
    if (!script) return fail(script.error());
    TlsTerms terms;
    if (has_tls(target)) {
        auto made = impl_->tls_terms.make(target);
        if (!made) return fail(made.error());
        terms = std::move(*made);
    }
    auto remote = std::make_unique<Impl::Remote>(impl_->executor, std::move(target), std::move(*script));
    remote->limits = remote->target.limits.value_or(default_limits(remote->target.type));
    remote->at = {address, remote->target.endpoint.port};
    remote->tls = std::move(terms);
    // PostgreSQL is asked first whether it speaks TLS.
    remote->tls_first = remote->tls.context && remote->target.type != CheckType::postgres;
    impl_->remotes.push_back(std::move(remote));
    return ProbeId(static_cast<std::uint32_t>(impl_->remotes.size() - 1));
}

void Prober::remove(ProbeId id) {
    impl_->remove(id);
}

bool Prober::begin(ProbeId id) {
    return impl_->begin(id);
}

std::size_t Prober::under_way() const {
    return impl_->under_way;
}

}  // namespace cloudshelf::probe
