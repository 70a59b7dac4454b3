#include "drivers/probe/prober.hpp"

#include "drivers/probe/http_answer.hpp"
#include "io/clock.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <netinet/tcp.h>
#include <vector>

namespace cloudshelf::probe {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using core::CheckType;
using core::Observation;
using core::ProbeId;
using namespace std::chrono_literals;

namespace {

/// A longer body is not read to its end: another connection is cheaper.
constexpr std::size_t drained_bytes_max = 64 << 10;
/// To one endpoint: looks spread over time need few, however many targets are there.
constexpr std::size_t idle_connections_max = 2;

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

bool is_visible(const std::string& text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

std::string request_of(const Target& target) {
    const io::Endpoint& at = target.endpoint;
    std::string host = target.host.empty() ? at.address : target.host;
    if (at.port != 80) host += ":" + std::to_string(at.port);
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cloudshelf-probe\r\nAccept-Encoding: identity\r\n{}\r\n",
        target.path,
        host,
        target.connections == Connections::fresh ? "Connection: close\r\n" : ""
    );
}

}  // namespace

Limits route53_limits(CheckType type) {
    return {.connect = type == CheckType::tcp ? 10s : 4s, .status = 2s, .body = 2s};
}

struct Prober::Impl : std::enable_shared_from_this<Impl> {
    /// What targets at one endpoint share: connections kept open, none of which is in use.
    struct Shared {
        std::vector<tcp::socket> idle;
        std::size_t targets = 0;
    };

    struct Remote {
        Remote(const io::Executor& executor, Target what)
            : target(std::move(what)), request(request_of(target)), socket(executor) {}

        bool kept() const { return target.connections == Connections::kept; }
        void close() {
            error_code ignored;
            socket.close(ignored);
        }

        Target target;
        Limits limits;
        tcp::endpoint at;
        std::string request;
        std::size_t body_wanted = 0;
        tcp::socket socket;
        Shared* shared = nullptr;
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
        bool head_seen = false;
        HttpAnswer answer;
        std::array<char, 16 << 10> buffer;
    };

    Impl(const io::Executor& on, Options options, Sink told)
        : executor(on), sink(std::move(told)), timer(on), probes(options.concurrency_max) {
        for (auto& probe : probes) free.push_back(&probe);
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
        probe.result = {};
        probe.began = io::now();
        probe.timed_out = false;
        probe.head_seen = false;
        probe.answer.reset(remote.body_wanted);
        auto& idle = remote.shared->idle;
        probe.result.reused = remote.kept() && !idle.empty();
        if (probe.result.reused) {
            remote.socket = std::move(idle.back());
            idle.pop_back();
            expect_by(probe, probe.began + remote.limits.status);
            send(probe);
        } else {
            connect(probe);
        }
    }

    void connect(Probe& probe) {
        Remote& remote = *probe.remote;
        expect_by(probe, probe.began + remote.limits.connect);
        error_code problem;
        remote.socket.open(tcp::v4(), problem);
        if (problem) return finish_later(probe, connect_failure(problem));
        error_code ignored;
        remote.socket.set_option(asio::socket_base::linger(true, 0), ignored);
        // The acknowledgement that ends the handshake goes with the request: a packet less each way.
        using QuickAck = asio::detail::socket_option::boolean<IPPROTO_TCP, TCP_QUICKACK>;
        if (remote.target.type == CheckType::http) remote.socket.set_option(QuickAck(false), ignored);
        remote.socket.async_connect(remote.at, [self = shared_from_this(), &probe](const error_code& failure) {
            self->connected(probe, failure);
        });
    }

    void connected(Probe& probe, const error_code& problem) {
        if (probe.timed_out) return finish(probe, Observation::connect_timed_out);
        if (problem) return finish(probe, connect_failure(problem));
        const TimePoint now = io::now();
        probe.result.connected = now - probe.began;
        if (probe.remote->target.type == CheckType::tcp) return finish(probe, Observation::passed);
        expect_by(probe, now + probe.remote->limits.status);
        send(probe);
    }

    void send(Probe& probe) {
        Remote& remote = *probe.remote;
        asio::async_write(
            remote.socket,
            asio::buffer(remote.request),
            [self = shared_from_this(), &probe](const error_code& problem, std::size_t) { self->sent(probe, problem); }
        );
    }

    void sent(Probe& probe, const error_code& problem) {
        if (probe.timed_out) return finish(probe, Observation::answer_timed_out);
        if (problem) return lost(probe);
        receive(probe);
    }

    void receive(Probe& probe) {
        probe.remote->socket.async_receive(
            asio::buffer(probe.buffer),
            [self = shared_from_this(), &probe](const error_code& problem, std::size_t count) {
                self->received(probe, problem, count);
            }
        );
    }

    void received(Probe& probe, const error_code& problem, std::size_t count) {
        if (probe.timed_out) return finish(probe, Observation::answer_timed_out);
        if (problem && problem != asio::error::eof) return lost(probe);
        HttpAnswer& answer = probe.answer;
        if (!answer.anything_came()) {
            if (problem) return lost(probe);
            probe.result.first_answer = io::now() - probe.began;
        }
        const auto progress = problem ? answer.end() : answer.feed({probe.buffer.data(), count});
        if (progress == HttpAnswer::Progress::bad)
            return finish(probe, problem ? Observation::closed : Observation::bad_answer);
        // "You were idle too long", said before our request came (RFC 9110 §15.5.9).
        if (probe.result.reused && answer.status() == 408) return look_again(probe);
        if (progress == HttpAnswer::Progress::done) return finish(probe, judge(probe));
        if (answer.head_done() && !probe.head_seen) {
            probe.head_seen = true;
            expect_by(probe, io::now() + probe.remote->limits.body);
        }
        receive(probe);
    }

