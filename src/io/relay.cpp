#include "io/relay.hpp"

#include "base/random.hpp"
#include "io/clock.hpp"
#include "io/listen.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <deque>
#include <poll.h>
#include <set>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr Duration look_again = 5ms;  // whether a cut way has healed
constexpr std::size_t piece_bytes_max = 64 << 10;

/// The other end gave up: it sent FIN or RST, read or not.
bool gave_up(tcp::socket& socket) {
    pollfd look{.fd = socket.native_handle(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/// Closes at once, with a reset: who waits at the other end learns of it now.
void slam(tcp::socket& socket) {
    error_code ignored;
    socket.set_option(tcp::socket::linger(true, 0), ignored);
    socket.close(ignored);
}

struct Piece {
    TimePoint due;
    std::string bytes;   // empty: the end
    bool reset = false;  // the end came without a FIN
};

/// One way of one connection: pieces wait here for their time.
struct Pipe {
    explicit Pipe(const Executor& executor, std::shared_ptr<LinkWay> over) : changed(executor), way(std::move(over)) {}
    std::deque<Piece> pieces;
    std::size_t held = 0;
    asio::steady_timer changed;
    std::shared_ptr<LinkWay> way;
};

}  // namespace

struct Relay::Impl : std::enable_shared_from_this<Relay::Impl> {
    struct Connection {
        Connection(const Executor& executor, tcp::socket accepted, const Options& options)
            : near(std::move(accepted)), far(executor), there(executor, options.there), back(executor, options.back) {}
        void close() {
            slam(near);
            slam(far);
            there.changed.cancel();
            back.changed.cancel();
        }
        tcp::socket near;
        tcp::socket far;
        Pipe there;
        Pipe back;
        int ways_open = 2;
        bool closed = false;
    };

    Impl(Executor owned, Options chosen)
        : executor(std::move(owned)), options(std::move(chosen)), acceptor(executor), random(options.seed) {}

    static Task<void> accept_all(std::shared_ptr<Impl> self) {
        while (self->acceptor.is_open()) {
            error_code problem;
            auto socket = co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, problem));
            if (problem == asio::error::operation_aborted) co_return;
            if (problem) {
                co_await wait_for(10ms);
                continue;
            }
            auto connection = std::make_shared<Connection>(self->executor, std::move(socket), self->options);
            self->connections.insert(connection);
            asio::co_spawn(self->executor, open(self, connection), asio::detached);
        }
    }

    static Task<void> open(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
        // A connection needs both ways to come about; who gives up before that was never heard.
        while (self->options.there->weather.cut || self->options.back->weather.cut) {
            co_await wait_for(look_again);
            if (!connection->near.is_open() || gave_up(connection->near)) {
                self->forget(connection);
                co_return;
            }
        }
        error_code problem;
        const auto address = asio::ip::make_address(self->options.to.address, problem);
        const tcp::endpoint to(address, self->options.to.port);
        co_await connection->far.async_connect(to, asio::redirect_error(asio::use_awaitable, problem));
        if (problem || !connection->near.is_open()) {
            self->forget(connection);
            co_return;
        }
        error_code ignored;
        connection->near.set_option(tcp::no_delay(true), ignored);
        connection->far.set_option(tcp::no_delay(true), ignored);
        const auto spawn = [&](Task<void> task) { asio::co_spawn(self->executor, std::move(task), asio::detached); };
        spawn(take(self, connection, &connection->near, &connection->there));
        spawn(hand_on(self, connection, &connection->far, &connection->there));
        spawn(take(self, connection, &connection->far, &connection->back));
        spawn(hand_on(self, connection, &connection->near, &connection->back));
    }

    /// Reads what arrives and gives each piece its time.
    static Task<void> take(
        std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection, tcp::socket* from, Pipe* pipe
    ) {
        std::string buffer(piece_bytes_max, '\0');
        for (;;) {
            while (pipe->held >= self->options.held_bytes_max && !connection->closed) co_await wait_for(look_again);
            error_code problem;
            const std::size_t got = co_await from->async_read_some(
                asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, problem)
            );
            if (connection->closed) co_return;
            const LinkWeather& weather = pipe->way->weather;
            TimePoint due = now() + weather.delay;
            if (weather.jitter > Duration::zero()) {
                due += Duration(
                    static_cast<Duration::rep>(self->random.below(static_cast<std::uint64_t>(weather.jitter.count())))
                );
            }
            if (!pipe->pieces.empty()) due = std::max(due, pipe->pieces.back().due);  // the order stays
            const std::size_t slice = weather.slice == 0 ? piece_bytes_max : weather.slice;
            for (std::size_t at = 0; at < got; at += slice)
                pipe->pieces.push_back({due, buffer.substr(at, std::min(slice, got - at))});
            pipe->held += got;
            pipe->way->bytes_held += got;
            if (problem) pipe->pieces.push_back({due, {}, problem != asio::error::eof});
            pipe->changed.cancel();
            if (problem) co_return;
        }
    }

    static Task<void> hand_on(
        std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection, tcp::socket* to, Pipe* pipe
    ) {
        while (!connection->closed) {
            error_code ignored;
            if (pipe->pieces.empty()) {
                pipe->changed.expires_at(asio::steady_timer::time_point::max());
                co_await pipe->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                continue;
            }
            if (const Duration early = pipe->pieces.front().due - now(); early > Duration::zero()) {
                co_await wait_for(early);
                continue;
            }
            if (pipe->way->weather.cut) {
                co_await wait_for(look_again);
                continue;
            }
            const Piece piece = std::move(pipe->pieces.front());
            pipe->pieces.pop_front();
            error_code problem;
            if (piece.bytes.empty()) {
                to->shutdown(tcp::socket::shutdown_send, ignored);
                if (--connection->ways_open == 0 || piece.reset) self->forget(connection);
                co_return;
            }
            co_await asio::async_write(
                *to, asio::buffer(piece.bytes), asio::redirect_error(asio::use_awaitable, problem)
            );
            pipe->held -= piece.bytes.size();
            pipe->way->bytes_held -= piece.bytes.size();
            if (problem) {
                self->forget(connection);
                co_return;
            }
            pipe->way->bytes_passed += piece.bytes.size();
        }
    }

    void forget(const std::shared_ptr<Connection>& connection) {
        if (std::exchange(connection->closed, true)) return;
        for (Pipe* pipe : {&connection->there, &connection->back}) {
            for (const auto& piece : pipe->pieces) pipe->way->bytes_held -= piece.bytes.size();
            pipe->pieces.clear();
        }
        connection->close();
        connections.erase(connection);
    }

    Executor executor;
    Options options;
    tcp::acceptor acceptor;
    Random random;
    std::set<std::shared_ptr<Connection>> connections;
};

Relay::Relay(Executor executor, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}

Relay::~Relay() {
    error_code ignored;
    impl_->acceptor.close(ignored);
    reset();
}

Result<void> Relay::start() {
    if (const auto listening = listen_at(impl_->acceptor, impl_->options.listen); !listening) return listening;
    asio::co_spawn(impl_->executor, Impl::accept_all(impl_), asio::detached);
    return {};
}

std::uint16_t Relay::port() const {
    return impl_->acceptor.local_endpoint().port();
}

void Relay::reset() {
    const auto all = impl_->connections;
    for (const auto& connection : all) impl_->forget(connection);
}

std::size_t Relay::connections() const {
    return impl_->connections.size();
}

}  // namespace cloudshelf::io