    static Observation judge(Probe& probe) {
        const HttpAnswer& answer = probe.answer;
        const std::string& search = probe.remote->target.search;
        probe.result.status = answer.status();
        const auto found = core::judge_http(answer.status(), answer.body(), search);
        if (found == Observation::passed && !search.empty() && answer.encoded()) return Observation::search_missing;
        return found;
    }

    /// The connection is gone. A kept one may have been closed for having been idle, which says nothing of the
    /// endpoint; a GET may be sent again (RFC 9110 §9.2.2).
    void lost(Probe& probe) {
        if (!probe.result.reused || probe.answer.anything_came()) return finish(probe, Observation::closed);
        look_again(probe);
    }

    void look_again(Probe& probe) {
        if (probe.remote->removed || closed) return finish(probe, Observation::not_made);
        probe.remote->close();
        probe.answer.reset(probe.remote->body_wanted);
        probe.result = {};
        probe.began = io::now();
        connect(probe);
    }

    /// Not from within begin(), whose caller is not to be told before it has returned.
    void finish_later(Probe& probe, Observation observation) {
        asio::post(executor, [self = shared_from_this(), &probe, observation] { self->finish(probe, observation); });
    }

    void finish(Probe& probe, Observation observation) {
        Remote& remote = *probe.remote;
        const bool reusable = remote.kept() && !probe.timed_out && probe.answer.reusable();
        if (reusable && remote.target.type == CheckType::http && !closed) {
            keep(remote);
        } else {
            remote.close();
        }
        ProbeResult result = probe.result;
        result.observation = observation;
        result.took = io::now() - probe.began;
        const ProbeId id = probe.id;
        const bool tell = !remote.removed && !closed;
        remote.under_way = false;
        --under_way;
        if (remote.removed) forget(id);
        probe.remote = nullptr;
        free.push_back(&probe);
        if (closed) return;
        launch_waiting();
        if (tell) sink(id, result);
    }

    void keep(Remote& remote) {
        auto& idle = remote.shared->idle;
        if (idle.size() < idle_connections_max) {
            idle.push_back(std::move(remote.socket));
        } else {
            remote.close();
        }
    }

    void forget(ProbeId id) {
        const auto& remote = *remotes[id.value()];
        if (--remote.shared->targets == 0) shared.erase(remote.at);
        remotes[id.value()].reset();
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
                probe.remote->close();  // what it waits for ends now, and finds itself late
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
        remote->close();
        remote->removed = true;
        if (std::erase(waiting, id) > 0) {
            remote->under_way = false;
            --under_way;
        }
        if (!remote->under_way) forget(id);
    }

    void close() {
        closed = true;
        timer.cancel();
        waiting.clear();
        for (auto& [endpoint, kept] : shared) kept.idle.clear();
        for (auto& remote : remotes) {
            if (remote) remote->close();
        }
    }

    io::Executor executor;
    Sink sink;
    asio::steady_timer timer;
    TimePoint armed = TimePoint::max();
    std::vector<Probe> probes;
    std::vector<Probe*> free;
    std::deque<ProbeId> waiting;
    std::vector<std::unique_ptr<Remote>> remotes;  // by id; ids are not used again
    std::map<tcp::endpoint, Shared> shared;
    std::size_t under_way = 0;
    bool closed = false;
};

Prober::Prober(io::Executor executor, Options options, Sink sink)
    : impl_(std::make_shared<Impl>(executor, options, std::move(sink))) {}

Prober::~Prober() {
    impl_->close();
}

Result<ProbeId> Prober::add(Target target) {
    if (target.type != CheckType::http && target.type != CheckType::tcp)
        return fail("probe.unsupported", fmt::format("no probe for checks of type {} here", core::name(target.type)));
    const auto bad = [](std::string why) { return fail("probe.bad-target", std::move(why)); };
    error_code problem;
    const auto address = asio::ip::make_address_v4(target.endpoint.address, problem);
    if (problem || target.endpoint.port == 0)
        return bad(fmt::format("{} is no IPv4 address and port", target.endpoint.text()));
    if (!target.path.starts_with('/') || target.path.size() > 255 || !is_visible(target.path))
        return bad("the path has to begin with / and to have at most 255 visible ASCII characters");
    if (target.host.size() > 255 || !is_visible(target.host)) return bad("the host is no name");
    if (target.search.size() > 255) return bad("the text to search for has more than 255 bytes");
    auto remote = std::make_unique<Impl::Remote>(impl_->executor, std::move(target));
    remote->limits = remote->target.limits.value_or(route53_limits(remote->target.type));
    remote->at = {address, remote->target.endpoint.port};
    remote->body_wanted = remote->target.search.empty() ? 0 : core::search_bytes_max;
    if (remote->kept()) remote->body_wanted = drained_bytes_max;
    remote->shared = &impl_->shared[remote->at];
    ++remote->shared->targets;
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
